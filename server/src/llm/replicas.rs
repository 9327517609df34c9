//! The replicas of one chat endpoint as one backend: see [`Pool`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::StreamExt;

use super::openai::{Endpoint, OpenAi};
use super::{Chat, ChatRequest, ChatStream, Delta, LlmError, Role};
use crate::observe::UpstreamMetrics;
use crate::upstream::{Kind, Lease, Pool};

/// Chat backends that are alike.
pub struct Replicas {
    pool: Pool<dyn Chat>,
    first_token: Duration,
}

impl Replicas {
    /// Clients of all of an endpoint's URLs; nothing is sent yet. An error names the URL, and what is wrong with it or
    /// with the key.
    pub fn of(endpoint: &Endpoint, metrics: UpstreamMetrics) -> Result<Self, (String, String)> {
        let endpoint = Arc::new(endpoint.clone());
        let client = |url: &String| match OpenAi::new(url, Arc::clone(&endpoint)) {
            Ok(client) => Ok((client.shown().to_owned(), Arc::new(client) as Arc<dyn Chat>)),
            Err(reason) => Err((url.clone(), reason)),
        };
        let clients = endpoint.urls.iter().map(client).collect::<Result<_, _>>()?;
        Ok(Self { pool: Pool::new(clients, metrics), first_token: endpoint.transport.first_token })
    }

    fn kind(&self, role: Role) -> Kind {
        let number = match role {
            Role::Answer => 0,
            Role::Select => 1,
            Role::Convert => 2,
            Role::Rewrite => 3,
        };
        Kind { number, is_hedged: role == Role::Select, first_token: self.first_token }
    }
}

impl Chat for Replicas {
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        let kind = self.kind(request.role);
        Box::pin(async move {
            let begin = |client: Arc<dyn Chat>| -> BoxFuture<'static, _> {
                let request = request.clone();
                Box::pin(async move {
                    let mut stream = client.chat(request).await?;
                    match stream.next().await {
                        Some(first) => Ok((first?, stream)),
                        None => Err(LlmError::Empty),
                    }
                })
            };
            let ((first, rest), lease) = self.pool.call(kind, begin).await?;
            Ok(Box::pin(Leased { first: Some(first), rest, lease: Some(lease) }) as ChatStream)
        })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        Box::pin(async move {
            let reached = join_all(self.pool.clients().map(|client| client.reach())).await;
            let (well, failed): (Vec<_>, Vec<_>) = reached.into_iter().partition(Result::is_ok);
            if well.is_empty() { failed.into_iter().next().unwrap_or(Ok(())) } else { Ok(()) }
        })
    }
}

/// A reply whose replica is busy with it until it ends.
struct Leased {
    first: Option<Delta>,
    rest: ChatStream,
    lease: Option<Lease<dyn Chat>>,
}

impl Stream for Leased {
    type Item = Result<Delta, LlmError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let next = ready!(self.rest.poll_next_unpin(cx));
        if !matches!(next, Some(Ok(_)))
            && let Some(mut lease) = self.lease.take()
        {
            match &next {
                Some(Err(error)) => lease.failed(error),
                _ => lease.ended(),
            }
        }
        Poll::Ready(next)
    }
}
