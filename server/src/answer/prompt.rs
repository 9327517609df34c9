//! The prompt of a plain answer, cut to what fits into the model's context.

use super::{Query, Voice};
use crate::event::HistoryMessage;
use crate::language::{tokens, within};
use crate::llm::{ChatRequest, Role, untagged};
use crate::prompts::Prompts;

/// An answer is spoken to someone who stands: a few sentences.
const MAX_TOKENS: u32 = 500;

/// A passage whose score is less than this share of the best one's only leads a small model astray.
const FAR: f32 = 0.5;

/// A front-end's instructions take at most this share of the room: the house's documents come first.
const INSTRUCTIONS: usize = 4;

/// What fits into a model's context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// `context_tokens`: prompt and answer together, in tokens.
    pub context_tokens: usize,
}

/// Builds the request: instructions, history, passages (the best behind the others), question. Over the budget, the oldest history goes
/// first, then the lowest passages.
pub(super) fn request(
    prompts: &Prompts,
    budget: Budget,
    query: &Query,
    voice: Option<&Voice>,
) -> ChatRequest {
    let has_documents = query.passages.is_some();
    let system = match voice {
        Some(voice) => prompts.direct(voice.tone, query.lang, has_documents),
        None => prompts.answer(query.lang, has_documents),
    };
    let room = budget.context_tokens.saturating_sub(MAX_TOKENS as usize);
    let system = match &query.instructions {
        Some(instructions) => format!("{system}\n\n{}", within(instructions, room / INSTRUCTIONS)),
        None => system,
    };
    let mention = voice.and_then(|voice| voice.mention.as_deref());
    let mention = mention.map_or_else(String::new, |it| format!("<mention>{}</mention>\n", untagged(it)));
    let question = format!("{mention}<question>{}</question>", untagged(&query.question));
    let passages: Option<Vec<String>> = query.passages.as_ref().map(|passages| {
        let best = passages.iter().map(|it| it.source.score).fold(0.0, f32::max);
        let of_one = |passage: &crate::knowledge::Passage| {
            format!("[{}] {}", untagged(&passage.source.title), untagged(&passage.text))
        };
        passages.iter().filter(|it| it.source.score >= FAR * best).map(of_one).collect()
    });

    let mut left = room.saturating_sub(tokens(&system) + tokens(&question));
    let passages = passages.map(|passages| keep(passages.iter(), &mut left, |text| tokens(text)));
    let mut history: Vec<HistoryMessage> =
        keep(query.history.iter().rev(), &mut left, |message| tokens(&message.text));
    history.reverse();

    let user = match passages {
        Some(mut passages) => {
            passages.reverse(); // the best next to the question: small models look there first
            format!("<passages>\n{}\n</passages>\n{question}", passages.join("\n"))
        }
        None => question,
    };
    ChatRequest { role: Role::Answer, system, history, user, max_tokens: MAX_TOKENS, temperature: 0.0 }
}

/// Takes items from the front for as long as they fit.
fn keep<'a, T: Clone + 'a>(
    items: impl Iterator<Item = &'a T>,
    left: &mut usize,
    cost: impl Fn(&T) -> usize,
) -> Vec<T> {
    items
        .take_while(|item| {
            let fits = cost(item) <= *left;
            *left = left.saturating_sub(cost(item));
            fits
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::Source;
    use crate::event::{Speaker, Tone};
    use crate::knowledge::Passage;
    use crate::language::Lang;

    fn query(history: usize, passages: usize) -> Query {
        let message = |n: usize| HistoryMessage {
            speaker: Speaker::Visitor,
            text: format!("h{n} {}", "x".repeat(300)),
            tone: None,
        };
        let passage = |n: usize| Passage {
            source: Source { title: Arc::from("T"), file: Arc::from("f"), score: 1.0 },
            text: Arc::from(format!("p{n} {}", "x".repeat(300))),
            position: 1,
            nearness: None,
        };
        Query {
            question: "Why <b>?".into(),
            standalone: "Why <b>?".into(),
            lang: Lang::En,
            history: (0..history).map(message).collect(),
            instructions: None,
            passages: Some((0..passages).map(passage).collect()),
        }
    }

    #[test]
    fn the_oldest_history_goes_first_then_the_lowest_passages() {
        let prompts = Prompts::default();
        let request_of = |context_tokens| request(&prompts, Budget { context_tokens }, &query(3, 3), None);
        let whole = request_of(4096);
        assert_eq!(whole.history.len(), 3);
        assert!(whole.user.contains("p2") && whole.user.ends_with("<question>Why ‹b›?</question>"));

        let base = 500 + tokens(&prompts.answer(Lang::En, true)) + tokens("<question>Why ‹b›?</question>");
        let tight = request_of(base + 4 * 115);
        assert_eq!(tight.history.len(), 1);
        assert!(tight.history[0].text.starts_with("h2") && tight.user.contains("p2"));

        let tighter = request_of(base + 2 * 115);
        assert!(tighter.history.is_empty());
        assert!(tighter.user.contains("p1") && !tighter.user.contains("p2"));
    }

    #[test]
    fn the_best_passage_is_next_to_the_question_and_far_ones_are_left_out() {
        let mut query = query(0, 3);
        for (passage, score) in query.passages.iter_mut().flatten().zip([1.0, 0.6, 0.4]) {
            passage.source.score = score;
        }
        let user = request(&Prompts::default(), Budget { context_tokens: 4096 }, &query, None).user;
        let at = |passage: &str| user.find(passage);
        assert!(at("p1 ") < at("p0 ") && at("p1 ").is_some() && at("p2 ").is_none(), "{user}");
    }

    #[test]
    fn a_voice_speaks_by_its_persona_and_may_mention() {
        let voice = Voice { tone: Tone::ChildFriendly, mention: Some("a red <coat>".into()) };
        let prompts = Prompts::default();
        let request = request(&prompts, Budget { context_tokens: 4096 }, &query(0, 1), Some(&voice));
        assert_eq!(request.system, prompts.direct(Tone::ChildFriendly, Lang::En, true));
        assert!(request.user.ends_with("<mention>a red ‹coat›</mention>\n<question>Why ‹b›?</question>"));
    }

    #[test]
    fn what_a_front_end_asks_stands_behind_the_houses_own_prompt() {
        let prompts = Prompts::default();
        let query = Query { instructions: Some("Answer in one sentence.".into()), ..query(0, 1) };
        let request = request(&prompts, Budget { context_tokens: 4096 }, &query, None);
        let system = format!("{}\n\nAnswer in one sentence.", prompts.answer(Lang::En, true));
        assert_eq!(request.system, system);
    }

    #[test]
    fn a_front_ends_instructions_leave_room_for_the_documents() {
        for long in ["請用一句話回答。".repeat(2000), "Answer in one sentence. ".repeat(2000)] {
            let query = Query { instructions: Some(long), ..query(0, 1) };
            let request = request(&Prompts::default(), Budget { context_tokens: 4096 }, &query, None);
            assert!(request.user.contains("p0") && request.likely_tokens() < 4096 - 500);
        }
    }

    #[test]
    fn without_documents_no_passages_are_spoken_of() {
        let prompts = Prompts::default();
        let query = Query { passages: None, ..query(0, 0) };
        let request = request(&prompts, Budget { context_tokens: 4096 }, &query, None);
        assert!(!request.user.contains("passages"));
    }
}
