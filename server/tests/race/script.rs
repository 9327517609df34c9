//! A scripted VLM and scripted models, for turns on a paused clock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use rapport::answer::{Answerer, Budget};
use rapport::description::{Descriptions, Scene, Vlm, VlmError};
use rapport::event::{Event, Message, Strategy};
use rapport::llm::{Chat, ChatRequest, ChatStream, Delta, LlmError, Role};
use rapport::prompts::Prompts;
use rapport::tone::{Converter, SelectMode, Selector};
use rapport::turn::{self, Ended, Engine, FactGuard, Knobs, Request, Stop};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Gives its looks one after the other; the last one again and again.
pub(crate) struct ScriptedVlm {
    looks: Mutex<VecDeque<Look>>,
    pub(crate) calls: Mutex<u32>,
}

/// What a look takes and brings; without a duration it never ends.
pub(crate) type Look = (Option<Duration>, Result<String, VlmError>);

pub(crate) fn sees(ms: u64, text: &str) -> Look {
    (Some(Duration::from_millis(ms)), Ok(text.to_owned()))
}

pub(crate) fn fails(ms: u64) -> Look {
    (Some(Duration::from_millis(ms)), Err(VlmError::Refused(500)))
}

pub(crate) fn hangs() -> Look {
    (None, Err(VlmError::Refused(500)))
}

impl Vlm for ScriptedVlm {
    fn describe(&self, _scene: Scene) -> BoxFuture<'_, Result<String, VlmError>> {
        *self.calls.lock().unwrap() += 1;
        let mut looks = self.looks.lock().unwrap();
        let look = looks.front().cloned().unwrap();
        if looks.len() > 1 {
            looks.pop_front();
        }
        Box::pin(async move {
            match look {
                (Some(after), result) => {
                    sleep(after).await;
                    result
                }
                (None, _) => std::future::pending().await,
            }
        })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>> {
        Box::pin(async { Ok(()) })
    }
}

/// What a model does when it is called: waits, then sends pieces with an equal pause before each, then
/// perhaps fails.
#[derive(Clone)]
pub(crate) struct Speech {
    pub(crate) first: Duration,
    pub(crate) pieces: Vec<String>,
    pub(crate) pause: Duration,
    pub(crate) end: Option<LlmError>,
    /// Says what it is given as `<text>`, word by word, or an opener where there is none.
    pub(crate) echoes: bool,
}

/// What an echoing converter says of the visitor.
pub(crate) const OPENER: &str = "What a fine raincoat!";

impl Speech {
    /// A whole text that is complete after `ms`.
    pub(crate) fn whole(ms: u64, text: &str) -> Self {
        let pieces = vec![text.to_owned()];
        Self { first: Duration::from_millis(ms), pieces, pause: Duration::ZERO, end: None, echoes: false }
    }

    /// A text that comes word by word: the first `first` ms after the call, each `pause` ms after the one before.
    pub(crate) fn words(first: u64, pause: u64, text: &str) -> Self {
        let [first, pause] = [first, pause].map(Duration::from_millis);
        let pieces = text.split_inclusive(' ').map(str::to_owned).collect();
        Self { first, pieces, pause, end: None, echoes: false }
    }

    /// A converter's echo, word by word.
    pub(crate) fn echo(first: u64, pause: u64) -> Self {
        Self { echoes: true, ..Self::words(first, pause, "") }
    }

    fn spoken_to(self, user: &str) -> Self {
        if !self.echoes {
            return self;
        }
        let text = user.split_once("<text>").map_or(OPENER, |(_, text)| text.trim_end_matches("</text>"));
        let pieces = text.split_inclusive(' ').map(str::to_owned).collect();
        Self { pieces, ..self }
    }

    pub(crate) fn failing(self, end: LlmError) -> Self {
        Self { end: Some(end), ..self }
    }
}

/// Models by role; each gives its speeches in turn, the last again and again.
pub(crate) struct ScriptedChat {
    pub(crate) speeches: Mutex<Vec<(Role, VecDeque<Speech>)>>,
    pub(crate) requests: Mutex<Vec<ChatRequest>>,
}

