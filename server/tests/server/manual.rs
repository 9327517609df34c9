//! A model whose replies the test itself says, piece by piece: what happens in a running turn then depends on no clock.

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::unfold;
use rapport::config::{Config, Knowledge};
use rapport::llm::{Chat, ChatRequest, ChatStream, Delta, LlmError};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::house::{Client, DEADLINE};

/// The model: hands each call to the test.
pub(crate) struct ManualModel(UnboundedSender<Reply>);

/// A call's reply, said by the test. It ends when it is dropped.
pub(crate) struct Reply {
    /// What was asked.
    pub(crate) request: ChatRequest,
    say: UnboundedSender<String>,
}

/// The calls, as they come.
pub(crate) struct Calls(UnboundedReceiver<Reply>);

impl ManualModel {
    pub(crate) fn new() -> (Self, Calls) {
        let (tell, calls) = unbounded_channel();
        (Self(tell), Calls(calls))
    }
}

impl Calls {
    /// Waits for the next call.
    pub(crate) async fn next(&mut self) -> Reply {
        timeout(DEADLINE, self.0.recv()).await.expect("a call in time").unwrap()
    }
}

impl Reply {
    /// Says a piece.
    pub(crate) fn say(&self, piece: impl Into<String>) {
        self.say.send(piece.into()).expect("the turn still listens");
    }

    /// Waits until the turn listens no more.
    pub(crate) async fn dropped(&self) {
        timeout(DEADLINE, self.say.closed()).await.expect("the turn drops its call");
    }
}

impl Chat for ManualModel {
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        let (say, said) = unbounded_channel();
        let _ = self.0.send(Reply { request, say }); // a test that looks at no further call drops its reply
        let pieces = unfold(said, |mut said: UnboundedReceiver<String>| async {
            Some((Ok(Delta::Text(said.recv().await?)), said))
        });
        Box::pin(async { Ok(pieces.boxed() as ChatStream) })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        Box::pin(async { Ok(()) })
    }
}

/// A server of such a model: nothing is looked up, nobody is described.
pub(crate) fn config() -> Config {
    Config { knowledge: Knowledge::None, vlm: None, ..Config::demo() }
}

/// What all tokens among frames say.
pub(crate) fn told(frames: &[Value]) -> String {
    let tokens = frames.iter().filter(|frame| frame["type"] == "token");
    tokens.map(|token| token["text"].as_str().unwrap()).collect()
}

/// Asks for a plain answer.
pub(crate) async fn ask(client: &mut Client, id: &str) {
    let message =
        json!({"type": "message", "text_user_msg": "What is there?", "id": id, "convert_tone": false});
    client.say(message.to_string()).await;
}
