//! The checks before a connection becomes a WebSocket.

use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::session::{Wanted, is_plain};

/// A token may come as a subprotocol with this prefix: browsers can't set headers.
const TOKEN_PROTOCOL: &str = "rapport-token.";

/// The same for clients of the `OpenAI` Realtime API.
const OPENAI_TOKEN_PROTOCOL: &str = "openai-insecure-api-key.";

/// The WebSocket routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `/ws`
    Native,
    /// `/v1/realtime`
    Realtime,
    /// `/v1/chat/ws`
    Chat,
}

impl Route {
    /// The subprotocols that may be selected.
    const fn protocols(self) -> &'static [&'static str] {
        match self {
            Self::Native => &["rapport.v1.json", "rapport.v1.text"],
            Self::Realtime => &["realtime"],
            Self::Chat => &[],
        }
    }

    /// What a subprotocol begins with that holds a token.
    const fn token_protocols(self) -> &'static [&'static str] {
        match self {
            Self::Native | Self::Chat => &[TOKEN_PROTOCOL],
            Self::Realtime => &[TOKEN_PROTOCOL, OPENAI_TOKEN_PROTOCOL],
        }
    }

    fn token_in(self, offer: &str) -> Option<&str> {
        self.token_protocols().iter().find_map(|prefix| offer.strip_prefix(prefix))
    }
}

/// How frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON frames.
    Json,
    /// Plain text, a sentence a message.
    Text,
}

/// A handshake, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The answer to the client's key.
    accept: String,
    /// The subprotocol to select.
    protocol: Option<String>,
    /// Whether it may come in. A browser that may not is told by a frame: it can't read an HTTP status.
    pub is_authorized: bool,
}

/// What a client of the native protocol asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// How frames are written.
    pub format: Format,
    /// Close after the first reply.
    pub once: bool,
    /// The session id the client wants.
    pub session_id: Option<String>,
    /// The token of the session it comes back to.
    pub resume: Option<String>,
    /// The last sequence number it knows.
    pub last_seq: Option<u64>,
    /// Which owner of the session had told it so.
    pub owner: Option<u64>,
}

impl Wish {
    /// Reads it of a query, decoded, and the subprotocol that was selected.
    pub fn read(upgrade: &Upgrade, query: &[(String, String)]) -> Result<Self, Refusal> {
        let value = |name: &str| {
            let named = query.iter().find(|(key, _)| key == name);
            named.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        let number = |name: &str| match value(name) {
            Some(number) => number.parse().map(Some).map_err(|_| bad(&format!("{name} is a number"))),
            None => Ok(None),
        };
        let format = match (upgrade.protocol.as_deref(), value("format")) {
            (Some("rapport.v1.text"), _) => Format::Text,
            (Some("rapport.v1.json"), _) | (_, None | Some("json")) => Format::Json,
            (_, Some("text")) => Format::Text,
            (_, Some(_)) => return Err(bad("format is json or text")),
        };
        Ok(Self {
            format,
            once: matches!(value("once"), Some("1" | "true")),
            session_id: value("session_id").map(session_id).transpose()?,
            resume: value("resume").map(str::to_owned),
            last_seq: number("last_seq")?,
            owner: number("owner")?,
        })
    }

    /// The session that is wanted.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted {
            id: self.session_id.as_deref(),
            resume: self.resume.as_deref(),
            last_seq: self.last_seq,
            owner: self.owner,
        }
    }
}

/// A refusal: an HTTP status and a sentence.
pub type Refusal = (StatusCode, String);

/// Who may come in.
#[derive(Debug, Clone, Default)]
pub struct Door {
    /// Tokens, one of which must be shown; empty: anyone.
    tokens: Arc<RwLock<Vec<String>>>,
    /// Origins beside the page's own.
    origins: Vec<String>,
}

