//! The turn: one question, answered in the tone that suits its visitor.
//!
//! [`run`] plays a turn to its end and returns a report; what happens meanwhile is emitted as events. A turn
//! is one future: dropping a stage drops its upstream's HTTP body, so nothing of a dead turn runs on, except
//! a fetch of a description, which belongs to the cache.
//!
//! In reading order:
//!
//! - `strategy`: how the stages are arranged, for each strategy.
//! - `view`: which description and tone a turn goes by, and when that is decided.
//! - `answering`: retrieval and generation, begun again while nothing was sent.
//! - `pipeline`: the answer's `segment`s become `conversion`s, at most two at once, sent in order; the opener.
//! - `reply`: what was sent so far, and what is reported of it.
//! - `call`: one generation while it is read; `timeline`: when each stage ran.

pub mod admission;
mod answering;
mod call;
mod conversion;
pub mod converting;
mod pipeline;
mod reply;
mod segment;
mod strategy;
mod timeline;
mod view;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::answer::{Answerer, Research};
use crate::description::{Descriptions, Flight};
use crate::event::{ErrorEvent, Event, HistoryMessage, Message, Status, Strategy, Tone, TurnReport};
use crate::language::Lang;
use crate::llm::LlmError;
use crate::tone::{Converter, Selector};
use admission::Admission;
use conversion::Conversions;
use reply::Reply;
use segment::Segments;
use timeline::Timeline;
use view::View;

/// All that turns share.
pub struct Engine {
    /// Looks questions up in the house's documents, if it has any.
    pub research: Option<Research>,
    /// Generates plain answers.
    pub answerer: Answerer,
    /// Selects tones.
    pub selector: Arc<Selector>,
    /// Converts answers.
    pub converter: Converter,
    /// Describes visitors.
    pub descriptions: Arc<Descriptions>,
    /// Lets turns in; none: all are.
    pub admission: Option<Arc<Admission>>,
    /// The race's knobs.
    pub knobs: Knobs,
}

/// The race's knobs, as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Knobs {
    /// The strategy of messages that name none.
    pub strategy: Strategy,
    /// A younger description is fresh enough not to be prefetched again, and to be spoken of.
    pub refresh_after: Duration,
    /// An older description is not used.
    pub description_ttl: Duration,
    /// How long past the answer's end a refresh is waited for.
    pub grace: Duration,
    /// A whole turn's bound.
    pub turn_timeout: Duration,
    /// What is done about facts that a conversion loses.
    pub fact_guard: FactGuard,
}

/// What is done about facts that a conversion loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactGuard {
    /// Nothing is checked.
    Off,
    /// They are listed in the report.
    Flag,
    /// The text is held until checked; if it lost a fact, the plain one is sent.
    Strict,
}

impl FactGuard {
    /// Whether text is held back until it is checked.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Strict)
    }

    /// All, as flags name them.
    pub const NAMES: [(&str, Self); 3] = [("off", Self::Off), ("flag", Self::Flag), ("strict", Self::Strict)];
}

/// One turn to be played.
#[derive(Debug, Clone)]
pub struct Request {
    /// The turn's id.
    pub turn_id: Arc<str>,
    /// Whose turn it is.
    pub session_id: Arc<str>,
    /// The question.
    pub message: Message,
    /// When the message arrived.
    pub arrived: Instant,
    /// Earlier messages, oldest first; empty if the message wants none.
    pub history: Vec<HistoryMessage>,
    /// Whether this turn is to mention the visitor's appearance, if it can.
    pub mention: bool,
    /// A former owner of the session began it and did not end it.
    pub restarted: bool,
}

/// Takes what a turn has to tell. Never blocks.
pub type Emit = Arc<dyn Fn(Event) + Send + Sync>;

/// Ends a turn from outside. The first status given wins.
#[derive(Debug, Default)]
pub struct Stop {
    token: CancellationToken,
    status: OnceLock<Status>,
}

impl Stop {
    /// Asks the turn to end with a status.
    pub fn with(&self, status: Status) {
        if self.status.set(status).is_ok() {
            self.token.cancel();
        }
    }

    /// The status asked for, if any.
    pub fn status(&self) -> Option<Status> {
        self.status.get().copied()
    }

    async fn asked(&self) -> Status {
        self.token.cancelled().await;
        self.status().unwrap_or(Status::Cancelled)
    }
}

/// How a turn ended.
#[derive(Debug)]
pub struct Ended {
    /// What the client is told.
    pub report: TurnReport,
    /// The plain answer as far as the visitor got to know it: what history keeps. Of an answer given in a tone
    /// at once, what was said.
    pub heard: String,
    /// The tone of an answer that was given in it at once.
    pub heard_in: Option<Tone>,
    /// Whether the visitor's appearance was spoken of, or could have been.
    pub mentioned: bool,
}

