//! The HTTP client that all upstreams share settings of.

use std::time::{Duration, SystemTime};

/// More idle connections than this are not kept after a rush; so many stay warm for the next one.
const MAX_IDLE: usize = 64;

/// How an upstream is spoken to, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Transport {
    /// A connection that takes longer is taken for dead: upstreams stand in the same house or region.
    pub connect: Duration,
    /// From a call to the first token of its reply: large prompts on small machines take their time.
    pub first_token: Duration,
    /// Between two pieces of a reply.
    pub idle: Duration,
    /// From a call to its reply's end.
    pub total: Duration,
    /// The authority that its certificate must come from, in PEM, beside those that are known.
    pub authority: Option<Vec<u8>>,
    /// The certificate that is shown to it, with its key, in PEM.
    pub identity: Option<Vec<u8>>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(120),
            authority: None,
            identity: None,
        }
    }
}

/// A client for one upstream; the error says what is wrong with a certificate. Proxy variables are ignored for loopback
/// addresses, redirects are not followed (a key must not travel elsewhere), and there is no total timeout: callers
/// bound their calls.
pub fn client(url: &reqwest::Url, transport: &Transport) -> Result<reqwest::Client, String> {
    // An error only says that some provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder();
    if let Some(pem) = &transport.authority {
        let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| reason(&error))?;
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(pem) = &transport.identity {
        builder = builder.identity(reqwest::Identity::from_pem(pem).map_err(|error| reason(&error))?);
    }
    let builder = builder
        .connect_timeout(transport.connect)
        .tcp_nodelay(true) // a request is small and waited for
        .pool_max_idle_per_host(MAX_IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("rapport/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(url) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| reason(&error))
}

/// How long a response asks to be left alone (`Retry-After`, in seconds or as a date).
pub fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let value = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

/// An address without what may be secret in it: scheme, host and port.
pub fn shown(url: &str) -> String {
    let Ok(url) = reqwest::Url::parse(url) else { return "a URL that can't be read".to_owned() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (host, _) => format!("{}://{}", url.scheme(), host.unwrap_or_default()),
    }
}

fn is_loopback(url: &reqwest::Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

/// A library error and its causes in one line: the outermost alone says only "error sending request".
pub fn reason(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes.dedup();
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}
