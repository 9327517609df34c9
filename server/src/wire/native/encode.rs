//! Server frames, written as JSON text.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::report::TurnDone;
use crate::event::{ErrorEvent, Event, HistoryMessage, Speaker};

/// What a new socket is told first: the `session` frame.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "session")]
pub struct Greeting<'a> {
    /// The session.
    pub session_id: &'a str,
    /// Proves that the client may come back.
    pub resume_token: &'a str,
    /// Whether the client missed nothing.
    pub resumed: bool,
    /// The visitor epoch.
    pub epoch: u64,
    /// The session's last sequence number.
    pub last_seq: u64,
    /// Which owner of the session speaks, where nodes share sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<u64>,
    /// What the server allows.
    pub limits: &'a LimitsFrame,
    /// Who answers: `builtin` or `llm`.
    pub server: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// The demo: the documents are the sample museum.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// What can't be sent again frame by frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotFrame<'a>>,
}

/// What the server allows, within a [`Greeting`]: sizes in bytes, durations in ms, 0 for no limit of a rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the keys of the configuration
pub struct LimitsFrame {
    pub max_message: usize,
    pub max_image: usize,
    pub images_per_minute: u32,
    pub messages_per_minute: u32,
    pub ping_interval: u64,
    pub pong_timeout: u64,
    pub handshake_timeout: u64,
    pub outbound_queue: usize,
    pub replay_bytes: usize,
    pub session_ttl: u64,
    pub turn_timeout: u64,
}

/// A session's past within a [`Greeting`].
#[derive(Debug, Clone, Serialize)]
pub struct SnapshotFrame<'a> {
    history: Vec<HistoryFrame<'a>>,
    turn: Option<TurnFrame<'a>>,
}

#[derive(Debug, Clone, Serialize)]
struct HistoryFrame<'a> {
    role: &'static str,
    content: &'a str,
    /// Of an answer that was given in a tone at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    tone: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct TurnFrame<'a> {
    turn_id: &'a str,
    text: &'a str,
}

impl<'a> SnapshotFrame<'a> {
    /// Of a history and the running turn's id and text.
    pub fn new(history: &'a [HistoryMessage], turn: Option<(&'a str, &'a str)>) -> Self {
        let history = history.iter().map(|message| HistoryFrame {
            role: match message.speaker {
                Speaker::Visitor => "user",
                Speaker::House => "assistant",
            },
            content: &message.text,
            tone: message.tone.map(crate::event::Tone::as_str),
        });
        Self { history: history.collect(), turn: turn.map(|(turn_id, text)| TurnFrame { turn_id, text }) }
    }
}

impl Greeting<'_> {
    /// The frame as text.
    pub fn encode(&self) -> String {
        text(self)
    }
}

/// Appends an event's frame. Nothing for one that is no frame of its own (the socket makes a greeting of it).
/// `from_seq`: the first number that it stands for, where it is several tokens in one.
pub fn write(seq: u64, from_seq: Option<u64>, event: &Event, out: &mut Vec<u8>) {
    let frame = match event {
        Event::Token { turn_id, text } => return write_token(seq, from_seq, turn_id, text, out),
        Event::Description { text, source, age, turn_id } => Frame::Description {
            text,
            source: source.as_str(),
            age_ms: millis(*age),
            turn_id: turn_id.as_deref(),
        },
        Event::TurnStarted { turn_id, id, restarted } => {
            Frame::TurnStarted { turn_id, id: id.as_deref(), restarted: *restarted }
        }
        Event::Tone { turn_id, selection, outcome } => Frame::Tone {
            turn_id,
            tone: selection.tone.as_str(),
            outcome: outcome.as_str(),
            selected_by: selection.selected_by.as_str(),
            because: &selection.because,
        },
        Event::TurnDone(report) => Frame::TurnDone(Box::new(TurnDone::of(report))),
        Event::Error(error) => Frame::Error(ErrorFrame::of(error)),
        Event::EpochBegan { .. } => return,
    };
    append(&Numbered { frame, seq }, out);
}

