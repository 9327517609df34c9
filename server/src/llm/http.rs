//! The HTTP client that all upstreams share settings of.

use std::time::Duration;

use tokio::time::sleep;

/// A connection that takes longer than this is taken for dead: upstreams stand in the same house or region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// More idle connections than this are not kept after a rush; so many stay warm for the next one.
const MAX_IDLE: usize = 64;

/// The longest waits before a call is made again: the time of a lost packet, then of a quick restart.
const RETRIES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// A client for one upstream. Proxy variables are ignored for loopback addresses, redirects are not
/// followed (a key must not travel elsewhere), and there is no total timeout: callers bound their calls.
pub fn client(url: &reqwest::Url) -> reqwest::Result<reqwest::Client> {
    // An error only says that some provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true) // a request is small and waited for
        .pool_max_idle_per_host(MAX_IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("rapport/", env!("CARGO_PKG_VERSION")));
    if is_loopback(url) { builder.no_proxy() } else { builder }.build()
}

/// Makes a call again that met no connection, twice at most: a service that restarts is back soon. The waits are
/// drawn, so that not all sessions come back at once. Callers bound the whole.
pub async fn retried<T, E, F: Future<Output = Result<T, E>>>(
    call: impl Fn() -> F,
    met_nobody: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for most in RETRIES {
        match call().await {
            Err(error) if met_nobody(&error) => sleep(most.mul_f64(fastrand::f64().midpoint(1.0))).await,
            ended => return ended,
        }
    }
    call().await
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