/// Plays a turn to its end. Emits its events but the terminal one, which the caller makes of the report.
pub async fn run(engine: &Engine, request: &Request, stop: &Stop, emit: &Emit) -> Ended {
    tell_start(request, emit);
    let mut turn = Turn {
        engine,
        request,
        emit,
        lang: request.message.lang.unwrap_or_else(|| Lang::of(&request.message.text)),
        timeline: Timeline::new(request.arrived),
        reply: Reply::default(),
        segments: Segments::default(),
        conversions: Conversions::default(),
        view: None,
        flight: None,
        gap: String::new(),
        is_model_asked: false,
        is_converter_down: false,
    };
    let status = tokio::select! {
        biased;
        status = stop.asked() => status,
        played = timeout(engine.knobs.turn_timeout, turn.play()) => match played {
            Ok(Ok(())) => Status::Completed,
            Ok(Err(error)) => {
                tracing::warn!(turn_id = &*request.turn_id, %error, "turn failed");
                tracing::trace!(?error, "turn failed");
                turn.tell_failure(&error);
                Status::Failed
            }
            // A converter that accepts and says nothing must not cost the visitor the answer.
            Err(_) if turn.reply.is_answered && turn.reply.text.is_empty() => {
                turn.send_plain();
                Status::Completed
            }
            Err(_) => {
                turn.tell_timeout();
                Status::TimedOut
            }
        },
    };
    turn.end(status)
}

/// The end of a turn that was never played: it was overtaken while it waited.
pub fn unplayed(request: &Request, status: Status, emit: &Emit) -> Ended {
    tell_start(request, emit);
    Reply::default().end(request, Timeline::new(request.arrived), status, String::new())
}

/// The end of a turn that panicked; `text` is what it had sent.
pub fn crashed(request: &Request, text: String, emit: &Emit) -> Ended {
    tracing::error!(turn_id = &*request.turn_id, "turn panicked");
    tell(request, emit, "internal", "Something went wrong in the server. Please ask again.".into());
    let reply = Reply { text, ..Reply::default() };
    reply.end(request, Timeline::new(request.arrived), Status::Failed, String::new())
}

fn tell_start(request: &Request, emit: &Emit) {
    let id = request.message.id.as_deref().map(Arc::from);
    emit(Event::TurnStarted { turn_id: Arc::clone(&request.turn_id), id, restarted: request.restarted });
}

fn tell(request: &Request, emit: &Emit, code: &'static str, message: String) {
    let turn_id = Some(Arc::clone(&request.turn_id));
    let error =
        ErrorEvent { code: code.into(), message, retryable: true, retry_after: None, turn_id, id: None };
    emit(Event::Error(Box::new(error)));
}

struct Turn<'a> {
    engine: &'a Engine,
    request: &'a Request,
    emit: &'a Emit,
    lang: Lang,
    timeline: Timeline,
    reply: Reply,
    /// What of the answer was not yet handed to the converter.
    segments: Segments,
    conversions: Conversions,
    /// Fixed once something is to be said.
    view: Option<Arc<View>>,
    /// The refresh that this turn started or joined.
    flight: Option<Flight>,
    /// What belongs between the last segment sent and the next.
    gap: String,
    /// The answer is a model's; else it is known to be a refusal, or the built-in engine's.
    is_model_asked: bool,
    /// A conversion failed before anything was sent: the plain answer is sent.
    is_converter_down: bool,
}

impl Turn<'_> {
    async fn play(&mut self) -> Result<(), LlmError> {
        if !self.request.message.convert_tone {
            return self.answer(true).await;
        }
        match self.request.message.strategy.unwrap_or(self.engine.knobs.strategy) {
            Strategy::Sequential => self.play_sequential().await,
            Strategy::Parallel => self.play_parallel().await,
            Strategy::Race => self.play_race().await,
            Strategy::Direct => self.play_direct().await,
        }
    }

    fn tell_failure(&self, error: &LlmError) {
        let (code, message) = match error {
            LlmError::Unreachable { .. } => ("llm_unreachable", "The model can't be reached."),
            LlmError::Away { .. } => {
                ("llm_away", "The model has failed several times and is left alone for now.")
            }
            LlmError::Refused { .. } => ("llm_refused", "The model refused the question."),
            LlmError::Cut => ("llm_cut", "The model's answer broke off."),
            LlmError::Garbage(_) => ("llm_garbage", "The model's answer could not be read."),
            LlmError::Stalled(_) => ("llm_stalled", "The model's answer stopped coming."),
            LlmError::Empty => ("llm_empty", "The model gave no answer."),
        };
        tell(self.request, self.emit, code, format!("{message} Please ask again in a moment."));
    }

    fn tell_timeout(&self) {
        let limit = self.engine.knobs.turn_timeout.as_secs_f64();
        let message = format!("The reply took longer than {limit} s. Please ask again.");
        tell(self.request, self.emit, "turn_timeout", message);
    }

    fn end(mut self, status: Status) -> Ended {
        self.record_flight();
        let heard = self.heard(status);
        self.reply.end(self.request, self.timeline, status, heard)
    }
}