impl Chat for ScriptedChat {
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        let mut speeches = self.speeches.lock().unwrap();
        let of_role = &mut speeches.iter_mut().find(|(role, _)| *role == request.role).unwrap().1;
        let speech = of_role.front().cloned().unwrap();
        if of_role.len() > 1 {
            of_role.pop_front();
        }
        drop(speeches);
        let speech = speech.spoken_to(&request.user);
        self.requests.lock().unwrap().push(request);
        Box::pin(async move {
            sleep(speech.first).await;
            if speech.pieces.is_empty()
                && let Some(error) = speech.end
            {
                return Err(error);
            }
            let pause = speech.pause;
            let texts = speech.pieces.into_iter().map(|text| Ok(Delta::Text(text)));
            let end = speech.end.map(Err);
            let deltas = stream::iter(texts.chain(end)).then(move |delta| async move {
                sleep(pause).await;
                delta
            });
            Ok(deltas.boxed() as ChatStream)
        })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        Box::pin(async { Ok(()) })
    }
}

/// The parts of turns, with what they did.
pub(crate) struct Stagehand {
    pub(crate) engine: Engine,
    pub(crate) vlm: Arc<ScriptedVlm>,
    pub(crate) chat: Arc<ScriptedChat>,
    pub(crate) tasks: TaskTracker,
    /// Whether turns are to mention the visitor's appearance.
    pub(crate) mention: bool,
}

pub(crate) fn knobs() -> Knobs {
    Knobs {
        strategy: Strategy::Race,
        refresh_after: Duration::from_secs(3),
        description_ttl: Duration::from_secs(30),
        grace: Duration::from_secs(1),
        turn_timeout: Duration::from_secs(120),
        fact_guard: FactGuard::Flag,
    }
}

impl Stagehand {
    /// Turns over a script. Rules select, unless a `select` speech is given.
    pub(crate) fn new(looks: Vec<Look>, speeches: Vec<(Role, Vec<Speech>)>, knobs: Knobs) -> Self {
        let vlm = Arc::new(ScriptedVlm { looks: Mutex::new(looks.into()), calls: Mutex::new(0) });
        let asks_model = speeches.iter().any(|(role, _)| *role == Role::Select);
        let speeches = speeches.into_iter().map(|(role, speeches)| (role, speeches.into())).collect();
        let chat = Arc::new(ScriptedChat { speeches: Mutex::new(speeches), requests: Mutex::default() });
        let prompts = Arc::new(Prompts::default());
        let as_chat = || Arc::clone(&chat) as Arc<dyn Chat>;
        let mode = if asks_model { SelectMode::Model } else { SelectMode::Rules };
        let selector = Arc::new(Selector::new(mode, 55, Some((as_chat(), Arc::clone(&prompts)))));
        let tasks = TaskTracker::new();
        let descriptions = Descriptions::new(
            Some(Arc::clone(&vlm) as Arc<dyn Vlm>),
            Arc::clone(&selector),
            Duration::from_secs(5),
            Arc::default(),
            tasks.clone(),
            CancellationToken::new(),
        );
        let budget = Budget { context_tokens: 4096 };
        let engine = Engine {
            admission: None,
            research: None,
            answerer: Answerer::Model { chat: as_chat(), prompts: Arc::clone(&prompts), budget },
            selector,
            converter: Converter::Model(as_chat(), prompts),
            descriptions,
            knobs,
        };
        Self { engine, vlm, chat, tasks, mention: false }
    }

    /// Fetches a description as a session does when it opens.
    pub(crate) fn prefetch(&self) {
        self.engine.descriptions.refresh(&Arc::from("s"), Box::new(|_| ()));
    }

    /// Plays a turn and returns its end with its events.
    pub(crate) async fn play(&self, message: Message) -> (Ended, Vec<Event>) {
        self.play_until(message, &Stop::default()).await
    }

    pub(crate) async fn play_until(&self, message: Message, stop: &Stop) -> (Ended, Vec<Event>) {
        let request = Request {
            turn_id: Arc::from("t1"),
            session_id: Arc::from("s"),
            message,
            arrived: Instant::now(),
            history: Vec::new(),
            mention: self.mention,
            restarted: false,
        };
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&events);
        let emit: turn::Emit = Arc::new(move |event| sink.lock().unwrap().push(event));
        let ended = turn::run(&self.engine, &request, stop, &emit).await;
        let events = events.lock().unwrap().clone();
        (ended, events)
    }
}
