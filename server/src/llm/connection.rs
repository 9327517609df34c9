//! What clients of one OpenAI-compatible base share: its URL, its key, its list of models, and what its refusals say.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::http::Transport;
use super::sse::shorten;
use super::{LlmError, http};

/// A reachability check's bound.
const REACH_TIMEOUT: Duration = Duration::from_secs(2);

/// A longer list of models is garbage, in bytes: the longest that public providers have is some 500 KiB.
const MAX_MODELS: usize = 4 << 20;

/// A base URL that ends in `/v1`.
#[derive(Debug)]
pub(super) struct Connection {
    /// Without what may be secret in it, for messages.
    shown: String,
    base: String,
    models: Url,
    headers: HeaderMap,
    client: reqwest::Client,
    listed_model: OnceCell<String>,
}

impl Connection {
    /// Prepares a client; nothing is sent yet. The error says what is wrong with the URL or the key.
    pub(super) fn new(url: &str, key: Option<&str>, transport: &Transport) -> Result<Self, String> {
        let base = url.trim_end_matches('/').to_owned();
        let models = parse(&base, "/models")?;
        let shown = http::shown(models.as_str());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            let mut value = HeaderValue::try_from(format!("Bearer {key}"))
                .map_err(|_| "the API key holds characters that no HTTP header may have".to_owned())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = http::client(&models, transport)?;
        Ok(Self { shown, base, models, headers, client, listed_model: OnceCell::new() })
    }

    /// The address without what may be secret in it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The URL of a path below the base.
    pub(super) fn url(&self, path: &str) -> Result<Url, String> {
        parse(&self.base, path)
    }

    /// Sends a JSON body; the response has status 200.
    pub(super) async fn post(&self, url: &Url, body: Vec<u8>) -> Result<Response, LlmError> {
        self.send(self.client.post(url.clone()).body(body)).await
    }

    /// The first model that `/models` lists; asked for once.
    pub(super) async fn listed_model(&self) -> Result<&str, LlmError> {
        self.listed_model.get_or_try_init(|| self.first_listed_model()).await.map(String::as_str)
    }

    /// Whether the backend answers at all.
    pub(super) async fn reach(&self) -> Result<(), LlmError> {
        // Read to its end: only then is the connection kept for the next call.
        let response = self.get_models().await?;
        self.read(response, MAX_MODELS).await.map(drop)
    }

    async fn first_listed_model(&self) -> Result<String, LlmError> {
        #[derive(Deserialize)]
        struct Models {
            data: Vec<Model>,
        }
        #[derive(Deserialize)]
        struct Model {
            id: String,
        }
        let response = self.get_models().await?;
        let body = self.read(response, MAX_MODELS).await?;
        let models: Models =
            serde_json::from_slice(&body).map_err(|error| LlmError::Garbage(error.to_string()))?;
        let first = models.data.into_iter().next();
        first.map(|model| model.id).ok_or_else(|| LlmError::Garbage("/models lists none".into()))
    }

    /// A response's whole body; garbage if it is longer than that.
    pub(super) async fn read(&self, mut response: Response, most: usize) -> Result<Vec<u8>, LlmError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > most {
                return Err(LlmError::Garbage("the reply does not end".into()));
            }
        }
        Ok(body)
    }

    async fn get_models(&self) -> Result<Response, LlmError> {
        self.send(self.client.get(self.models.clone()).timeout(REACH_TIMEOUT)).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, LlmError> {
        let response = request.headers(self.headers.clone()).send().await;
        checked(response.map_err(|error| self.unreachable(&error))?).await
    }

    pub(super) fn unreachable(&self, error: &reqwest::Error) -> LlmError {
        LlmError::Unreachable { url: self.shown.clone(), reason: http::reason(error) }
    }
}

fn parse(base: &str, path: &str) -> Result<Url, String> {
    let url = Url::parse(&format!("{base}{path}")).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("`{other}` is neither http nor https")),
    }
}

/// Passes a response with status 200 and turns any other into an error with the backend's message.
async fn checked(mut response: Response) -> Result<Response, LlmError> {
    const MAX_MESSAGE: usize = 4096;
    let retry_after = http::retry_after(&response);
    let status = response.status();
    if status == reqwest::StatusCode::OK {
        return Ok(response);
    }
    let mut body = Vec::new();
    while let Ok(Ok(Some(piece))) = tokio::time::timeout(REACH_TIMEOUT, response.chunk()).await {
        body.extend_from_slice(&piece);
        if body.len() > MAX_MESSAGE {
            break;
        }
    }
    let message = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|json| json.pointer("/error/message")?.as_str().map(shorten))
        .unwrap_or_else(|| shorten(&String::from_utf8_lossy(&body)));
    Err(LlmError::Refused { status: status.as_u16(), message, retry_after })
}
