//! Chat completion chunks out of a byte stream of server-sent events.
//!
//! Every OpenAI-compatible backend sends one `data:` line an event, so lines are the unit; comments and
//! other fields (`event:`, `id:`) are passed over. A line is read where it lies: the only copy of a token is
//! its own text. The chunks of one stream differ in their text and in little else, so what surrounds it is parsed
//! once and then compared: a tenth of the parser's time, which was half of a relayed turn's.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::{Buf, Bytes, BytesMut};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Delta, LlmError};
use crate::event::Usage;

/// One line's limit: far above any chunk, far below what would hurt.
const MAX_LINE: usize = 256 * 1024;

/// Turns bytes into deltas.
#[derive(Debug, Default)]
pub(super) struct Decode {
    /// The beginning of a line whose end has not come.
    begun: BytesMut,
    /// What came behind it.
    piece: Bytes,
    /// `[DONE]` came: what follows is not ours.
    pub(super) done: bool,
    /// A choice named its finish reason: the text is whole even without `[DONE]`.
    pub(super) finished: bool,
    /// The last chunk that had a text and nothing else to tell.
    known: Option<Surroundings>,
}

impl Decode {
    /// Adds bytes; those before must have been read to their end.
    pub(super) fn push(&mut self, piece: Bytes) {
        debug_assert!(self.done || self.piece.is_empty(), "next() has said that it needs more");
        self.piece = piece;
    }

    /// The next delta among the bytes so far; `None`: more bytes are needed, or the stream is done.
    pub(super) fn next(&mut self) -> Result<Option<Delta>, LlmError> {
        while !self.done {
            let end = memchr::memchr(b'\n', &self.piece);
            if self.begun.len() + end.unwrap_or(self.piece.len()) > MAX_LINE {
                return Err(LlmError::Garbage(format!("a line of more than {MAX_LINE} bytes")));
            }
            let Some(end) = end else {
                self.begun.extend_from_slice(&self.piece);
                self.piece.clear();
                return Ok(None);
            };
            let rest = self.piece.split_to(end);
            self.piece.advance(1); // the line's end
            let delta = if self.begun.is_empty() {
                self.line(&rest)?
            } else {
                let mut line = std::mem::take(&mut self.begun);
                line.extend_from_slice(&rest);
                self.line(&line)?
            };
            if delta.is_some() {
                return Ok(delta);
            }
        }
        Ok(None)
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Delta>, LlmError> {
        let Some(data) = line.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else { return Ok(None) };
        if data == b"[DONE]" {
            self.done = true;
            return Ok(None);
        }
        self.chunk(data)
    }

    fn chunk(&mut self, data: &[u8]) -> Result<Option<Delta>, LlmError> {
        if let Some(text) = self.known.as_ref().and_then(|known| known.text(data)) {
            return Ok(Some(Delta::Text(text.to_owned())));
        }
        // Looked at as text once, not string by string.
        let data = std::str::from_utf8(data).map_err(|error| LlmError::Garbage(error.to_string()))?;
        let chunk: Chunk<'_> =
            serde_json::from_str(data).map_err(|error| LlmError::Garbage(error.to_string()))?;
        if let Some(error) = chunk.error {
            // A number is the HTTP status; a name, as OpenAI gives, is not.
            let status = error.code.and_then(|code| u16::try_from(code.as_u64()?).ok()).unwrap_or(400);
            return Err(LlmError::Refused { status, message: shorten(&error.message), retry_after: None });
        }
        if let Some(choice) = chunk.choices.0 {
            self.finished |= choice.finish_reason.is_some();
            if let Some(text) = choice.delta.content.filter(|text| !text.0.is_empty()) {
                if !self.finished && chunk.usage.is_none() {
                    self.known = Surroundings::of(&text, data);
                }
                return Ok(Some(Delta::Text(text.0.into_owned())));
            }
        }
        Ok(chunk.usage.map(|usage| {
            Delta::Usage(Usage {
                llm_calls: 0,
                input_tokens: usage.prompt_tokens,
                output_tokens: usage.completion_tokens,
                ..Usage::default()
            })
        }))
    }
}

/// What stands before and behind the text in a chunk.
#[derive(Debug)]
struct Surroundings {
    before: Box<str>,
    behind: Box<str>,
}

impl Surroundings {
    /// Those of a text that was parsed out of a chunk; none if it is written with escapes there.
    fn of(text: &Text<'_>, chunk: &str) -> Option<Self> {
        let Text(Cow::Borrowed(text)) = text else { return None };
        let start = text.as_ptr().addr() - chunk.as_ptr().addr();
        Some(Self { before: chunk[..start].into(), behind: chunk[start + text.len()..].into() })
    }

