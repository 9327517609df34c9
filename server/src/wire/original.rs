//! The predecessor's HTTP API: what its clients send and read. docs/migration.md describes it.

use serde_json::{Map, Value, json};

use super::native;
use super::own_turn::{OwnTurn, Seen};
use crate::event::{ErrorEvent, Event, HistoryMessage, Message, Speaker, Status, Tone, TurnReport};
use crate::language::Lang;

/// What ends a stream, on a line of its own.
const END_FLAG: &str = "END_FLAG";

/// A request's body, read.
pub struct Body(Map<String, Value>);

/// What is wrong with a request, for `{"error": ...}` and status 400.
pub type Wrong = String;

/// A text to be converted.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The text.
    pub text: String,
    /// The tone.
    pub tone: Tone,
    /// Whether the reply is streamed.
    pub stream: bool,
    /// Who asks.
    pub user_description: Option<String>,
    /// What was asked.
    pub user_msg: Option<String>,
}

impl Body {
    /// Reads a body, which must be one JSON object.
    pub fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        serde_json::from_slice(bytes)
            .map(Self)
            .map_err(|error| format!("the body must be one JSON object: {error}"))
    }

    /// The session; none where a new one is wanted.
    pub fn session_id(&self) -> Result<Option<&str>, Wrong> {
        self.text("session_id")
    }

    /// The session, which must be named.
    pub fn named_session(&self) -> Result<&str, Wrong> {
        self.session_id()?.ok_or_else(|| required("session_id"))
    }

    /// The question with its options, which are those of the native protocol. `id`: the message's own.
    pub fn question(&self, convert_tone: bool, id: String) -> Result<Message, Wrong> {
        self.text("text_user_msg")?.ok_or_else(|| required("text_user_msg"))?;
        let message = native::message(&self.0).map_err(|error| error.message)?;
        let is_said = self.0.get("convert_tone").is_some_and(|said| !said.is_null());
        let convert_tone = if is_said { message.convert_tone } else { convert_tone };
        Ok(Message { id: Some(id), convert_tone, ..message })
    }

    /// The text to be converted.
    pub fn conversion(&self) -> Result<Conversion, Wrong> {
        let text = self.text("text")?.filter(|text| !text.trim().is_empty());
        let tone = self.text("tone")?.unwrap_or("child_friendly");
        let stream = match self.0.get("stream") {
            None | Some(Value::Null) => true,
            Some(Value::Bool(stream)) => *stream,
            Some(_) => return Err("stream must be true or false".to_owned()),
        };
        let known = || Tone::ALL.map(Tone::as_str).join(", ");
        Ok(Conversion {
            text: text.ok_or_else(|| required("text"))?.to_owned(),
            tone: tone.parse().map_err(|()| format!("unknown tone; known are {}", known()))?,
            stream,
            user_description: self.text("user_description")?.map(str::to_owned),
            user_msg: self.text("user_msg")?.map(str::to_owned),
        })
    }

    /// A field's text; none where it is missing, null or empty.
    fn text(&self, name: &str) -> Result<Option<&str>, Wrong> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(&**text).filter(|text| !text.is_empty())),
            Some(_) => Err(format!("{name} must be a string")),
        }
    }
}

impl Conversion {
    /// The language that the text is written in.
    pub fn lang(&self) -> Lang {
        Lang::of(&self.text)
    }

    /// The reply to one that is not streamed.
    pub fn reply(&self, converted: &str) -> Value {
        json!({
            "success": true,
            "original_text": self.text,
            "converted_text": converted,
            "tone": self.tone.as_str(),
            "user_description": self.user_description.as_deref().unwrap_or_default(),
        })
    }
}

fn required(name: &str) -> Wrong {
    format!("{name} is required")
}

/// What is wrong, as the body of a refusal.
pub fn error(message: &str) -> Value {
    json!({ "error": message })
}

/// What a session remembers.
pub fn history(session_id: &str, messages: &[HistoryMessage]) -> Value {
    let told = messages.iter().map(|message| {
        let role = match message.speaker {
            Speaker::Visitor => "user",
            Speaker::House => "assistant",
        };
        json!({ "role": role, "content": message.text })
    });
    json!({
        "session_id": session_id,
        "history": told.collect::<Vec<_>>(),
        "message_count": messages.len(),
    })
}

/// A reply as it streams: the plain text of one turn, then how it ended.
#[derive(Debug, Default)]
pub struct Stream {
    turn: OwnTurn,
    has_text: bool,
}

/// What comes of an event.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// Nothing that this reply says.
    Nothing,
    /// The turn has begun.
    Begun,
    /// The message was refused.
    Refused(Box<ErrorEvent>),
    /// More of the reply.
    Text(String),
    /// The last of the reply.
    End(String),
}

impl Stream {
    /// The reply to the message with this id.
    pub fn new(id: &str) -> Self {
        Self { turn: OwnTurn::of_message(id), has_text: false }
    }

    /// The message that is answered.
    pub fn message_id(&self) -> Option<&str> {
        self.turn.message_id().map(|id| &**id)
    }

    /// Takes an event of the session.
    pub fn tell(&mut self, event: &Event) -> Told {
        match self.turn.see(event) {
            Seen::Begun => Told::Begun,
            Seen::Text(text) => Told::Text(self.said(text.to_owned())),
            Seen::Done(report, failure) => Told::End(self.end_of(report, failure.as_deref())),
            Seen::Again => Told::End(self.end(Some("the reply was begun again elsewhere; please ask again"))),
            Seen::Refused(error) => Told::Refused(Box::new(error.clone())),
            Seen::Tone(..) | Seen::Other => Told::Nothing,
        }
    }