/// Nearly all frames are tokens, so this one is put together by hand: a third of what a struct costs.
fn write_token(seq: u64, from_seq: Option<u64>, turn_id: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"token","turn_id":"#);
    append(turn_id, out);
    out.extend_from_slice(br#","text":"#);
    append(text, out);
    if let Some(from_seq) = from_seq {
        out.extend_from_slice(br#","from_seq":"#);
        append(&from_seq, out);
    }
    out.extend_from_slice(br#","seq":"#);
    append(&seq, out);
    out.push(b'}');
}

/// The answer to a `ping`.
pub fn pong(t: Option<&Value>) -> String {
    #[derive(Serialize)]
    #[serde(tag = "type", rename = "pong")]
    struct Pong<'a> {
        t: Option<&'a Value>,
    }
    text(&Pong { t })
}

/// The last frame before the server closes a socket.
pub fn closing(reason: &str, retry_after: Duration) -> String {
    #[derive(Serialize)]
    #[serde(tag = "type", rename = "closing")]
    struct Closing<'a> {
        reason: &'a str,
        retry_after_ms: u64,
    }
    text(&Closing { reason, retry_after_ms: millis(retry_after) })
}

fn text(frame: &impl Serialize) -> String {
    // Every frame is a struct of strings, numbers and lists: there is nothing that JSON can't hold.
    serde_json::to_string(frame).expect("a frame is JSON")
}

fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("what frames are made of is JSON, and memory takes it");
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Serialize)]
struct Numbered<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    seq: u64,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame<'a> {
    Description {
        text: &'a str,
        source: &'static str,
        age_ms: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        turn_id: Option<&'a str>,
    },
    TurnStarted {
        turn_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        restarted: bool,
    },
    Tone {
        turn_id: &'a str,
        tone: &'static str,
        outcome: &'static str,
        selected_by: &'static str,
        because: &'a [String],
    },
    TurnDone(Box<TurnDone<'a>>),
    Error(ErrorFrame<'a>),
}

#[derive(Serialize)]
struct ErrorFrame<'a> {
    code: &'a str,
    message: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

impl<'a> ErrorFrame<'a> {
    fn of(error: &'a ErrorEvent) -> Self {
        Self {
            code: &error.code,
            message: &error.message,
            retryable: error.retryable,
            retry_after_ms: error.retry_after.map(millis),
            turn_id: error.turn_id.as_deref(),
            id: error.id.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::event::{
        Outcome, SelectedBy, Selection, Span, Stage, Status, Timings, Tone, TurnReport, Usage,
    };

    fn frame(event: &Event) -> Value {
        let mut text = Vec::new();
        write(7, None, event, &mut text);
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn frames_have_their_fields_and_numbers() {
        let turn_id: Arc<str> = Arc::from("t1");
        let token = Event::Token { turn_id: Arc::clone(&turn_id), text: "\"<b>\n".into() };
        assert_eq!(frame(&token), json!({"type": "token", "turn_id": "t1", "text": "\"<b>\n", "seq": 7}));

        let selection = Selection {
            tone: Tone::ElderFriendly,
            selected_by: SelectedBy::Rule,
            because: vec!["cane".into()],
        };
        let tone = Event::Tone { turn_id: Arc::clone(&turn_id), selection, outcome: Outcome::Cached };
        assert_eq!(
            frame(&tone),
            json!({"type": "tone", "turn_id": "t1", "tone": "elder_friendly", "outcome": "cached",
                   "selected_by": "rule", "because": ["cane"], "seq": 7})
        );

        let started = Event::TurnStarted { turn_id, id: None, restarted: false };
        assert_eq!(frame(&started), json!({"type": "turn_started", "turn_id": "t1", "seq": 7}));
    }

    #[test]
    fn a_report_leaves_nothing_out() {
        let report = TurnReport {
            turn_id: Arc::from("t1"),
            status: Status::TimedOut,
            text: String::new(),
            answer: String::new(),
            tone: None,
            outcome: None,
            sources: Vec::new(),
            degraded: Vec::new(),
            facts_missing: None,
            timings: Timings { total: Some(1.234_567), ..Timings::default() },
            spans: vec![Span {
                stage: Stage::Describe,
                segment: None,
                start: -5.0,
                end: 1.0,
                is_shared: true,
            }],
            usage: Usage::default(),
            durable: None,
        };
        assert_eq!(
            frame(&Event::TurnDone(Arc::new(report))),
            json!({
                "type": "turn_done", "turn_id": "t1", "status": "timed_out", "text": "", "answer": "",
                "tone": null, "outcome": null, "sources": [], "degraded": [], "facts_missing": null,
                "timings_ms": {"description": null, "retrieve": null, "answer_first": null, "answer": null,
                               "tone": null, "first_token": null, "total": 1.235},
                "spans": [{"stage": "describe", "start": -5.0, "end": 1.0}],
                "usage": {"llm_calls": 0, "input_tokens": 0, "output_tokens": 0,
                          "saved_calls": 0, "saved_tokens": 0}, "seq": 7
            })
        );
    }

    #[test]
    fn the_sockets_own_frames_have_no_number() {
        assert_eq!(pong(Some(&json!(1.5))), r#"{"type":"pong","t":1.5}"#);
        assert_eq!(pong(None), r#"{"type":"pong","t":null}"#);
        assert_eq!(
            closing("shutting down", Duration::from_secs(1)),
            r#"{"type":"closing","reason":"shutting down","retry_after_ms":1000}"#
        );
    }
}