/// The tokens of a file: one a line.
pub fn tokens_of(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

impl Door {
    /// A door for those with one of the tokens (without any: for all), and for pages of these origins beside its own.
    pub fn new(tokens: Vec<String>, origins: Vec<String>) -> Self {
        Self { tokens: Arc::new(RwLock::new(tokens)), origins }
    }

    /// Other tokens hold from now on; whether they differ. Sockets that are open stay so.
    pub fn renew(&self, tokens: Vec<String>) -> bool {
        let mut held = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        let differs = *held != tokens;
        *held = tokens;
        differs
    }

    /// Checks a request. `query`: its decoded pairs.
    pub fn check(
        &self,
        route: Route,
        method: &Method,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Result<Upgrade, Refusal> {
        let key = websocket_key(method, headers)?;
        self.check_origin(headers)?;
        let offered: Vec<&str> = header_list(headers, header::SEC_WEBSOCKET_PROTOCOL).collect();
        let in_protocol = offered.iter().find_map(|offer| route.token_in(offer));
        let is_authorized = self.is_authorized(headers, in_protocol, query);
        if !is_authorized && !headers.contains_key(header::ORIGIN) {
            return Err(unauthorized());
        }
        // A browser that offered only its token, right or wrong, hangs up unless it is selected.
        let known = |offer: &&&str| route.protocols().contains(*offer);
        let protocol = offered
            .iter()
            .find(known)
            .or_else(|| offered.iter().find(|offer| route.token_in(offer).is_some()));
        Ok(Upgrade {
            accept: derive_accept_key(key.as_bytes()),
            protocol: protocol.map(|&protocol| protocol.to_owned()),
            is_authorized,
        })
    }

    /// Checks whether a plain request may be answered.
    pub fn admit(&self, headers: &HeaderMap, query: &[(String, String)]) -> Result<(), Refusal> {
        if self.is_authorized(headers, None, query) { Ok(()) } else { Err(unauthorized()) }
    }

    /// Pages of other sites must not speak to a visitor's server: browsers leave that check to the server.
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or("null");
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let is_same = origin.split_once("://").is_some_and(|(scheme, own)| {
            let port = if scheme == "https" { ":443" } else { ":80" };
            let without_port = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
            matches!(scheme, "http" | "https") && !own.is_empty() && without_port(own) == without_port(host)
        });
        if is_same || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)) {
            return Ok(());
        }
        let shown: String = origin.chars().take(100).collect();
        Err((
            StatusCode::FORBIDDEN,
            format!("pages of {shown} may not connect; the operator can --allow-origin it"),
        ))
    }

    fn is_authorized(
        &self,
        headers: &HeaderMap,
        in_protocol: Option<&str>,
        query: &[(String, String)],
    ) -> bool {
        let in_query = query.iter().find(|(key, _)| key == "token").map(|(_, value)| value.as_str());
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let mut shown = [bearer, in_query, in_protocol].into_iter().flatten();
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.is_empty() || shown.any(|token| tokens.iter().any(|known| is_equal(known, token)))
    }
}

impl Upgrade {
    /// The response that makes the connection a WebSocket.
    pub fn response<B: Default>(&self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::SEC_WEBSOCKET_ACCEPT, &self.accept);
        if let Some(protocol) = &self.protocol {
            set(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

fn websocket_key<'a>(method: &Method, headers: &'a HeaderMap) -> Result<&'a str, Refusal> {
    let lists = |name, value: &str| header_list(headers, name).any(|item| item.eq_ignore_ascii_case(value));
    if *method != Method::GET || !lists(header::UPGRADE, "websocket") || !lists(header::CONNECTION, "upgrade")
    {
        return Err((StatusCode::UPGRADE_REQUIRED, "this address speaks WebSocket".into()));
    }
    if !lists(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is spoken".into()));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    // 16 bytes in base64.
    if key.len() != 24 || !key.ends_with("==") {
        return Err(bad("Sec-WebSocket-Key is missing or no key"));
    }
    Ok(key)
}

fn session_id(id: &str) -> Result<String, Refusal> {
    if !is_plain(id) {
        return Err(bad("session_id has 1 to 64 characters of A-Z a-z 0-9 _ -"));
    }
    Ok(id.to_owned())
}

fn bad(message: &str) -> Refusal {
    (StatusCode::BAD_REQUEST, message.into())
}

fn header_list(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',').map(str::trim)).filter(|item| !item.is_empty())
}

fn unauthorized() -> Refusal {
    (StatusCode::UNAUTHORIZED, "a token is needed: Authorization: Bearer T, or ?token=T".into())
}

