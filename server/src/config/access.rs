//! Who may come, and where they are listened for.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use super::ConfigError;
use super::layers::Layers;
use crate::app::{Certificate, GuestLimits};
use crate::socket::handshake::tokens_of;

/// Who may come, and where to listen for them.
pub(super) fn access(layers: &Layers) -> Result<(Vec<String>, SocketAddr), ConfigError> {
    let text = layers.text("listen").unwrap_or_default();
    let listen: SocketAddr = text.replace("localhost", "127.0.0.1").parse().map_err(|_| {
        layers.wrong(
            "listen",
            "is no address",
            "write an IP address and a port, e.g. 127.0.0.1:5002 or [::1]:5002",
        )
    })?;
    let tokens = match layers.text("token_file") {
        None => Vec::new(),
        Some(path) => {
            let hint = "write one token a line into that file, or leave the key out";
            let text = std::fs::read_to_string(&path)
                .map_err(|error| layers.wrong("token_file", &format!("can't be read: {error}"), hint))?;
            let tokens = tokens_of(&text);
            if tokens.is_empty() {
                return Err(layers.wrong("token_file", "holds no token", hint));
            }
            tokens
        }
    };
    if !listen.ip().is_loopback() && tokens.is_empty() && !layers.bool("allow_anonymous")? {
        return Err(layers.wrong(
            "listen",
            "can be reached from other machines, and no token is set",
            "add --token-file FILE, or --allow-anonymous if anyone may ask, or listen on 127.0.0.1",
        ));
    }
    Ok((tokens, listen))
}

/// The server's own certificate.
pub(super) fn certificate(layers: &Layers) -> Result<Option<Certificate>, ConfigError> {
    let path = |name| layers.text(name).map(PathBuf::from);
    let certificate = match (path("tls_cert"), path("tls_key")) {
        (None, None) => return Ok(None),
        (Some(chain), Some(key)) => Certificate { chain, key },
        (Some(_), None) => return Err(layers.wrong("tls_cert", "has no key", "add --tls-key FILE")),
        (None, Some(_)) => return Err(layers.wrong("tls_key", "has no certificate", "add --tls-cert FILE")),
    };
    if layers.text("store").is_some_and(|store| store != "memory") {
        return Err(layers.wrong(
            "tls_cert",
            "is for a node alone: nodes that share a store hand visitors on to each other in plain HTTP",
            "leave TLS to the proxy before the nodes (deploy/haproxy.cfg, deploy/nginx.conf)",
        ));
    }
    Ok(Some(certificate))
}

/// What is limited by address.
pub(super) fn guests(layers: &Layers) -> Result<GuestLimits, ConfigError> {
    let proxy = |text: String| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
    let proxies: Option<Vec<IpNet>> = layers.all("trusted_proxy").into_iter().map(proxy).collect();
    let proxies = proxies.ok_or_else(|| {
        layers.wrong("trusted_proxy", "is no address or network", "write 127.0.0.1 or 10.0.0.0/8")
    })?;
    Ok(GuestLimits {
        sockets: layers.number("max_sockets", 0, 10_000_000)?,
        sockets_per_address: layers.number("max_sockets_per_address", 0, 10_000_000)?,
        visits_per_minute: layers.number("visits_per_minute_per_address", 0, u32::MAX)?,
        messages_per_minute: layers.number("messages_per_minute_per_address", 0, u32::MAX)?,
        proxies,
    })
}

pub(super) fn origins(layers: &Layers) -> Result<Vec<String>, ConfigError> {
    let origins = layers.all("allow_origin");
    let is_origin = |origin: &String| {
        origin.split_once("://").is_some_and(|(scheme, host)| {
            matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains('/')
        })
    };
    if origins.iter().all(is_origin) {
        return Ok(origins);
    }
    Err(layers.wrong(
        "allow_origin",
        "is no origin",
        "write scheme and host without a path, e.g. https://example.org",
    ))
}