    /// A piece of text that is said next.
    pub fn said(&mut self, text: String) -> String {
        self.has_text |= !text.is_empty();
        text
    }

    fn end_of(&self, report: &TurnReport, failure: Option<&ErrorEvent>) -> String {
        self.end(match report.status {
            Status::Completed => None,
            Status::Interrupted => Some("a newer question of this session took its place"),
            Status::Cancelled => Some("the reply was cancelled"),
            Status::Failed | Status::TimedOut => {
                Some(failure.map_or("the reply failed; please ask again", |error| &error.message))
            }
        })
    }

    /// The last lines of the reply; with an error if it is not whole.
    pub fn end(&self, error: Option<&str>) -> String {
        let line = if self.has_text { "\n" } else { "" };
        match error {
            None => format!("{line}{END_FLAG}\n"),
            Some(error) => format!("{line}ERROR: {error}\n{END_FLAG}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn body(text: &str) -> Body {
        Body::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_question_has_the_routes_default_and_says_what_is_missing() {
        let ask = |text: &str, default| body(text).question(default, "m".into());
        let plain = ask(r#"{"text_user_msg":" What is ITRI? ","session_id":"a"}"#, false).unwrap();
        assert_eq!((&*plain.text, plain.convert_tone, plain.include_history), ("What is ITRI?", false, true));
        assert_eq!(plain.id.as_deref(), Some("m"));
        assert!(ask(r#"{"text_user_msg":"Hi"}"#, true).unwrap().convert_tone);
        assert!(ask(r#"{"text_user_msg":"Hi","convert_tone":true}"#, false).unwrap().convert_tone);
        assert!(!ask(r#"{"text_user_msg":"Hi","convert_tone":false}"#, true).unwrap().convert_tone);
        let described =
            ask(r#"{"text_user_msg":"Hi","user_description":"a man","include_history":false}"#, true)
                .unwrap();
        assert_eq!(
            (described.user_description.as_deref(), described.include_history),
            (Some("a man"), false)
        );
        for empty in ["{}", r#"{"text_user_msg":null}"#, r#"{"text_user_msg":""}"#] {
            assert_eq!(ask(empty, true), Err("text_user_msg is required".into()), "{empty}");
        }
        for wrong in [
            r#"{"text_user_msg":7}"#,
            r#"{"text_user_msg":"  "}"#,
            r#"{"text_user_msg":"Hi","tone":"pirate"}"#,
            r#"{"text_user_msg":"Hi","convert_tone":"yes"}"#,
        ] {
            assert!(ask(wrong, true).is_err(), "{wrong}");
        }
        assert!(Body::read(b"[1]").is_err() && Body::read(b"").is_err() && Body::read(b"\xff").is_err());
    }

    #[test]
    fn a_text_is_converted_for_a_child_unless_a_tone_is_named() {
        let conversion = body(r#"{"text":"The clock is 3.2 m tall."}"#).conversion().unwrap();
        assert_eq!((conversion.tone, conversion.stream), (Tone::ChildFriendly, true));
        let conversion = body(r#"{"text":"x","tone":"elder_friendly","stream":false}"#).conversion().unwrap();
        assert_eq!((conversion.tone, conversion.stream), (Tone::ElderFriendly, false));
        assert_eq!(body("{}").conversion(), Err("text is required".into()));
        assert!(body(r#"{"text":"x","tone":"pirate"}"#).conversion().unwrap_err().contains("elder_friendly"));
        assert!(body(r#"{"text":"x","stream":"no"}"#).conversion().is_err());
    }

    fn report(status: Status) -> Event {
        Event::TurnDone(Arc::new(TurnReport {
            turn_id: "t1".into(),
            status,
            text: String::new(),
            answer: String::new(),
            tone: None,
            outcome: None,
            sources: Vec::new(),
            degraded: Vec::new(),
            facts_missing: None,
            timings: crate::event::Timings::default(),
            spans: Vec::new(),
            usage: crate::event::Usage::default(),
            durable: None,
        }))
    }

    #[test]
    fn a_stream_tells_its_own_turn_and_its_end() {
        let token = |turn: &str| Event::Token { turn_id: turn.into(), text: "It ".into() };
        let started =
            |id: &str| Event::TurnStarted { turn_id: "t1".into(), id: Some(id.into()), restarted: false };
        let mut stream = Stream::new("m1");
        assert_eq!(stream.tell(&started("other")), Told::Nothing);
        assert_eq!(stream.tell(&token("t1")), Told::Nothing);
        assert_eq!(stream.tell(&started("m1")), Told::Begun);
        assert_eq!(stream.tell(&token("t0")), Told::Nothing);
        assert_eq!(stream.tell(&token("t1")), Told::Text("It ".into()));
        assert_eq!(stream.tell(&report(Status::Completed)), Told::End("\nEND_FLAG\n".into()));

        let mut failed = Stream::new("m1");
        failed.tell(&started("m1"));
        let error = ErrorEvent {
            code: "llm_cut".into(),
            message: "It broke off.".into(),
            retryable: true,
            retry_after: None,
            turn_id: Some("t1".into()),
            id: None,
        };
        assert_eq!(failed.tell(&Event::Error(Box::new(error.clone()))), Told::Nothing);
        let end = failed.tell(&report(Status::Failed));
        assert_eq!(end, Told::End("ERROR: It broke off.\nEND_FLAG\n".into()));
        let refusal = ErrorEvent { turn_id: None, id: Some("m2".into()), ..error };
        let mut refused = Stream::new("m2");
        assert_eq!(refused.tell(&Event::Error(Box::new(refusal.clone()))), Told::Refused(Box::new(refusal)));
    }
}
