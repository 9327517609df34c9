//! A client of OpenAI-compatible endpoints (`/chat/completions`, `/models`): llama.cpp, vLLM, Ollama and others.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::reading::Reading;
use super::sse::shorten;
use super::{Chat, ChatRequest, ChatStream, LlmError, Role, http};
use crate::event::Speaker;

/// A reachability check's bound.
const REACH_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the models are and what they are called.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Endpoint {
    /// The base URL, ending in `/v1`.
    pub url: String,
    /// The model of every role that has none of its own; by default the first that `/models` lists.
    pub model: Option<String>,
    /// The converter's.
    pub convert_model: Option<String>,
    /// The selector's.
    pub select_model: Option<String>,
    /// The bearer key.
    pub key: Option<String>,
}

impl Endpoint {
    /// The name of the model that plays a role; none: the first that `/models` lists.
    pub fn model_of(&self, role: Role) -> Option<&str> {
        let own = match role {
            Role::Answer => None,
            Role::Select => self.select_model.as_deref(),
            Role::Convert => self.convert_model.as_deref(),
        };
        own.or(self.model.as_deref())
    }
}

/// A client of one endpoint.
#[derive(Debug)]
pub struct OpenAi {
    endpoint: Endpoint,
    /// The endpoint without what may be secret in it, for messages.
    shown: String,
    completions: Url,
    models: Url,
    headers: HeaderMap,
    client: reqwest::Client,
    listed_model: OnceCell<String>,
}

impl OpenAi {
    /// Prepares a client; nothing is sent yet. The error says what is wrong with the URL or the key.
    pub fn new(endpoint: Endpoint) -> Result<Self, String> {
        let base = endpoint.url.trim_end_matches('/');
        let parse = |path: &str| {
            let url = Url::parse(&format!("{base}{path}")).map_err(|error| error.to_string())?;
            match url.scheme() {
                "http" | "https" => Ok(url),
                other => Err(format!("`{other}` is neither http nor https")),
            }
        };
        let (completions, models) = (parse("/chat/completions")?, parse("/models")?);
        let shown = match (completions.host_str(), completions.port()) {
            (Some(host), Some(port)) => format!("{}://{host}:{port}", completions.scheme()),
            (host, _) => format!("{}://{}", completions.scheme(), host.unwrap_or_default()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &endpoint.key {
            let mut value = HeaderValue::try_from(format!("Bearer {key}"))
                .map_err(|_| "the API key holds characters that no HTTP header may have".to_owned())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = http::client(&completions).map_err(|error| http::reason(&error))?;
        Ok(Self { endpoint, shown, completions, models, headers, client, listed_model: OnceCell::new() })
    }

    async fn model(&self, role: Role) -> Result<&str, LlmError> {
        match self.endpoint.model_of(role) {
            Some(name) => Ok(name),
            None => self.listed_model.get_or_try_init(|| self.first_listed_model()).await.map(String::as_str),
        }
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
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let models: Models =
            serde_json::from_slice(&body).map_err(|error| LlmError::Garbage(error.to_string()))?;
        let first = models.data.into_iter().next();
        first.map(|model| model.id).ok_or_else(|| LlmError::Garbage("/models lists none".into()))
    }

    async fn get_models(&self) -> Result<reqwest::Response, LlmError> {
        let request =
            self.client.get(self.models.clone()).headers(self.headers.clone()).timeout(REACH_TIMEOUT);
        checked(request.send().await.map_err(|error| self.unreachable(&error))?).await
    }

    fn unreachable(&self, error: &reqwest::Error) -> LlmError {
        LlmError::Unreachable { url: self.shown.clone(), reason: http::reason(error) }
    }

    async fn call(&self, request: ChatRequest) -> Result<ChatStream, LlmError> {
        let body = Body::of(&request, self.model(request.role).await?);
        let body = serde_json::to_vec(&body).map_err(|error| LlmError::Garbage(error.to_string()))?;
        let call = self.client.post(self.completions.clone()).headers(self.headers.clone()).body(body);
        let response = checked(call.send().await.map_err(|error| self.unreachable(&error))?).await?;
        Ok(Box::pin(Reading::new(response)))
    }
}

impl Chat for OpenAi {
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        Box::pin(self.call(request))
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        Box::pin(async {
            // Read to its end: only then is the connection kept for the next call.
            let body = self.get_models().await?.bytes().await;
            body.map(drop).map_err(|error| self.unreachable(&error))
        })
    }
}

/// Passes a response with status 200 and turns any other into an error with the backend's message.
async fn checked(mut response: reqwest::Response) -> Result<reqwest::Response, LlmError> {
    const MAX_MESSAGE: usize = 4096;
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
    Err(LlmError::Refused { status: status.as_u16(), message })
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<BodyMessage<'a>>,
    max_tokens: u32,
    temperature: f32,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct BodyMessage<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Body<'a> {
    fn of(request: &'a ChatRequest, model: &'a str) -> Self {
        let mut messages = vec![BodyMessage { role: "system", content: &request.system }];
        messages.extend(request.history.iter().map(|message| BodyMessage {
            role: match message.speaker {
                Speaker::Visitor => "user",
                Speaker::House => "assistant",
            },
            content: &message.text,
        }));
        messages.push(BodyMessage { role: "user", content: &request.user });
        Self {
            model,
            messages,
            max_tokens: request.max_tokens,
            temperature: request.temperature,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
        }
    }
}
