//! The frames of the native wire, as far as a load test reads and writes them. What is read borrows from the
//! text: a token costs no allocation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A question.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "message")]
pub(super) struct Ask<'a> {
    pub(super) text_user_msg: &'a str,
    pub(super) id: &'a str,
    pub(super) convert_tone: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strategy: Option<&'a str>,
}

impl Ask<'_> {
    /// The frame as text.
    pub(super) fn encode(&self) -> String {
        // Strings and a truth value: there is nothing that JSON can't hold.
        serde_json::to_string(self).expect("a frame is JSON")
    }
}

/// What all frames of a server may have.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) seq: Option<u64>,
    /// The first of several tokens in one frame.
    pub(super) from_seq: Option<u64>,
    pub(super) turn_id: Option<&'a str>,
    /// Our own.
    pub(super) id: Option<&'a str>,
}

impl<'a> Head<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// How many tokens the frame stands for.
    pub(super) fn tokens(&self) -> u64 {
        match (self.from_seq, self.seq) {
            // Bounded: the numbers are the server's.
            (Some(from), Some(seq)) => seq.saturating_sub(from).min(100_000) + 1,
            _ => 1,
        }
    }
}

/// `session`: who answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Default)]
pub(super) struct Greeting {
    /// `builtin` or `llm`.
    #[serde(default)]
    pub(super) server: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) demo: bool,
    #[serde(default)]
    pub(super) limits: Limits,
}

/// `limits` within `session`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, Default)]
pub(super) struct Limits {
    /// 0: unlimited.
    #[serde(default)]
    pub(super) messages_per_minute: u64,
}

/// `turn_done`.
#[derive(Debug, Deserialize)]
pub(super) struct Done<'a> {
    pub(super) status: &'a str,
    pub(super) tone: Option<&'a str>,
    pub(super) outcome: Option<&'a str>,
    #[serde(borrow, default)]
    pub(super) degraded: Vec<&'a str>,
    #[serde(default)]
    pub(super) timings_ms: Timings,
}

/// The server's own clock, within `turn_done`. In ms from when the message arrived there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Timings {
    pub(super) first_token: Option<f64>,
    pub(super) total: Option<f64>,
}

/// `error`.
#[derive(Debug, Deserialize)]
pub(super) struct Failure<'a> {
    pub(super) code: &'a str,
    #[serde(borrow, default)]
    pub(super) message: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_says_no_more_than_it_must() {
        let ask = Ask { text_user_msg: "Who?", id: "q1", convert_tone: true, strategy: None };
        assert_eq!(
            ask.encode(),
            r#"{"type":"message","text_user_msg":"Who?","id":"q1","convert_tone":true}"#
        );
    }

    #[test]
    fn a_frame_counts_the_tokens_that_it_stands_for() {
        let count = |text| Head::read(text).unwrap().tokens();
        assert_eq!(count(r#"{"type":"token","turn_id":"t1","text":"a \"b\" \u00e9","seq":9}"#), 1);
        assert_eq!(count(r#"{"type":"token","turn_id":"t1","text":"a b c","from_seq":7,"seq":9}"#), 3);
        assert_eq!(count(r#"{"type":"token","text":"a","from_seq":9,"seq":7}"#), 1);
        assert!(Head::read("{}").is_none());
        assert!(Head::read("[]").is_none());
    }

    #[test]
    fn what_a_frame_lacks_is_nothing() {
        let done: Done<'_> =
            serde_json::from_str(r#"{"status":"failed","tone":null,"timings_ms":{"total":1.5}}"#).unwrap();
        assert_eq!((done.status, done.tone, done.timings_ms.total), ("failed", None, Some(1.5)));
        let failure: Failure<'_> = serde_json::from_str(r#"{"code":"busy","message":"a \"b\""}"#).unwrap();
        assert_eq!(failure.message, "a \"b\"");
        assert_eq!(serde_json::from_str::<Greeting>("{}").unwrap(), Greeting::default());
    }
}
