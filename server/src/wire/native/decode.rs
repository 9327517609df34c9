//! Client frames out of text messages.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use crate::event::{Command, ErrorEvent, Message, Strategy, Tone, Upload};
use crate::language::Lang;
use crate::wire::{ClientFrame, question, refusal};

/// A client's own message id is short: it is kept for as long as a repetition is recognised.
const MAX_ID: usize = 128;

/// The types a client may send, for error messages.
const TYPES: &str = "message, typing, image, cancel, forget, ping";

/// Reads a text message: a JSON frame if it begins with `{`, else itself the question.
pub fn decode(text: &str) -> Result<ClientFrame, ErrorEvent> {
    if !text.trim_start().starts_with('{') {
        return question(text).map(|text| ClientFrame::Command(Command::Message(Message::asking(text))));
    }
    let frame: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        refusal("bad_json", format!("A text that begins with {{ must be one JSON object: {error}."))
    })?;
    let fields = Fields(&frame);
    read(&fields).map_err(|error| {
        // A client that numbers its messages learns which one was refused.
        ErrorEvent { id: fields.id().ok().flatten().map(Arc::from), ..error }
    })
}

/// A message out of a frame's fields.
pub(in crate::wire) fn message(frame: &Map<String, Value>) -> Result<Message, ErrorEvent> {
    Fields(frame).message()
}

fn read(fields: &Fields<'_>) -> Result<ClientFrame, ErrorEvent> {
    let frame = fields.0;
    match fields.string("type")? {
        Some("message") => fields.message().map(|message| ClientFrame::Command(Command::Message(message))),
        None if frame.contains_key("text_user_msg") => {
            fields.message().map(|message| ClientFrame::Command(Command::Message(message)))
        }
        Some("typing") => {
            let refresh = fields.bool("refresh")?.unwrap_or(false);
            Ok(ClientFrame::Command(Command::Typing { refresh }))
        }
        Some("cancel") => {
            let turn_id = fields.string("turn_id")?.map(str::to_owned);
            Ok(ClientFrame::Command(match fields.id()? {
                Some(id) if turn_id.is_none() => Command::CancelMessage { id: id.to_owned() },
                _ => Command::Cancel { turn_id },
            }))
        }
        Some("forget") => Ok(ClientFrame::Command(Command::Forget)),
        Some("ping") => Ok(ClientFrame::Ping(frame.get("t").cloned())),
        Some("image") => fields.image().map(ClientFrame::Command),
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            Err(refusal("unknown_type", format!("There is no frame type `{other}`; known are {TYPES}.")))
        }
        None => Err(refusal("missing_type", format!("The frame has no `type`; known are {TYPES}."))),
    }
}

/// A frame's fields, each read with its type. `null` counts as absent.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn message(&self) -> Result<Message, ErrorEvent> {
        let text = self.string("text_user_msg")?.ok_or_else(|| {
            refusal("missing_field", "A message needs `text_user_msg`, a string of 1 to 4000 characters.")
        })?;
        let id = self.id()?;
        let tones = || Tone::ALL.map(Tone::as_str).join(", ");
        let strategies = || Strategy::ALL.map(Strategy::as_str).join(", ");
        Ok(Message {
            id: id.map(str::to_owned),
            user_description: self.string("user_description")?.map(str::to_owned),
            tone: self.named("tone", "unknown_tone", tones)?,
            convert_tone: self.bool("convert_tone")?.unwrap_or(true),
            include_history: self.bool("include_history")?.unwrap_or(true),
            history: None,
            instructions: None,
            strategy: self.named("strategy", "unknown_strategy", strategies)?,
            lang: self.named::<Lang>("lang", "unknown_lang", || "en, zh-Hant".to_owned())?,
            text: question(text)?,
        })
    }

    fn image(&self) -> Result<Command, ErrorEvent> {
        let missing = |what| refusal("missing_field", format!("An image needs {what}."));
        let data = self.string("data")?.ok_or_else(|| missing("`data`, the file in base64"))?;
        let mime = self.string("mime")?.ok_or_else(|| missing("`mime`, such as image/jpeg"))?;
        let bytes = BASE64_STANDARD
            .decode(data)
            .map_err(|_| refusal("bad_image", "The image's `data` is no base64 (the standard alphabet)."))?;
        let id = self.id()?.map(str::to_owned);
        Ok(Command::Image(Upload { bytes: bytes.into(), mime: Some(mime.to_owned()), id }))
    }

    fn id(&self) -> Result<Option<&'a str>, ErrorEvent> {
        let id = self.string("id")?;
        if id.is_some_and(|id| id.is_empty() || id.chars().count() > MAX_ID) {
            return Err(refusal("bad_field", format!("`id` must have 1 to {MAX_ID} characters.")));
        }
        Ok(id)
    }

    fn string(&self, name: &str) -> Result<Option<&'a str>, ErrorEvent> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(name, "a string", other)),
        }
    }

    fn bool(&self, name: &str) -> Result<Option<bool>, ErrorEvent> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong_type(name, "true or false", other)),
        }
    }

    fn named<T: std::str::FromStr>(
        &self,
        name: &str,
        code: &'static str,
        known: impl Fn() -> String,
    ) -> Result<Option<T>, ErrorEvent> {
        let Some(value) = self.string(name)? else { return Ok(None) };
        value.parse().map(Some).map_err(|_| {
            let value: String = value.chars().take(40).collect();
            refusal(code, format!("There is no {name} `{value}`; known are {}.", known()))
        })
    }
}

