//! Client frames.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use crate::event::{HistoryMessage, Message, Speaker, Upload};
use crate::wire::{MAX_INSTRUCTIONS, native};

/// A request's id comes back with every chunk of its reply: longer ones would be most of it.
const MAX_REQUEST_ID: usize = 128;

/// How many messages of the conversation a turn is told, as a session of Rapport's own keeps.
const MAX_HISTORY: usize = 10;

/// What of a request's `body` are a message's options.
const OPTIONS: [&str; 6] =
    ["tone", "user_description", "convert_tone", "include_history", "strategy", "lang"];

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub enum Frame {
    /// A question.
    Send(Box<Question>),
    /// The reply of a chat once more.
    Resume {
        /// The request.
        request_id: String,
        /// The chat.
        chat_id: String,
    },
    /// The end of a request's reply.
    Abort {
        /// The request.
        request_id: String,
    },
}

/// A question of a chat.
#[derive(Debug, PartialEq)]
pub struct Question {
    /// The request.
    pub request_id: String,
    /// The chat.
    pub chat_id: String,
    /// The question, with the conversation so far.
    pub message: Message,
    /// Pictures that came with it.
    pub images: Vec<Upload>,
}

/// Why a frame is not read.
#[derive(Debug, PartialEq)]
pub enum Unread {
    /// It names no request, so that nothing can be answered.
    Ignored,
    /// What is wrong, for the one who sent it.
    Wrong {
        /// The request.
        request_id: String,
        /// What is wrong.
        why: String,
    },
}

/// Reads a text message. `new_id` says what a question's message is to be called.
pub fn decode(text: &str, new_id: impl FnOnce() -> String) -> Result<Frame, Unread> {
    let frame: Map<String, Value> = serde_json::from_str(text).map_err(|_| Unread::Ignored)?;
    let request_id = match frame.get("requestId") {
        Some(Value::String(id)) if (1..=MAX_REQUEST_ID).contains(&id.len()) => id.clone(),
        _ => return Err(Unread::Ignored),
    };
    match read(&frame, request_id.clone(), new_id) {
        Ok(frame) => Ok(frame),
        Err(why) => Err(Unread::Wrong { request_id, why }),
    }
}

fn read(
    frame: &Map<String, Value>,
    request_id: String,
    new_id: impl FnOnce() -> String,
) -> Result<Frame, String> {
    match frame.get("type").and_then(Value::as_str) {
        Some("abort") => Ok(Frame::Abort { request_id }),
        Some("resume") => {
            let chat_id = chat_id(frame)?;
            match frame.get("lastSequence") {
                // Replies are told from their start: the client's parser needs that.
                None | Some(Value::Null) => {}
                Some(last) if last.as_u64().is_some() => {}
                Some(_) => return Err("lastSequence must be a whole number from 0".into()),
            }
            Ok(Frame::Resume { request_id, chat_id })
        }
        Some("send") => {
            let chat_id = chat_id(frame)?;
            let trigger = frame.get("trigger").and_then(Value::as_str);
            if !matches!(trigger, Some("submit-message" | "regenerate-message")) {
                return Err("trigger must be submit-message or regenerate-message".into());
            }
            let (message, images) = question(frame, &new_id())?;
            Ok(Frame::Send(Box::new(Question { request_id, chat_id, message, images })))
        }
        Some(_) => Err("type must be send, resume or abort".into()),
        None => Err("type is missing, or no string".into()),
    }
}

fn chat_id(frame: &Map<String, Value>) -> Result<String, String> {
    match frame.get("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        _ => Err("id, the chat's, must be a string".into()),
    }
}

