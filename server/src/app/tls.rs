//! TLS of the server's own, by rustls. The certificate is read again when its files change, as renewals do.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How often the files are looked at: renewals come weeks before the old certificate ends.
const PERIOD: Duration = Duration::from_secs(2);

/// Where a certificate and its key are, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The chain's file, the server's own first.
    pub chain: PathBuf,
    /// The key's file.
    pub key: PathBuf,
}

/// The certificate that is shown to clients.
pub(super) struct Tls {
    files: Certificate,
    /// What the files held when they were read last, and what came of it.
    read: Mutex<(Pem, Arc<ServerConfig>)>,
}

/// The files' contents.
#[derive(PartialEq, Eq)]
struct Pem {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads the files; the error says what is wrong with them.
    pub(super) fn new(files: Certificate) -> Result<Self, String> {
        let pem = Pem::read(&files)?;
        let config = pem.config()?;
        Ok(Self { files, read: Mutex::new((pem, Arc::new(config))) })
    }

    /// A handshake with the present certificate.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<Io> {
        let config = Arc::clone(&self.read.lock().unwrap_or_else(PoisonError::into_inner).1);
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        Ok(Io::Tls(Box::new(stream)))
    }

    /// Reads the files again when they change, for as long as it is polled. A pair that is wrong, or half written, leaves
    /// the former one in place.
    pub(super) async fn watch(&self) {
        let mut said = None;
        loop {
            sleep(PERIOD).await;
            let wrong = self.renew().err();
            if let Some(reason) = wrong.as_ref().filter(|_| wrong != said) {
                tracing::warn!(reason, "the certificate was not renewed; the former one is shown");
            }
            said = wrong;
        }
    }

    fn renew(&self) -> Result<(), String> {
        let pem = Pem::read(&self.files)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != pem {
            let config = pem.config()?;
            *read = (pem, Arc::new(config));
            tracing::info!("a new certificate is shown");
        }
        Ok(())
    }
}

impl Pem {
    fn read(files: &Certificate) -> Result<Self, String> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
        Ok(Self { chain: read(&files.chain)?, key: read(&files.key)? })
    }

    fn config(&self) -> Result<ServerConfig, String> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.chain).collect();
        let chain = chain.map_err(|error| format!("the certificate is no PEM: {error}"))?;
        if chain.is_empty() {
            return Err("the certificate's file holds none".to_owned());
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| format!("the key is no PEM: {error}"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?.with_no_client_auth();
        let mut config = config.with_single_cert(chain, key).map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()]; // WebSockets need it
        Ok(config)
    }
}

/// A client's connection, plain or by TLS.
pub(super) enum Io {
    /// Plain.
    Plain(TcpStream),
    /// By TLS. Boxed: a plain socket is a third of it, and there are many.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
