//! A client of an OpenAI-compatible `/embeddings` endpoint: texts as vectors of length 1, near each other where
//! they mean the same, in whatever language.

use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::LlmError;
use super::connection::Connection;
use super::http::Transport;

/// A batch's bound: 32 passages take a small machine some seconds.
const BATCH_TIMEOUT: Duration = Duration::from_secs(120);

/// A longer reply is garbage, in bytes: that of 32 texts and 4096 dimensions has some 3 MiB.
const MAX_REPLY: usize = 32 << 20;

/// Where the embeddings are and what is asked of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Endpoint {
    /// The base URL, ending in `/v1`.
    pub url: String,
    /// The model; by default the first that `/models` lists.
    pub model: Option<String>,
    /// Written before a question; none: what the model was trained with, as far as its name tells it.
    pub query_prefix: Option<String>,
    /// Written before a passage; as above.
    pub passage_prefix: Option<String>,
    /// The bearer key.
    pub key: Option<String>,
    /// How it is spoken to; a batch has a bound of its own.
    pub transport: Transport,
}

/// What a text is to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A question.
    Query,
    /// What questions are compared with.
    Passage,
}

/// A client of one endpoint.
#[derive(Debug)]
pub struct Embeddings {
    endpoint: Endpoint,
    connection: Connection,
    url: Url,
}

impl Embeddings {
    /// Prepares a client; nothing is sent yet. The error says what is wrong with the URL or the key.
    pub fn new(endpoint: Endpoint) -> Result<Self, String> {
        let connection = Connection::new(&endpoint.url, endpoint.key.as_deref(), &endpoint.transport)?;
        let url = connection.url("/embeddings")?;
        Ok(Self { endpoint, connection, url })
    }

    /// The model's name.
    pub async fn model(&self) -> Result<&str, LlmError> {
        match &self.endpoint.model {
            Some(name) => Ok(name),
            None => self.connection.listed_model().await,
        }
    }

    /// What is written before a text. E5 models were trained with `query: ` and `passage: `, and are much worse
    /// without.
    pub async fn prefix(&self, side: Side) -> Result<&str, LlmError> {
        let (configured, of_e5) = match side {
            Side::Query => (&self.endpoint.query_prefix, "query: "),
            Side::Passage => (&self.endpoint.passage_prefix, "passage: "),
        };
        match configured {
            Some(prefix) => Ok(prefix),
            None if is_e5(self.model().await?) => Ok(of_e5),
            None => Ok(""),
        }
    }

    /// A vector of length 1 for each text, in their order. All have the same dimension.
    pub async fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, LlmError> {
        let prefix = self.prefix(side).await?;
        let input = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        let body = Body { model: self.model().await?, input, encoding_format: "float" };
        let body = serde_json::to_vec(&body).map_err(|error| LlmError::Garbage(error.to_string()))?;
        let call = async {
            let response = self.connection.post(&self.url, body).await?;
            self.connection.read(response, MAX_REPLY).await
        };
        let reply = timeout(BATCH_TIMEOUT, call).await.map_err(|_| LlmError::Stalled(BATCH_TIMEOUT))??;
        vectors(&reply, texts.len()).map_err(|what| LlmError::Garbage(what.into()))
    }

    /// Whether the backend answers at all.
    pub async fn reach(&self) -> Result<(), LlmError> {
        self.connection.reach().await
    }
}

fn is_e5(model: &str) -> bool {
    model.to_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == "e5")
}

/// The vectors in a reply, made to length 1.
fn vectors(reply: &[u8], expected: usize) -> Result<Vec<Vec<f32>>, &'static str> {
    let reply: Reply = serde_json::from_slice(reply).map_err(|_| "no list of embeddings")?;
    let mut data = reply.data;
    if data.iter().any(|it| it.index.is_some()) {
        data.sort_by_key(|it| it.index);
        if data.iter().enumerate().any(|(at, it)| it.index != Some(at)) {
            return Err("not one embedding a text");
        }
    }
    let dimension = data.first().map_or(0, |it| it.embedding.len());
    if data.len() != expected || data.iter().any(|it| it.embedding.len() != dimension) || dimension == 0 {
        return Err("not one embedding a text");
    }
    let of_one = |Item { mut embedding, .. }: Item| {
        let length = embedding.iter().map(|it| it * it).sum::<f32>().sqrt();
        if !length.is_normal() {
            return Err("an embedding without direction");
        }
        for value in &mut embedding {
            *value /= length;
        }
        Ok(embedding)
    };
    data.into_iter().map(of_one).collect()
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Vec<String>,
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Reply {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    /// Of the text; none in all: in their order.
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_put_in_order_and_to_length_one() {
        let reply = br#"{"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]}"#;
        assert_eq!(vectors(reply, 2).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
        let reply = br#"{"data": [{"embedding": [3, 4]}, {"embedding": [0, 2]}]}"#;
        assert_eq!(vectors(reply, 2).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
    }

    #[test]
    fn what_is_no_embedding_of_each_text_is_told() {
        for reply in [
            r#"{"error": {}}"#,
            r#"{"data": []}"#,
            r#"{"data": [{"embedding": [1]}]}"#,
            r#"{"data": [{"embedding": [1]}, {"embedding": [1, 2]}]}"#,
            r#"{"data": [{"embedding": [1]}, {"embedding": [0]}]}"#,
            r#"{"data": [{"embedding": []}, {"embedding": []}]}"#,
            r#"{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [2]}]}"#,
            r#"{"data": [{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [2]}]}"#,
            r#"{"data": [{"index": 0, "embedding": [1]}, {"embedding": [2]}]}"#,
        ] {
            assert!(vectors(reply.as_bytes(), 2).is_err(), "{reply}");
        }
    }

    #[test]
    fn e5_is_known_by_its_name() {
        for (model, is) in [
            ("multilingual-e5-small-q4", true),
            ("intfloat/E5-large", true),
            ("bge-m3", false),
            ("me5x", false),
        ] {
            assert_eq!(is_e5(model), is, "{model}");
        }
    }
}
