//! A text that is to come: known already, or from a model.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};

use super::{Chat, ChatRequest, ChatStream, Delta, LlmError, collect};
use crate::language;

/// What brings a text. It can be begun again.
#[derive(Clone)]
pub enum Generation {
    /// The built-in engine's: all of it is known.
    Ready(String),
    /// A model's.
    Model {
        /// The model.
        chat: Arc<dyn Chat>,
        /// What it is asked.
        request: ChatRequest,
    },
}

impl Generation {
    /// Whether it costs a call to a model.
    pub const fn asks_model(&self) -> bool {
        matches!(self, Self::Model { .. })
    }

    /// Waits for all of it.
    pub async fn whole(&self) -> Result<String, LlmError> {
        match self {
            Self::Ready(text) => Ok(text.clone()),
            Self::Model { chat, request } => Ok(collect(&**chat, request.clone()).await?.0),
        }
    }

    /// Begins it. Once it resolves, text is on its way; dropping the stream ends a model's call.
    pub fn begin(&self) -> BoxFuture<'static, Result<ChatStream, LlmError>> {
        match self {
            Self::Ready(text) => {
                let pieces: Vec<_> =
                    language::pieces(text).map(|piece| Ok(Delta::Text(piece.to_owned()))).collect();
                Box::pin(async { Ok(stream::iter(pieces).boxed()) })
            }
            Self::Model { chat, request } => {
                let (chat, request) = (Arc::clone(chat), request.clone());
                Box::pin(async move { chat.chat(request).await })
            }
        }
    }
}
