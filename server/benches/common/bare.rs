//! What a client without Rapport would call: the models and the camera themselves.

use reqwest::{Client, Response};
use serde_json::{Value, json};

/// A client of one simulator, warm like Rapport's own.
#[derive(Clone)]
pub struct Bare {
    client: Client,
    url: String,
    camera: String,
}

/// As Rapport's own: connections stay open, and nothing waits for more to send.
pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tcp_nodelay(true).build().unwrap()
}

/// A model's reply as it comes.
pub struct Stream {
    response: Response,
    buffer: Vec<u8>,
}

impl Bare {
    /// `address`: of the simulator, or of a relay before it.
    pub fn new(address: &str) -> Self {
        let url = format!("http://{address}/v1/chat/completions");
        let camera = format!("http://{address}/api/get-user-description?session_id=bare");
        Self { client: client(), url, camera }
    }

    pub async fn describe(&self) -> String {
        let text = self.client.get(&self.camera).send().await.unwrap().text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        body["user_description"].as_str().unwrap().to_owned()
    }

    pub async fn chat(&self, model: &str, user: &str) -> Stream {
        let messages = json!([
            {"role": "system", "content": "You are a museum's guide."},
            {"role": "user", "content": user},
        ]);
        let body = json!({"model": model, "messages": messages, "stream": true}).to_string();
        let request = self.client.post(&self.url).header("content-type", "application/json").body(body);
        Stream { response: request.send().await.unwrap(), buffer: Vec::new() }
    }

    /// A whole reply.
    pub async fn text(&self, model: &str, user: &str) -> String {
        self.chat(model, user).await.rest().await
    }
}

impl Stream {
    /// The next piece of text; none at the end.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let Some(data) = line.strip_prefix(b"data: ") else { continue };
                let Ok(chunk) = serde_json::from_slice::<Value>(data) else { continue };
                match chunk["choices"][0]["delta"]["content"].as_str() {
                    Some(text) if !text.is_empty() => return Some(text.to_owned()),
                    _ => {}
                }
            }
            self.buffer.extend_from_slice(&self.response.chunk().await.unwrap()?);
        }
    }

    /// Reads until the text so far holds something.
    pub async fn until(&mut self, part: &str) -> String {
        let mut text = String::new();
        while let Some(piece) = self.next().await {
            text.push_str(&piece);
            if text.contains(part) {
                break;
            }
        }
        text
    }

    /// All that still comes.
    pub async fn rest(mut self) -> String {
        let mut text = String::new();
        while let Some(piece) = self.next().await {
            text.push_str(&piece);
        }
        text
    }
}