/// Whether two tokens are equal, in a time that doesn't tell how much of them is.
fn is_equal(known: &str, shown: &str) -> bool {
    let difference = known.bytes().zip(shown.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    known.len() == shown.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(door: &Door, extra: &[(&str, &str)], query: &[(&str, &str)]) -> Result<Upgrade, Refusal> {
        check_at(Route::Native, door, extra, query).map(|(upgrade, _)| upgrade)
    }

    fn wish(extra: &[(&str, &str)], query: &[(&str, &str)]) -> Wish {
        check_at(Route::Native, &Door::default(), extra, query).unwrap().1
    }

    fn check_at(
        route: Route,
        door: &Door,
        extra: &[(&str, &str)],
        query: &[(&str, &str)],
    ) -> Result<(Upgrade, Wish), Refusal> {
        let mut headers = HeaderMap::new();
        let base = [
            ("host", "127.0.0.1:5002"),
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        for (name, value) in base.iter().chain(extra) {
            headers.insert(header::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let query: Vec<_> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let upgrade = door.check(route, &Method::GET, &headers, &query)?;
        let wish = Wish::read(&upgrade, &query)?;
        Ok((upgrade, wish))
    }

    fn status(result: Result<Upgrade, Refusal>) -> u16 {
        result.map_or_else(|(status, _)| status.as_u16(), |_| 101)
    }

    #[test]
    fn a_plain_client_gets_json() {
        let upgrade = check(&Door::default(), &[], &[]).unwrap();
        assert_eq!(wish(&[], &[]).format, Format::Json);
        let response = upgrade.response::<String>();
        // The example of RFC 6455, section 1.3.
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!response.headers().contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn the_format_comes_from_the_subprotocol_or_the_query() {
        let door = Door::default();
        assert_eq!(wish(&[], &[("format", "text")]).format, Format::Text);
        let offer = [("sec-websocket-protocol", "other, rapport.v1.text")];
        let upgrade = check(&door, &offer, &[]).unwrap();
        assert_eq!(upgrade.protocol.as_deref(), Some("rapport.v1.text"));
        assert_eq!(wish(&offer, &[]).format, Format::Text);
        assert_eq!(status(check(&door, &[], &[("format", "xml")])), 400);
    }

    #[test]
    fn foreign_pages_are_refused() {
        let door = Door::new(Vec::new(), vec!["https://shop.example".into()]);
        let with = |origin| status(check(&door, &[("origin", origin)], &[]));
        assert_eq!(with("http://127.0.0.1:5002"), 101);
        assert_eq!(with("https://127.0.0.1:5002"), 101); // behind a proxy that ends TLS
        assert_eq!(with("https://shop.example"), 101);
        for foreign in
            ["null", "http://evil.example", "http://127.0.0.1:5003", "http://127.0.0.1", "file://", ""]
        {
            assert_eq!(with(foreign), 403, "{foreign}");
        }
        let named = [("host", "museum.example"), ("origin", "https://museum.example")];
        assert_eq!(status(check(&door, &named, &[])), 101);
        let port = [("host", "museum.example"), ("origin", "https://museum.example:443")];
        assert_eq!(status(check(&door, &port, &[])), 101);
    }

    #[test]
    fn what_is_no_websocket_is_told_so() {
        let door = Door::default();
        assert_eq!(status(check(&door, &[("upgrade", "h2c")], &[])), 426);
        assert_eq!(status(check(&door, &[("sec-websocket-version", "8")], &[])), 426);
        assert_eq!(status(check(&door, &[("sec-websocket-key", "short")], &[])), 400);
        assert_eq!(status(check(&door, &[], &[("session_id", "a b")])), 400);
        assert_eq!(status(check(&door, &[], &[("session_id", &"a".repeat(65))])), 400);
        assert_eq!(status(check(&door, &[], &[("last_seq", "x")])), 400);
        assert_eq!(wish(&[], &[("session_id", "a-B_9")]).session_id.as_deref(), Some("a-B_9"));
    }

    #[test]
    fn a_token_may_be_shown_in_three_places() {
        let door = Door::new(vec!["s3cret".into()], Vec::new());
        assert_eq!(status(check(&door, &[], &[])), 401);
        assert_eq!(status(check(&door, &[], &[("token", "s3cre")])), 401);
        assert_eq!(status(check(&door, &[], &[("token", "s3cret")])), 101);
        assert_eq!(status(check(&door, &[("authorization", "bearer s3cret")], &[])), 101);
        let offer = [("sec-websocket-protocol", "rapport-token.s3cret")];
        let upgrade = check(&door, &offer, &[]).unwrap();
        assert_eq!(upgrade.protocol.as_deref(), Some("rapport-token.s3cret"));
        let offer = [("sec-websocket-protocol", "realtime, openai-insecure-api-key.s3cret")];
        let (upgrade, _) = check_at(Route::Realtime, &door, &offer, &[]).unwrap();
        assert_eq!(upgrade.protocol.as_deref(), Some("realtime"));
        assert_eq!(status(check(&door, &offer, &[])), 401);
        let browser = check(&door, &[("origin", "http://127.0.0.1:5002")], &[]).unwrap();
        assert!(!browser.is_authorized);
    }
}