    /// The text of a chunk that is the same but for its text; none if it is empty or has escapes, which are the
    /// parser's.
    fn text<'a>(&self, chunk: &'a [u8]) -> Option<&'a str> {
        let text = chunk.strip_prefix(self.before.as_bytes())?.strip_suffix(self.behind.as_bytes())?;
        let is_plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
        let is_plain = !text.is_empty() && text.iter().all(is_plain);
        is_plain.then(|| std::str::from_utf8(text).ok())?
    }
}

/// A backend's message, short enough for a log line and an error frame.
pub(super) fn shorten(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    line.chars().take(200).collect()
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: First<'a>,
    usage: Option<ChunkUsage>,
    #[serde(borrow)]
    error: Option<ChunkError<'a>>,
}

/// The first of the choices; no more than one is asked for. A list would be an allocation a token.
#[derive(Default)]
struct First<'a>(Option<Choice<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<'a>(PhantomData<Choice<'a>>);
        impl<'de: 'a, 'a> Visitor<'de> for List<'a> {
            type Value = First<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of choices")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First<'a>, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: ChoiceDelta<'a>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
struct ChoiceDelta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
}

/// Borrowed where it has no escapes; in an `Option`, a `Cow` of its own would always be a copy.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct ChunkUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

#[derive(Deserialize)]
struct ChunkError<'a> {
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    code: Option<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], step: usize) -> (Result<String, LlmError>, bool) {
        let mut decode = Decode::default();
        let mut text = String::new();
        for piece in bytes.chunks(step) {
            decode.push(Bytes::copy_from_slice(piece));
            loop {
                match decode.next() {
                    Ok(Some(Delta::Text(piece))) => text.push_str(&piece),
                    Ok(Some(Delta::Usage(_))) => {}
                    Ok(None) => break,
                    Err(error) => return (Err(error), decode.done),
                }
            }
        }
        (Ok(text), decode.done)
    }

    #[test]
    fn text_is_the_same_whatever_the_chunk_borders() {
        let stream = concat!(
            ": keep-alive\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"工研院 \\u201cITRI\\u201d\"}}]}\n\n",
            "event: x\ndata:{\"choices\":[{\"delta\":{\"content\":\" 1973\"},\"finish_reason\":null}]}\n\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
            "data: [DONE]\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"late\"}}]}\n\n",
        );
        for step in 1..stream.len() {
            let (text, done) = decode(stream.as_bytes(), step);
            assert_eq!(text.unwrap(), "工研院 “ITRI” 1973", "in steps of {step}");
            assert!(done);
        }
    }

    /// Behind a chunk whose surroundings are known, any line is read as it is by itself.
    #[test]
    fn a_known_chunk_changes_nothing_in_the_next_ones_reading() {
        let known = "data: {\"choices\":[{\"delta\":{\"content\":\"known\"}}],\"created\":1}\n";
        for content in [
            r#""plain""#,
            r#""工研院""#,
            r#""""#,
            r#""\n""#,
            r#""a \"quoted\" one""#,
            r#""a"}}],"choices":[{"delta":{"content":"b""#,
            r#""a","role":"assistant""#,
            "null",
            "7",
            "\"a\tb\"",
            r#""open"#,
        ] {
            let next = known.replace("\"known\"", content);
            let later = next.replace(":1}", ":2}");
            let finished = next.replace("}}]", "},\"finish_reason\":\"stop\"}]");
            for next in [next, later, finished] {
                let alone = decode(next.as_bytes(), next.len());
                let behind = decode(format!("{known}{next}").as_bytes(), 4096);
                assert_eq!(behind.0, alone.0.map(|text| format!("known{text}")), "{next}");
            }
        }
        let known = [b"data: {\"choices\":[{\"delta\":{\"content\":\"", &b"known"[..], b"\"}}]}\n"];
        let broken = [known[0], b"\xff", known[2]];
        let stream = [known.concat(), broken.concat()].concat();
        assert!(matches!(decode(&stream, stream.len()).0, Err(LlmError::Garbage(_))));
    }

    #[test]
    fn what_is_no_chunk_is_garbage() {
        for line in ["data: <html>\n", "data: [1]\n", "data: {\"choices\":7}\n"] {
            assert!(matches!(decode(line.as_bytes(), 5).0, Err(LlmError::Garbage(_))), "{line}");
        }
        let endless = vec![b'x'; MAX_LINE + 2];
        assert!(matches!(decode(&endless, 4096).0, Err(LlmError::Garbage(_))));
    }

    #[test]
    fn an_error_object_in_the_stream_is_a_refusal() {
        let named = "data: {\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}\n";
        assert!(matches!(decode(named.as_bytes(), 9).0, Err(LlmError::Refused { status: 400, .. })));

        let stream = "data: {\"error\":{\"message\":\"context too long\\nmore\",\"code\":400}}\n";
        assert_eq!(
            decode(stream.as_bytes(), 9).0,
            Err(LlmError::Refused { status: 400, message: "context too long".into(), retry_after: None })
        );
    }
}
