//! What a client asks for.

use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// The fields that matter here; all others (`temperature`, `max_tokens` ...) are ignored.
#[derive(Debug, Deserialize)]
struct Body {
    model: String,
    messages: Vec<BodyMessage>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    response_format: Option<Format>,
    #[serde(default)]
    user: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Format {
    json_schema: Option<JsonSchema>,
}

#[derive(Debug, Deserialize)]
struct JsonSchema {
    schema: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct BodyMessage {
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    image_url: Option<Value>,
}

/// A request that makes sense: it has a message.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) model: String,
    /// Whether the reply comes token by token.
    pub(crate) stream: bool,
    /// Whether a streamed reply ends with a usage chunk.
    pub(crate) include_usage: bool,
    /// The JSON schema that the reply is to have.
    pub(crate) schema: Option<Value>,
    /// The end user's id, which stands for a session.
    pub(crate) user: Option<String>,
    messages: Vec<Message>,
    /// Which message is the last of the user.
    last: usize,
}

/// A message, its text parts joined.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) role: String,
    pub(crate) text: String,
    pub(crate) has_image: bool,
}

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// The field.
    pub(crate) param: Option<&'static str>,
}

impl Request {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let refuse = |message, param| Problem { status: StatusCode::BAD_REQUEST, message, param };
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| refuse(format!("the body is not a chat request: {error}"), None))?;
        let messages: Vec<Message> = body.messages.into_iter().map(Message::from).collect();
        let last =
            messages.iter().rposition(|message| message.role == "user").or(messages.len().checked_sub(1));
        let Some(last) = last else {
            return Err(refuse("`messages` is empty".to_owned(), Some("messages")));
        };
        Ok(Self {
            model: body.model,
            stream: body.stream.unwrap_or_default(),
            include_usage: body.stream_options.is_some_and(|options| options.include_usage),
            schema: body.response_format.and_then(|format| format.json_schema?.schema),
            user: body.user.filter(|user| !user.is_empty()),
            messages,
            last,
        })
    }

    /// The last message of the user, or just the last one if the user said nothing.
    pub(crate) fn last(&self) -> &Message {
        &self.messages[self.last]
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        Self { status: rejection.status(), message: rejection.body_text(), param: None }
    }
}

impl From<BodyMessage> for Message {
    fn from(message: BodyMessage) -> Self {
        let parts = match message.content {
            None => Vec::new(),
            Some(Content::Parts(parts)) => parts,
            Some(Content::Text(text)) => {
                return Self { role: message.role, text, has_image: false };
            }
        };
        let has_image = parts.iter().any(|part| part.kind == "image_url" || part.image_url.is_some());
        let texts: Vec<String> = parts.into_iter().filter_map(|part| part.text).collect();
        Self { role: message.role, text: texts.join("\n"), has_image }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read() {
        let request = Request::parse(
            br#"{"model":"sim","stream":true,"stream_options":{"include_usage":true},"temperature":0.2,"messages":[
                {"role":"system","content":"be brief"},
                {"role":"user","content":[{"type":"text","text":"who"},{"type":"text","text":"is it"},
                    {"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},
                {"role":"assistant","content":null}]}"#,
        )
        .unwrap();
        assert!(request.stream && request.include_usage);
        let expect = Message { role: "user".into(), text: "who\nis it".into(), has_image: true };
        assert_eq!(*request.last(), expect);
    }

    #[test]
    fn without_a_user_the_last_message_counts() {
        let request =
            Request::parse(br#"{"model":"sim","messages":[{"role":"system","content":"a"}]}"#).unwrap();
        assert_eq!(request.last().text, "a");
        assert!(!request.stream && !request.include_usage);
    }

    #[test]
    fn bad_requests_are_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"model":"sim"}"#,
            r#"{"model":"sim","messages":[{"role":"user","content":5}]}"#,
        ] {
            assert!(Request::parse(body.as_bytes()).is_err(), "{body}");
        }
        let empty = Request::parse(br#"{"model":"sim","messages":[]}"#).unwrap_err();
        assert_eq!(empty.param, Some("messages"));
    }
}