/// The question is what the visitor said last; what was said before is its conversation.
fn question(frame: &Map<String, Value>, id: &str) -> Result<(Message, Vec<Upload>), String> {
    let messages = frame.get("messages").and_then(Value::as_array).ok_or("messages must be a list")?;
    let (mut history, mut instructions) = (Vec::new(), Vec::new());
    let mut asked = None;
    for message in messages {
        let role = message.get("role").and_then(Value::as_str).ok_or("a message has no role")?;
        let parts = message.get("parts").and_then(Value::as_array).ok_or("a message has no parts")?;
        let text = text_of(parts)?;
        let speaker = match role {
            "system" => {
                instructions.push(text);
                continue;
            }
            "user" => Speaker::Visitor,
            "assistant" => Speaker::House,
            _ => return Err("a message's role must be system, user or assistant".into()),
        };
        if speaker == Speaker::Visitor {
            asked = Some((history.len(), parts));
        }
        let plain = plain_of(parts).filter(|_| speaker == Speaker::House);
        history.push(HistoryMessage { speaker, text: plain.map_or(text, str::to_owned), tone: None });
    }
    let (at, parts) = asked.ok_or("messages has none of a user")?;
    let text = std::mem::take(&mut history[at].text);
    history.truncate(at);
    history.retain(|message| !message.text.is_empty());
    history.drain(..history.len().saturating_sub(MAX_HISTORY));

    let mut options = Map::new();
    match frame.get("body") {
        None | Some(Value::Null) => {}
        Some(Value::Object(body)) => {
            let own = OPTIONS.iter().filter_map(|name| Some(((*name).to_owned(), body.get(*name)?.clone())));
            options.extend(own);
        }
        Some(_) => return Err("body must be an object".into()),
    }
    options.insert("text_user_msg".into(), text.into());
    let message = native::message(&options).map_err(|error| error.message)?;
    let instructions = Some(instructions.join("\n")).filter(|text| !text.is_empty());
    if instructions.as_ref().is_some_and(|text| text.chars().count() > MAX_INSTRUCTIONS) {
        return Err(format!("system messages have at most {MAX_INSTRUCTIONS} characters together"));
    }
    let message = Message { id: Some(id.to_owned()), history: Some(history), instructions, ..message };
    Ok((message, images_of(parts, id)?))
}

/// A message's text parts, joined.
fn text_of(parts: &[Value]) -> Result<String, String> {
    let mut texts = Vec::new();
    for part in parts {
        match part.get("type").and_then(Value::as_str) {
            Some("text") => {
                texts.push(part.get("text").and_then(Value::as_str).ok_or("a text part has no text")?);
            }
            Some(_) => {} // what is no text was not said
            None => return Err("a part has no type".into()),
        }
    }
    Ok(texts.join("\n"))
}

/// The answer as it was before it was said in a tone, which this server told beside it: a tone's phrases would lead a
/// follow-up question astray.
fn plain_of(parts: &[Value]) -> Option<&str> {
    let told = parts.iter().find(|part| part["type"] == "data-timings")?;
    told.get("data")?.get("answer")?.as_str().filter(|answer| !answer.is_empty())
}

/// The pictures among a question's parts, each as a data URL.
fn images_of(parts: &[Value], id: &str) -> Result<Vec<Upload>, String> {
    let files = parts.iter().filter(|part| part["type"] == "file");
    files
        .map(|part| {
            let url = part.get("url").and_then(Value::as_str).unwrap_or_default();
            let data = url.strip_prefix("data:").and_then(|data| data.split_once(";base64,"));
            let (mime, data) = data.ok_or("a file must be an image as a data: URL in base64")?;
            let bytes = BASE64_STANDARD.decode(data).map_err(|_| "a file's data: URL is no base64")?;
            Ok(Upload { bytes: bytes.into(), mime: Some(mime.to_owned()), id: Some(image_id(id)) })
        })
        .collect()
}

