//! What a model says, and when.

use tokio::time::Instant;
use tracing::trace;

use super::request::Request;
use super::schema;
use crate::dice;
use crate::garbage::Speech;
use crate::model::{Fault, Model, Role};
use crate::pace::Pace;
use crate::simulator::State;
use crate::token::tokens;
use crate::tone::tone;

/// Time to first token in seconds where the name gives none.
const TTFT: f64 = 0.3;
/// Tokens a second where the name gives none.
const TPS: f64 = 50.0;

/// What `convert` says where there is no text to convert: 12 words.
const OPENER: &str = "What a pleasure to see you here, dressed so well for exploring.";

/// What happens in a chat, decided before it starts.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) tokens: Vec<String>,
    pub(crate) timing: Timing,
    pub(crate) ending: Ending,
    /// How many tokens were read.
    pub(crate) prompt_tokens: usize,
}

/// How a chat goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As it should.
    Whole,
    /// The connection is dropped after this many tokens.
    Cut(usize),
    /// After this many tokens nothing more comes.
    Stall(usize),
    /// The tokens come as something that is not JSON.
    Garbage,
    /// Not the tokens but this comes: a media type and a body.
    Instead(&'static str, &'static str),
    /// An error with status 500.
    Error,
}

/// When the tokens leave, counted from a start that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    first: f64,
    tps: f64,
    factor: f64,
}

impl Timing {
    pub(crate) fn pace(self, start: Instant) -> Pace {
        Pace::new(start, self.first, self.tps, self.factor)
    }
}

impl Script {
    /// Decides what happens; draws what is left to chance. An image stands for the `nth` visitor of a session.
    pub(crate) fn write(
        state: &State,
        request: &Request,
        model: Model,
        session: Option<&str>,
        nth: usize,
    ) -> Self {
        let prompt_tokens = request.messages().iter().map(|message| tokens(&message.text).count()).sum();
        let role = role(request, model);
        if role == Role::Describe {
            let mut script = Self::describe(state, model, session.or(request.user.as_deref()), nth);
            if let (Some(schema), Ending::Whole) = (&request.schema, &script.ending) {
                script.tokens = cut_up(&schema::fill(schema, &script.tokens.concat()));
            }
            return Self { prompt_tokens, ..script };
        }
        let last = &request.last().text;
        let text = match role {
            Role::Convert => match between(last, "text").unwrap_or_default() {
                text if text.trim().is_empty() => OPENER,
                text => text,
            },
            Role::Select => tone(between(last, "description").unwrap_or(last)),
            Role::Rewrite => between(last, "question").unwrap_or(last).trim(),
            Role::Answer | Role::Describe => &state.config.answer,
        };
        let timing = Timing {
            first: model.ttft.map_or(TTFT, |ms| ms / 1000.0),
            tps: model.tps.unwrap_or(TPS),
            factor: state.chat_factor(),
        };
        Self { tokens: cut_up(text), timing, ending: Ending::from(model.fault), prompt_tokens }
    }

    /// A vision model: says what the description routes say, with their faults and, where the name gives no times,
    /// with their latency.
    fn describe(state: &State, model: Model, session: Option<&str>, nth: usize) -> Self {
        let visit = state.visit(session, nth);
        let described = &state.config.pool.visitors()[visit.visitor].description;
        let (text, ending) = match (Ending::from(model.fault), visit.fault) {
            (Ending::Whole, Some(dice::Fault::Error)) => (described.clone(), Ending::Error),
            (Ending::Whole, Some(dice::Fault::Hang)) => (described.clone(), Ending::Stall(0)),
            (Ending::Whole, Some(dice::Fault::Garbage(kind))) => match kind.speech() {
                Speech::Reply(media_type, body) => (String::new(), Ending::Instead(media_type, body)),
                Speech::Description(text) => (text, Ending::Whole),
            },
            (ending, _) => (described.clone(), ending),
        };
        trace!(description = text, "described");
        let timing = Timing {
            first: model.ttft.map_or(visit.latency.as_secs_f64(), |ms| ms / 1000.0),
            tps: model.tps.unwrap_or(0.0),
            factor: visit.factor,
        };
        Self { tokens: cut_up(&text), timing, ending, prompt_tokens: 0 }
    }
}

impl From<Option<Fault>> for Ending {
    fn from(fault: Option<Fault>) -> Self {
        match fault {
            Some(Fault::Cut(after)) => Self::Cut(after),
            Some(Fault::Stall(after)) => Self::Stall(after),
            Some(Fault::Garbage) => Self::Garbage,
            // A status is answered before there is a script.
            Some(Fault::Status(_)) | None => Self::Whole,
        }
    }
}

/// An image is always described; otherwise the name decides, and where it does not, a `<text>` is converted.
fn role(request: &Request, model: Model) -> Role {
    let last = request.last();
    match model.role {
        _ if last.has_image => Role::Describe,
        Some(role) => role,
        None if last.text.contains("<text>") => Role::Convert,
        None => Role::Answer,
    }
}

fn cut_up(text: &str) -> Vec<String> {
    tokens(text).map(str::to_owned).collect()
}

/// What stands between `<tag>` and `</tag>`, the last pair of them: a prompt may mention the tags before it uses them.
/// A tag that is not closed reaches to the end.
fn between<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let end = text.rfind(&close).unwrap_or(text.len());
    let start = text[..end].rfind(&open)? + open.len();
    Some(&text[start..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Simulator};

    fn said(model: &str, message: &serde_json::Value) -> String {
        let simulator = Simulator::new(Config::default()).unwrap();
        let body =
            serde_json::json!({ "model": model, "messages": [{ "role": "user", "content": message }] });
        let request = Request::parse(body.to_string().as_bytes()).unwrap();
        Script::write(&simulator.0, &request, model.parse().unwrap(), None, 0).tokens.concat()
    }

    #[test]
    fn each_role_says_its_own() {
        let check = |model, message: &str, expect: &str| assert_eq!(said(model, &message.into()), expect);
        check("sim-convert", "Put what is in <text></text> nicely.\n<text>一 two. </text>", "一 two. ");
        check("sim-convert", "no text", OPENER);
        check("sim-convert", "<text> \n</text>", OPENER);
        check("sim-convert", "<text>never closed", "never closed");
        check("sim", "<text>a</text>", "a");
        check("sim", "why?", crate::config::ANSWER);
        check("sim-answer", "<text>a</text>", crate::config::ANSWER);
        check("sim-rewrite", " 他是誰？\n", "他是誰？");
        check("sim-rewrite", "<question>他是誰？</question> Rewrite it.", "他是誰？");
        check(
            "sim-select",
            "a child, or <description>a man in a suit</description>",
            "professional_friendly",
        );
        check("sim-select", "一位阿嬤", "elder_friendly");
        assert_eq!(OPENER.split(' ').count(), 12);
    }

    #[test]
    fn an_image_is_described_by_any_model() {
        let image = serde_json::json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } }]);
        let pool = crate::Pool::builtin();
        for model in ["sim", "sim-answer-ttft1-tps0", "sim-describe"] {
            let said = said(model, &image);
            assert!(pool.visitors().iter().any(|visitor| visitor.description == said), "{said}");
        }
    }
}