fn wrong_type(name: &str, expected: &str, found: &Value) -> ErrorEvent {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    refusal("bad_field", format!("`{name}` must be {expected}, not {found}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MAX_QUESTION;

    fn message(text: &str) -> Message {
        match decode(text).unwrap() {
            ClientFrame::Command(Command::Message(message)) => message,
            other => panic!("{text} gave {other:?}"),
        }
    }

    #[test]
    fn what_is_no_frame_is_the_question() {
        assert_eq!(message("What is ITRI?\n"), Message::asking("What is ITRI?".into()));
        assert_eq!(message(" [1] \u{202e}工研院\0是什麼？").text, "[1] 工研院是什麼？");
    }

    #[test]
    fn the_predecessors_payload_is_a_message() {
        let frame = message(
            r#"{"text_user_msg":"Hi","convert_tone":false,"user_description":"a man","session_id":"x"}"#,
        );
        assert_eq!(frame.text, "Hi");
        assert!(!frame.convert_tone);
        assert_eq!(frame.user_description.as_deref(), Some("a man"));
    }

    #[test]
    fn every_option_is_read_and_null_is_absent() {
        let frame = message(
            r#"{"type":"message","text_user_msg":"Hi","id":"1","tone":"elder_friendly","include_history":false,
                "strategy":"parallel","lang":"zh-Hant","user_description":null,"extra":[1]}"#,
        );
        let expected = Message {
            id: Some("1".into()),
            tone: Some(Tone::ElderFriendly),
            include_history: false,
            strategy: Some(Strategy::Parallel),
            lang: Some(Lang::ZhHant),
            ..Message::asking("Hi".into())
        };
        assert_eq!(frame, expected);
    }

    #[test]
    fn other_frames_are_read() {
        let check = |text, expect| assert_eq!(decode(text).unwrap(), expect, "{text}");
        check(r#"{"type":"typing"}"#, ClientFrame::Command(Command::Typing { refresh: false }));
        check(r#"{"type":"typing","refresh":true}"#, ClientFrame::Command(Command::Typing { refresh: true }));
        check(r#"{"type":"cancel"}"#, ClientFrame::Command(Command::Cancel { turn_id: None }));
        let cancel = Command::CancelMessage { id: "m".into() };
        check(r#"{"type":"cancel","id":"m"}"#, ClientFrame::Command(cancel));
        check(r#" {"type":"forget"}"#, ClientFrame::Command(Command::Forget));
        check(r#"{"type":"ping","t":[1.5]}"#, ClientFrame::Ping(Some(serde_json::json!([1.5]))));
        check(r#"{"type":"ping"}"#, ClientFrame::Ping(None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |text: &str, code, word: &str| {
            let error = decode(text).unwrap_err();
            assert_eq!(error.code, code, "{text}");
            assert!(error.message.contains(word), "{text}: {}", error.message);
            assert!(error.turn_id.is_none());
        };
        let deep = format!("{{\"type\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        let long = "長".repeat(MAX_QUESTION + 1);
        check("{", "bad_json", "JSON");
        check("{} {}", "bad_json", "JSON");
        check(r#"{"type":"message","text_user_msg":"\ud800"}"#, "bad_json", "JSON");
        check(&deep, "bad_json", "recursion");
        check("{}", "missing_type", "message");
        check(r#"{"type":"dance"}"#, "unknown_type", "dance");
        check(r#"{"type":7}"#, "bad_field", "`type`");
        check(r#"{"type":"message"}"#, "missing_field", "text_user_msg");
        check(r#"{"text_user_msg":7}"#, "bad_field", "a number");
        check(r#"{"text_user_msg":"Hi","convert_tone":"yes"}"#, "bad_field", "convert_tone");
        check(r#"{"text_user_msg":"Hi","id":""}"#, "bad_field", "`id`");
        check(r#"{"text_user_msg":"Hi","tone":"pirate"}"#, "unknown_tone", "casual_friendly");
        check(r#"{"text_user_msg":"Hi","strategy":"fast"}"#, "unknown_strategy", "race");
        check(r#"{"text_user_msg":"Hi","lang":"fr"}"#, "unknown_lang", "zh-Hant");
        check(r#"{"text_user_msg":" \u0000 "}"#, "empty_question", "empty");
        check("", "empty_question", "empty");
        check(&long, "question_too_long", "4001");
        check(r#"{"type":"image","data":""}"#, "missing_field", "`mime`");
        assert!(decode(&"長".repeat(MAX_QUESTION)).is_ok());
    }
}
