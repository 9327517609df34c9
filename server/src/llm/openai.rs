//! A client of OpenAI-compatible endpoints (`/chat/completions`, `/models`): llama.cpp, vLLM, Ollama and others.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Url;
use serde::Serialize;
use tokio::time::Instant;

use super::connection::Connection;
use super::http::Transport;
use super::reading::Reading;
use super::{Chat, ChatRequest, ChatStream, LlmError, Role};
use crate::event::Speaker;

/// Where the models are and what they are called.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Endpoint {
    /// The base URLs of its replicas, each ending in `/v1`.
    pub urls: Vec<String>,
    /// The model of every role that has none of its own; by default the first that `/models` lists.
    pub model: Option<String>,
    /// The converter's.
    pub convert_model: Option<String>,
    /// The selector's.
    pub select_model: Option<String>,
    /// The rewriter's.
    pub rewrite_model: Option<String>,
    /// The bearer key.
    pub key: Option<String>,
    /// How it is spoken to.
    pub transport: Transport,
}

impl Endpoint {
    /// The name of the model that plays a role; none: the first that `/models` lists.
    pub fn model_of(&self, role: Role) -> Option<&str> {
        let own = match role {
            Role::Answer => None,
            Role::Select => self.select_model.as_deref(),
            Role::Convert => self.convert_model.as_deref(),
            Role::Rewrite => self.rewrite_model.as_deref(),
        };
        own.or(self.model.as_deref())
    }
}

/// A client of one replica.
#[derive(Debug)]
pub struct OpenAi {
    endpoint: Arc<Endpoint>,
    connection: Connection,
    completions: Url,
}

impl OpenAi {
    /// Prepares a client; nothing is sent yet. The error says what is wrong with the URL or the key.
    pub fn new(url: &str, endpoint: Arc<Endpoint>) -> Result<Self, String> {
        let connection = Connection::new(url, endpoint.key.as_deref(), &endpoint.transport)?;
        let completions = connection.url("/chat/completions")?;
        Ok(Self { endpoint, connection, completions })
    }

    /// Its address without what may be secret in it.
    pub fn shown(&self) -> &str {
        self.connection.shown()
    }

    async fn model(&self, role: Role) -> Result<&str, LlmError> {
        match self.endpoint.model_of(role) {
            Some(name) => Ok(name),
            None => self.connection.listed_model().await,
        }
    }

    async fn call(&self, request: ChatRequest) -> Result<ChatStream, LlmError> {
        let body = Body::of(&request, self.model(request.role).await?);
        let body = serde_json::to_vec(&body).map_err(|error| LlmError::Garbage(error.to_string()))?;
        let begun = Instant::now();
        let response = self.connection.post(&self.completions, body).await?;
        Ok(Box::pin(Reading::new(response, &self.endpoint.transport, begun)))
    }
}

impl Chat for OpenAi {
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        Box::pin(self.call(request))
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        Box::pin(self.connection.reach())
    }
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
