//! A client of vision models behind an OpenAI-compatible `/chat/completions`: one picture in, one JSON object out.

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::LlmError;
use super::connection::Connection;
use super::http::Transport;

/// No description is longer; what comes beyond is not read.
const MAX_BODY: usize = 64 * 1024;

/// Tokens that a description may take.
const MAX_TOKENS: u32 = 200;

/// A client of one endpoint.
#[derive(Debug)]
pub struct Vision {
    connection: Connection,
    completions: Url,
    model: Option<String>,
}

/// What is shown to the model.
#[derive(Debug)]
pub struct Picture<'a> {
    /// The system prompt.
    pub system: &'a str,
    /// What is asked of the picture.
    pub question: &'a str,
    /// The picture as a `data:` URL.
    pub data_url: &'a str,
    /// The JSON schema of the reply.
    pub schema: &'a Value,
    /// The session and which of its visitors it is: added to the URL's query for a simulator, told to no model.
    pub visitor: Option<(&'a str, u32)>,
}

impl Vision {
    /// Prepares a client of a base that ends in `/v1`; a URL without a path is that of such a server's root. The
    /// error says what is wrong with the URL or the key. Without a model: the first that `/models` lists.
    pub fn new(
        url: &str,
        model: Option<String>,
        key: Option<&str>,
        transport: &Transport,
    ) -> Result<Self, String> {
        let is_root = Url::parse(url).is_ok_and(|url| url.path() == "/");
        let base = if is_root { format!("{}/v1", url.trim_end_matches('/')) } else { url.to_owned() };
        let connection = Connection::new(&base, key, transport)?;
        let completions = connection.url("/chat/completions")?;
        Ok(Self { connection, completions, model })
    }

    /// Asks for the object; gives its JSON text. A refusal and a reply that was cut are [`LlmError::Garbage`].
    pub async fn ask(&self, picture: &Picture<'_>) -> Result<String, LlmError> {
        let model = match &self.model {
            Some(name) => name,
            None => self.connection.listed_model().await?,
        };
        let body = json!({
            "model": model,
            "messages": [
                { "role": "system", "content": picture.system },
                { "role": "user", "content": [
                    { "type": "text", "text": picture.question },
                    { "type": "image_url", "image_url": { "url": picture.data_url } },
                ] },
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": { "name": "visitor", "strict": true, "schema": picture.schema },
            },
            "max_tokens": MAX_TOKENS,
            "temperature": 0,
        });
        let mut url = self.completions.clone();
        if let Some((session_id, visitor)) = picture.visitor {
            let mut query = url.query_pairs_mut();
            query.append_pair("session_id", session_id).append_pair("visitor", &visitor.to_string());
        }
        let response = self.connection.post(&url, body.to_string().into_bytes()).await?;
        content(&self.connection.read(response, MAX_BODY).await?)
    }

    /// Whether the backend answers at all.
    pub async fn reach(&self) -> Result<(), LlmError> {
        self.connection.reach().await
    }
}

#[derive(Deserialize)]
struct Reply {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

fn content(reply: &[u8]) -> Result<String, LlmError> {
    let garbage = |what: &str| LlmError::Garbage(what.to_owned());
    let reply: Reply = serde_json::from_slice(reply).map_err(|_| garbage("no chat completion"))?;
    let choice = reply.choices.into_iter().next().ok_or_else(|| garbage("no choice"))?;
    if choice.message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
        return Err(garbage("a refusal"));
    }
    if choice.finish_reason.is_some_and(|reason| reason != "stop") {
        return Err(garbage("a reply that is not whole"));
    }
    choice.message.content.filter(|text| !text.trim().is_empty()).ok_or(LlmError::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_reply_is_one() {
        let check = |choice: Value, expect: Option<&str>| {
            let reply = json!({ "choices": [choice] }).to_string();
            assert_eq!(content(reply.as_bytes()).ok().as_deref(), expect, "{reply}");
        };
        check(json!({ "message": { "content": "{}" }, "finish_reason": "stop" }), Some("{}"));
        check(json!({ "message": { "content": "{}" } }), Some("{}"));
        check(json!({ "message": { "content": "{}", "refusal": "" } }), Some("{}"));
        check(json!({ "message": { "content": null, "refusal": "I can't." } }), None);
        for reason in ["length", "content_filter", "tool_calls", "max_tokens"] {
            check(json!({ "message": { "content": "{}" }, "finish_reason": reason }), None);
        }
        check(json!({ "message": { "content": " " } }), None);
        assert!(content(br#"{"choices":[]}"#).is_err());
        assert!(content(b"<html>").is_err());
    }

    #[test]
    fn a_root_stands_for_its_v1() {
        let url =
            |url: &str| Vision::new(url, None, None, &Transport::default()).unwrap().completions.to_string();
        assert_eq!(url("http://127.0.0.1:5003"), "http://127.0.0.1:5003/v1/chat/completions");
        assert_eq!(url("http://127.0.0.1:5003/v1/"), "http://127.0.0.1:5003/v1/chat/completions");
        assert_eq!(url("http://host/api/v1"), "http://host/api/v1/chat/completions");
        assert!(Vision::new("127.0.0.1:5003", None, None, &Transport::default()).is_err());
    }
}