/// What a question's pictures are called, so that what is wrong with one is not taken for the question's refusal.
pub(super) fn image_id(message_id: &str) -> String {
    format!("{message_id}-image")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Tone;

    fn frame(value: &Value) -> Result<Frame, Unread> {
        decode(&value.to_string(), || "m1".into())
    }

    fn send() -> Value {
        let text = |role: &str, text: &str| json!({ "id": "x", "role": role, "parts": [{ "type": "text", "text": text }] });
        json!({
            "type": "send", "requestId": "r1", "id": "chat 1", "trigger": "submit-message",
            "messages": [text("system", "Be brief."), text("user", "Who built it?"), text("assistant", "Lin."), text("user", "When?")],
            "headers": {}, "body": { "tone": "elder_friendly", "other": 1 },
        })
    }

    #[test]
    fn the_last_thing_said_is_the_question_and_the_rest_its_history() {
        let Ok(Frame::Send(question)) = frame(&send()) else { panic!() };
        let Question { request_id, chat_id, message, images } = *question;
        assert_eq!((&*request_id, &*chat_id, &*message.text), ("r1", "chat 1", "When?"));
        let history = message.history.unwrap();
        assert_eq!(history.iter().map(|it| &*it.text).collect::<Vec<_>>(), ["Who built it?", "Lin."]);
        assert_eq!(history[1].speaker, Speaker::House);
        assert_eq!(
            (message.instructions.as_deref(), message.tone),
            (Some("Be brief."), Some(Tone::ElderFriendly))
        );
        assert_eq!(message.id.as_deref(), Some("m1"));
        assert!(images.is_empty());

        // Of a reply that this server gave, the plain answer.
        let mut told = send();
        let timings = json!({ "type": "data-timings", "data": { "answer": "It was Lin." } });
        told["messages"][2]["parts"].as_array_mut().unwrap().push(timings);
        let Ok(Frame::Send(question)) = frame(&told) else { panic!() };
        assert_eq!(question.message.history.unwrap()[1].text, "It was Lin.");
    }

    #[test]
    fn a_reply_that_is_wanted_again_is_no_history() {
        let mut again = send();
        again["trigger"] = "regenerate-message".into();
        again["messages"].as_array_mut().unwrap().push(json!({ "role": "assistant", "parts": [] }));
        let Ok(Frame::Send(question)) = frame(&again) else { panic!() };
        assert_eq!((&*question.message.text, question.message.history.unwrap().len()), ("When?", 2));
    }

    #[test]
    fn pictures_come_along() {
        let mut shown = send();
        let picture =
            json!({ "type": "file", "mediaType": "image/png", "url": "data:image/png;base64,AAEC" });
        shown["messages"][3]["parts"].as_array_mut().unwrap().push(picture);
        let Ok(Frame::Send(question)) = frame(&shown) else { panic!() };
        let image = &question.images[0];
        assert_eq!((&*image.bytes, image.mime.as_deref()), (&[0, 1, 2][..], Some("image/png")));
        assert_ne!(image.id, question.message.id);
        shown["messages"][3]["parts"][1]["url"] = "https://example/cat.png".into();
        assert!(matches!(frame(&shown), Err(Unread::Wrong { .. })));
    }

    #[test]
    fn resumes_and_aborts_are_read() {
        let resume = json!({ "type": "resume", "requestId": "r", "id": "c", "headers": {}, "body": {} });
        assert_eq!(frame(&resume), Ok(Frame::Resume { request_id: "r".into(), chat_id: "c".into() }));
        let abort = json!({ "type": "abort", "requestId": "r" });
        assert_eq!(frame(&abort), Ok(Frame::Abort { request_id: "r".into() }));
    }

    #[test]
    fn what_names_no_request_is_ignored_and_all_else_is_told() {
        for ignored in ["", "{", "[]", "7", "null", "{}", r#"{"type":"send"}"#, r#"{"requestId":7}"#] {
            assert_eq!(decode(ignored, || "m".into()), Err(Unread::Ignored), "{ignored}");
        }
        let long = json!({ "type": "abort", "requestId": "x".repeat(129) });
        assert_eq!(frame(&long), Err(Unread::Ignored));
        // Each field left out, and with each wrong value.
        for name in ["type", "id", "trigger", "messages"] {
            for value in [json!(null), json!(7), json!([]), json!({}), json!("?"), json!("")] {
                let mut wrong = send();
                if (name, &value) == ("id", &json!("?")) {
                    continue; // any text is an id
                }
                wrong[name] = value.clone();
                let Err(Unread::Wrong { request_id, why }) = frame(&wrong) else { panic!("{name}: {value}") };
                assert_eq!(request_id, "r1");
                assert!(!why.is_empty());
            }
        }
        for messages in [
            json!([7]),
            json!([{ "role": "user" }]),
            json!([{ "role": "pirate", "parts": [] }]),
            json!([{ "role": "user", "parts": [{}] }]),
            json!([{ "role": "user", "parts": [{ "type": "text", "text": 7 }] }]),
            json!([{ "role": "user", "parts": [{ "type": "text", "text": " " }] }]),
            json!([{ "role": "assistant", "parts": [] }]),
        ] {
            let mut wrong = send();
            wrong["messages"] = messages.clone();
            assert!(matches!(frame(&wrong), Err(Unread::Wrong { .. })), "{messages}");
        }
        let mut wrong = send();
        wrong["body"] = json!({ "tone": "pirate" });
        assert!(matches!(frame(&wrong), Err(Unread::Wrong { .. })));
    }
}
