//! The HTTP client of description services.
//!
//! Two contracts, both of the project's predecessor: `GET /api/get-user-description` gives
//! `{"success", "user_description"}`, and the later `GET /visual-context/{session_id}` gives
//! `{"sessionid", "visual_context", "available"}`.

use futures_util::future::BoxFuture;
use reqwest::Url;
use serde::Deserialize;

use super::{Scene, Vlm, VlmError};
use crate::llm::http::{self, Transport};

/// No description is longer; what comes beyond is not read.
const MAX_BODY: usize = 64 * 1024;

/// Which contract a description service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// `GET /api/get-user-description?session_id=`
    Description,
    /// `GET /visual-context/{session_id}`
    VisualContext,
}

/// A description service behind HTTP.
#[derive(Debug)]
pub struct Service {
    base: Url,
    contract: Contract,
    client: reqwest::Client,
}

impl Service {
    /// Prepares a client; nothing is sent yet. The error says what is wrong with the URL.
    pub fn new(base: &str, contract: Contract, transport: &Transport) -> Result<Self, String> {
        let base = Url::parse(base.trim_end_matches('/')).map_err(|error| error.to_string())?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(format!("`{}` is neither http nor https", base.scheme()));
        }
        let client = http::client(&base, transport)?;
        Ok(Self { base, contract, client })
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    async fn fetch(&self, session_id: &str, visitor: u32) -> Result<String, VlmError> {
        let session_id = clients_own(session_id);
        let mut url = match self.contract {
            Contract::Description => self.url(&["api", "get-user-description"]),
            Contract::VisualContext => self.url(&["visual-context", session_id]),
        };
        url.query_pairs_mut().append_pair("session_id", session_id);
        if visitor > 0 {
            // For services that keep what they saw of a session.
            url.query_pairs_mut().append_pair("visitor", &visitor.to_string());
        }
        let mut response = self.get(url).await?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(VlmError::Refused(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|error| VlmError::Unreachable(http::reason(&error)))?
        {
            body.extend_from_slice(&piece);
            if body.len() > MAX_BODY {
                return Err(VlmError::Garbage("more than 64 KiB"));
            }
        }
        parse(self.contract, &body)
    }

    async fn get(&self, url: Url) -> Result<reqwest::Response, VlmError> {
        self.client.get(url).send().await.map_err(|error| VlmError::Unreachable(http::reason(&error)))
    }
}

impl Vlm for Service {
    fn describe(&self, scene: Scene) -> BoxFuture<'_, Result<String, VlmError>> {
        Box::pin(async move { self.fetch(&scene.session_id, scene.visitor).await })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>> {
        Box::pin(async move {
            let response = self.get(self.url(&["health"])).await?;
            // Any service without this route is alive all the same.
            if response.status().is_server_error() {
                return Err(VlmError::Refused(response.status().as_u16()));
            }
            // Read to its end: only then is the connection kept for the next call.
            response.bytes().await.map(drop).map_err(|error| VlmError::Unreachable(http::reason(&error)))
        })
    }
}

/// A session's id as its client knows it, and whoever put a camera before that: the part before a dot says by which
/// protocol.
fn clients_own(session_id: &str) -> &str {
    session_id.split_once('.').map_or(session_id, |(_, id)| id)
}

#[derive(Deserialize)]
struct DescriptionBody {
    success: bool,
    user_description: Option<String>,
}

#[derive(Deserialize)]
struct VisualContextBody {
    available: bool,
    visual_context: Option<String>,
}

fn parse(contract: Contract, body: &[u8]) -> Result<String, VlmError> {
    let garbage = |_| VlmError::Garbage("no description in JSON");
    let text = match contract {
        Contract::Description => {
            let body: DescriptionBody = serde_json::from_slice(body).map_err(garbage)?;
            if !body.success {
                return Err(VlmError::Garbage("`success: false`"));
            }
            body.user_description
        }
        Contract::VisualContext => {
            let body: VisualContextBody = serde_json::from_slice(body).map_err(garbage)?;
            if !body.available {
                return Ok(String::new());
            }
            body.visual_context
        }
    };
    text.ok_or(VlmError::Garbage("no description"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_description_is_one() {
        let check = |api, body: &str, expect: Option<&str>| {
            assert_eq!(parse(api, body.as_bytes()).ok().as_deref(), expect, "{body}");
        };
        let old = Contract::Description;
        check(old, r#"{"success":true,"user_description":"a man","confidence":0.9}"#, Some("a man"));
        check(old, r#"{"success":true,"user_description":""}"#, Some(""));
        check(old, r#"{"success":false,"user_description":"a man"}"#, None);
        check(old, r#"{"success":true}"#, None);
        check(old, r#"{"success":true,"user_description":7}"#, None);
        check(old, "{}", None);
        check(old, "<html>", None);
        let new = Contract::VisualContext;
        check(new, r#"{"sessionid":"a","visual_context":"a man","available":true}"#, Some("a man"));
        check(new, r#"{"sessionid":"a","visual_context":null,"available":false}"#, Some(""));
        check(new, r#"{"visual_context":"a man"}"#, None);
    }

    #[test]
    fn a_session_is_called_as_its_client_calls_it() {
        assert_eq!(clients_own("http.visitor-1"), "visitor-1");
        assert_eq!(clients_own("visitor-1"), "visitor-1");
    }

    #[test]
    fn paths_are_joined_and_escaped() {
        let service =
            Service::new("http://127.0.0.1:5003/vlm/", Contract::VisualContext, &Transport::default())
                .unwrap();
        assert_eq!(service.url(&["visual-context", "a/b"]).path(), "/vlm/visual-context/a%2Fb");
        assert!(Service::new("127.0.0.1:5003", Contract::Description, &Transport::default()).is_err());
    }
}
