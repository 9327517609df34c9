//! How a script becomes bytes: one JSON, or server-sent events.

use std::io;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::request::Request;
use super::script::{Ending, Script};
use crate::desk;
use crate::ledger::Call;
use crate::pace::Pace;

/// At most this many tokens go into one write: a reply whose tokens are all due starts to flow at once and is
/// interrupted when its client leaves.
const BATCH: usize = 256;

/// A chat in progress.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) call: Call,
    /// The place in the simulator's capacity, kept to the end.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    pub(crate) pace: Pace,
    pub(crate) script: Script,
    pub(crate) number: u64,
}

/// Plays a script.
pub(crate) async fn perform(scene: Scene, request: &Request) -> Response {
    let envelope = Envelope::new(&scene, request);
    match scene.script.ending {
        Ending::Error => {
            let response = desk::openai_error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "simulated",
                None,
                "the camera is not available",
            );
            finish_late(scene, response).await
        }
        Ending::Instead(media_type, body) => {
            finish_late(scene, ([(CONTENT_TYPE, media_type)], body).into_response()).await
        }
        _ if request.stream => {
            let reel = Reel { scene, envelope, next: 0, over: false };
            let frames =
                stream::unfold(reel, |mut reel| async { reel.frame().await.map(|frame| (frame, reel)) });
            let headers = [(CONTENT_TYPE, "text/event-stream; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
            (headers, Body::from_stream(frames)).into_response()
        }
        _ => whole(scene, &envelope).await,
    }
}

/// Sends a reply when the first token would leave.
async fn finish_late(mut scene: Scene, response: Response) -> Response {
    scene.pace.wait(0).await;
    scene.call.finish(response.status().as_u16());
    response
}

/// One JSON when the last token is said.
async fn whole(mut scene: Scene, envelope: &Envelope) -> Response {
    let total = scene.script.tokens.len();
    let body = envelope.whole(&scene.script.tokens.concat());
    let (until, body) = match scene.script.ending {
        Ending::Stall(_) => return std::future::pending().await,
        Ending::Cut(after) => (after.min(total), half(&body)),
        Ending::Garbage => (total, Body::from("<<< this is not JSON >>>")),
        _ => (total, Body::from(body)),
    };
    scene.pace.wait(until).await;
    scene.call.finish(200);
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// The first half of a body, then a broken connection.
fn half(body: &str) -> Body {
    let start = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
    Body::from_stream(stream::once(async { Ok(start) }).chain(stream::once(async { Err(cut().await) })))
}

/// The error that breaks a body; only the server's own log tells it, the client sees its connection end in the middle.
/// The server flushes what it has when the body makes it wait, and throws it away when the body breaks: so it waits.
async fn cut() -> io::Error {
    tokio::task::yield_now().await;
    io::Error::other("cut, as the model's name asks for")
}

/// A streamed reply.
struct Reel {
    scene: Scene,
    envelope: Envelope,
    /// How many tokens are sent.
    next: usize,
    over: bool,
}

impl Reel {
    /// The next write: all tokens that are due, or the end.
    async fn frame(&mut self) -> Option<io::Result<Bytes>> {
        if self.over {
            return None;
        }
        let total = self.scene.script.tokens.len();
        let limit = match self.scene.script.ending {
            Ending::Cut(after) | Ending::Stall(after) => after.min(total),
            _ => total,
        };
        if self.next < limit {
            return Some(Ok(self.speak(limit).await));
        }
        self.scene.pace.wait(limit).await;
        match self.scene.script.ending {
            // Ends with the client: the server then drops this stream.
            Ending::Stall(_) => std::future::pending().await,
            Ending::Cut(_) => {
                self.end();
                Some(Err(cut().await))
            }
            _ => {
                self.end();
                Some(Ok(self.envelope.ending(total).into()))
            }
        }
    }

    async fn speak(&mut self, limit: usize) -> Bytes {
        let Scene { call, pace, script, .. } = &mut self.scene;
        pace.wait(self.next + 1).await;
        let now = Instant::now();
        let first = self.next;
        let mut frame = String::new();
        while self.next < limit && self.next - first < BATCH && pace.due(self.next + 1) <= now {
            let token = &script.tokens[self.next];
            let event = match script.ending {
                Ending::Garbage => "data: <<< this is not JSON >>>\n\n".to_owned(),
                _ => self.envelope.token(token, self.next == 0),
            };
            frame.push_str(&event);
            self.next += 1;
        }
        call.pay(self.next - first);
        frame.into()
    }

    /// The last frame is handed over: a client may leave as soon as it has read it.
    fn end(&mut self) {
        self.over = true;
        self.scene.call.finish(200);
        self.scene.permit = None;
    }
}

/// What stands around the text.
struct Envelope {
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
    prompt_tokens: usize,
    completion_tokens: usize,
}

impl Envelope {
    fn new(scene: &Scene, request: &Request) -> Self {
        let created = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        Self {
            id: format!("chatcmpl-sim-{}", scene.number),
            created,
            model: request.model.clone(),
            include_usage: request.include_usage,
            prompt_tokens: scene.script.prompt_tokens,
            completion_tokens: scene.script.tokens.len(),
        }
    }

    fn usage(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        })
    }

    fn whole(&self, text: &str) -> String {
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": text },
                "finish_reason": "stop",
            }],
            "usage": self.usage(),
        })
        .to_string()
    }

    fn token(&self, token: &str, is_first: bool) -> String {
        let delta = if is_first {
            json!({ "role": "assistant", "content": token })
        } else {
            json!({ "content": token })
        };
        self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": null }]), &Value::Null)
    }

    /// The finish chunk, the usage chunk if asked for, and the end mark.
    fn ending(&self, sent: usize) -> String {
        let delta = if sent == 0 { json!({ "role": "assistant", "content": "" }) } else { json!({}) };
        let mut events =
            self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": "stop" }]), &Value::Null);
        if self.include_usage {
            events += &self.chunk(&json!([]), &self.usage());
        }
        events + "data: [DONE]\n\n"
    }

    /// One event. As at `OpenAI`, `usage` is in every chunk if it was asked for, and null in all but its own.
    fn chunk(&self, choices: &Value, usage: &Value) -> String {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = usage.clone();
        }
        format!("data: {chunk}\n\n")
    }
}
