//! Connections to upstreams, kept open so that a message finds one: a handshake costs a round trip, with TLS
//! three.
//!
//! The mechanism is the plainest one: a small request on each, all at once, so that each takes a connection of
//! its own and leaves it in the client's pool. Once at the start, then for as long as anyone is there.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::description::Vlm;
use crate::knowledge::Library;
use crate::llm::Chat;
use crate::session::Sessions;

/// How often connections are used, lest the other side close them. uvicorn, which most model servers in Python
/// stand on, does after 5 s.
const PERIOD: Duration = Duration::from_secs(4);

/// A request's bound; then the upstream is taken for down.
const ANSWER: Duration = Duration::from_secs(2);

/// What one turn uses of the models at once: two conversions, the selector, and an answer that was begun anew.
const TO_MODELS: usize = 4;

/// A session has one fetch of a description in flight.
const TO_VLM: usize = 1;

/// A turn embeds one question.
const TO_EMBEDDINGS: usize = 1;

type Reach = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Keeps connections warm.
pub(super) struct Warmth {
    upstreams: Vec<Upstream>,
    came: Notify,
}

struct Upstream {
    /// For the log.
    name: &'static str,
    connections: usize,
    reach: Reach,
    is_down: AtomicBool,
}

impl Warmth {
    pub(super) fn new(
        chat: Option<Arc<dyn Chat>>,
        vlm: Option<Arc<dyn Vlm>>,
        embedding: Option<Arc<Library>>,
    ) -> Self {
        fn told(reached: Result<(), impl Display>) -> Result<(), String> {
            reached.map_err(|error| error.to_string())
        }
        let of_models = chat.map(|chat| -> Reach {
            Box::new(move || {
                let chat = Arc::clone(&chat);
                Box::pin(async move { told(chat.reach().await) })
            })
        });
        let of_vlm = vlm.map(|vlm| -> Reach {
            Box::new(move || {
                let vlm = Arc::clone(&vlm);
                Box::pin(async move { told(vlm.reach().await) })
            })
        });
        let upstream = |name, connections, reach: Option<Reach>| {
            reach.map(|reach| Upstream { name, connections, reach, is_down: AtomicBool::new(false) })
        };
        let of_embeddings = embedding.map(|library| -> Reach {
            Box::new(move || {
                let library = Arc::clone(&library);
                Box::pin(async move { told(library.reach().await) })
            })
        });
        let upstreams = [
            upstream("models", TO_MODELS, of_models),
            upstream("vlm", TO_VLM, of_vlm),
            upstream("embeddings", TO_EMBEDDINGS, of_embeddings),
        ];
        Self { upstreams: upstreams.into_iter().flatten().collect(), came: Notify::new() }
    }

    /// A visitor has come: the first one of an empty house finds its connections cold.
    pub(super) fn visitor_came(&self) {
        self.came.notify_one();
    }

    /// Keeps connections warm for as long as it is polled.
    pub(super) async fn keep(&self, sessions: &Sessions) {
        if self.upstreams.is_empty() {
            return;
        }
        loop {
            join_all(self.upstreams.iter().map(Upstream::warm)).await;
            sleep(PERIOD).await;
            while sessions.is_empty() {
                self.came.notified().await;
            }
        }
    }
}

impl Upstream {
    async fn warm(&self) {
        let reached = join_all((0..self.connections).map(|_| timeout(ANSWER, (self.reach)()))).await;
        let failed = reached.into_iter().find_map(|reached| match reached {
            Ok(result) => result.err(),
            Err(_) => Some(format!("no answer within {} s", ANSWER.as_secs())),
        });
        let was_down = self.is_down.swap(failed.is_some(), Ordering::Relaxed);
        // Told when it changes: an upstream may be down for days.
        match failed {
            Some(reason) if !was_down => tracing::warn!(upstream = self.name, reason, "can't be reached"),
            None if was_down => tracing::info!(upstream = self.name, "can be reached again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {

    use std::pin::pin;

    use axum::routing::{get, post};
    use hyper::server::conn::http1;
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;
    use tokio::net::TcpListener;
    use tokio::sync::{Barrier, mpsc};

    use super::*;
    use crate::llm::openai::{Endpoint, OpenAi};
    use crate::llm::{ChatRequest, Role, collect};

    /// What an upstream's listener tells.
    #[derive(Debug, PartialEq, Eq)]
    enum Told {
        Accepted,
        Closed,
    }

    /// An upstream that answers `/models` only once as many ask at once as a turn uses. It tells of its
    /// connections, and closes those that idle when it is told to.
    async fn upstream(closing: Arc<Notify>) -> (String, mpsc::UnboundedReceiver<Told>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (tell, told) = mpsc::unbounded_channel();
        let barrier = Arc::new(Barrier::new(TO_MODELS));
        let models = move || async move {
            barrier.wait().await;
            r#"{"data":[{"id":"m"}]}"#
        };
        let reply = || async {
            let chunk = r#"{"choices":[{"delta":{"content":"Yes."},"finish_reason":"stop"}]}"#;
            format!("data: {chunk}\n\ndata: [DONE]\n\n")
        };
        let router =
            axum::Router::new().route("/v1/models", get(models)).route("/v1/chat/completions", post(reply));
        tokio::spawn(async move {
            while let Ok((io, _)) = listener.accept().await {
                tell.send(Told::Accepted).unwrap();
                let service = TowerToHyperService::new(router.clone());
                let (closing, tell) = (Arc::clone(&closing), tell.clone());
                tokio::spawn(async move {
                    let mut serving = pin!(http1::Builder::new().serve_connection(TokioIo::new(io), service));
                    tokio::select! {
                        _ = serving.as_mut() => {}
                        () = closing.notified() => {
                            serving.as_mut().graceful_shutdown();
                            let _ = serving.await;
                        }
                    }
                    let _ = tell.send(Told::Closed);
                });
            }
        });
        (url, told)
    }

    #[tokio::test]
    async fn a_call_finds_a_connection_whatever_the_other_side_closes() {
        let closing = Arc::new(Notify::new());
        let (url, mut told) = upstream(Arc::clone(&closing)).await;
        let client =
            OpenAi::new(&url, Arc::new(Endpoint { model: Some("m".into()), ..Endpoint::default() })).unwrap();
        let chat: Arc<dyn Chat> = Arc::new(client);
        let warmth = Warmth::new(Some(Arc::clone(&chat)), None, None);
        let request = ChatRequest {
            role: Role::Answer,
            system: String::new(),
            history: Vec::new(),
            user: "?".into(),
            max_tokens: 1,
            temperature: 0.0,
        };
        for _ in 0..3 {
            warmth.upstreams[0].warm().await;
            for _ in 0..TO_MODELS {
                assert_eq!(told.recv().await, Some(Told::Accepted));
            }
            for _ in 0..10 {
                assert_eq!(collect(&*chat, request.clone()).await.unwrap().0, "Yes.");
            }
            assert!(told.try_recv().is_err(), "a call opens none");
            closing.notify_waiters();
            for _ in 0..TO_MODELS {
                assert_eq!(told.recv().await, Some(Told::Closed));
            }
        }
    }
}
