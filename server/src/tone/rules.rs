//! Which tone a description calls for, decided by its words.
//!
//! Ages told by number outrank words of age, words of age outrank a school uniform, that outranks grey hair,
//! and age outranks dress: only of a grown-up of no great age does the dress decide. Whoever is known to be
//! grown up, or dressed for leisure, is casual; of anyone else the rules say nothing.
//!
//! - Only words that speak of the visitor count ([`super::scope`]): what is denied, quoted, written on a sign or
//!   shown in a picture changes nothing. Of several people, [`people`] finds the visitor.
//! - Work dress is business dress: lab coats, scrubs and the uniforms of guards and pilots too. A uniform that
//!   nobody names says nothing.
//! - A badge or an office speaks for business only while the dress is not casual.
//! - A cane or a wheelchair is no age.

mod age;
mod lexicon;
mod people;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::scope::{self, Standing};
use super::tokens::{Token, capped, tokens};
use crate::event::Tone;
use lexicon::{Sense, Stage, WORDS};
use people::Owner;

/// A rule's verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The tone.
    pub tone: Tone,
    /// The words of the description that decided, as they stand there.
    pub because: Vec<String>,
}

/// Something that the word lists or the age reader found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Find {
    tokens: Range<usize>,
    sense: Sense,
    /// Youngest and oldest, when an age is told by number.
    years: Option<(u32, u32)>,
    /// Whether it names a person.
    head: bool,
}

impl Find {
    const fn is_head(&self) -> bool {
        self.head
    }

    const fn is_trait(&self) -> bool {
        self.years.is_some() || matches!(self.sense, Sense::Trait(_) | Sense::Before(_) | Sense::Sign)
    }

    const fn tells_age(&self) -> bool {
        self.years.is_some() || matches!(self.sense, Sense::Trait(_) | Sense::Person(_) | Sense::School)
    }
}

/// Decides a description's tone, or abstains when none of its words says anything.
/// `elder_age`: from how many years a visitor counts as an elder.
pub fn decide(description: &str, elder_age: u8) -> Option<Verdict> {
    let description = capped(description);
    let tokens = tokens(description);
    let finds = finds(&tokens);
    if is_empty_scene(&finds) {
        return None;
    }
    let owners = people::owners(&tokens, &finds);
    let settings = |find: &Find| find.sense == Sense::Business;
    let own: Vec<&Find> = finds
        .iter()
        .zip(&owners)
        .filter(|(find, owner)| **owner == Owner::Visitor || settings(find))
        .map(|(find, _)| find)
        .collect();
    let (tone, deciding) = weigh(&own, u32::from(elder_age))?;
    let mut because: Vec<String> = Vec::new();
    for find in deciding {
        let bytes = tokens[find.tokens.start].bytes.start..tokens[find.tokens.end - 1].bytes.end;
        let words = description[bytes].to_owned();
        if !because.contains(&words) {
            because.push(words);
        }
    }
    Some(Verdict { tone, because })
}

/// Whether a text speaks to a model and says nothing of a visitor: no description at all.
pub fn is_instruction(description: &str) -> bool {
    has_instruction(description) && decide(description, u8::MAX).is_none()
}

/// Whether some of a text speaks to a model, whatever else it says.
pub fn has_instruction(text: &str) -> bool {
    scope::has_instruction(&tokens(capped(text)))
}

/// Which of these places of a description speak of the visitor: not those of a companion, and none when nobody
/// is there.
pub(super) fn of_visitor(tokens: &[Token], places: &[Range<usize>]) -> Vec<bool> {
    let mut finds = finds(tokens);
    if is_empty_scene(&finds) {
        return vec![false; places.len()];
    }
    finds.retain(|find| find.head || find.is_trait());
    finds.extend(places.iter().map(|place| Find {
        tokens: place.clone(),
        sense: Sense::Nothing,
        years: None,
        head: false,
    }));
    finds.sort_by_key(|find| find.tokens.start);
    let owners = people::owners(tokens, &finds);
    places
        .iter()
        .map(|place| {
            finds.iter().zip(&owners).any(|(find, owner)| {
                find.tokens == *place && find.sense == Sense::Nothing && *owner == Owner::Visitor
            })
        })
        .collect()
}

/// All that the description says of people who are there, in order.
fn finds(tokens: &[Token]) -> Vec<Find> {
    let standings = scope::standings(tokens);
    let words = WORDS.find(tokens);
    let mut is_person = vec![false; tokens.len()];
    for (range, sense) in &words {
        if names_person(*sense) {
            is_person[range.end - 1] = true;
        }
    }
    let ages = age::ages(tokens, &|at| is_person.get(at).copied().unwrap_or(false));
    let mut is_age = vec![false; tokens.len()];
    for age in &ages {
        is_age[age.tokens.clone()].fill(true);
    }
    let mut finds: Vec<Find> = words
        .into_iter()
        .filter(|(range, _)| !is_age[range.clone()].contains(&true))
        .map(|(tokens, sense)| Find { tokens, sense, years: None, head: names_person(sense) })
        .collect();
    finds.extend(ages.into_iter().map(|age| Find {
        tokens: age.tokens,
        sense: Sense::Nothing,
        years: Some((age.from, age.to)),
        head: age.stands_alone,
    }));
    finds.sort_by_key(|find| find.tokens.start);
    finds.retain(|find| {
        let standing = standings[find.tokens.clone()].iter().copied().max().unwrap_or(Standing::Apart);
        // "no person" is itself a denial.
        let nobody = find.sense == Sense::Nobody && standing == Standing::Denied;
        let print = standing == Standing::Print && !find.tells_age() && !find.head;
        let counts = find.sense != Sense::Nothing || find.years.is_some();
        counts && (standing == Standing::Plain || nobody || print)
    });
    drop_owners(tokens, &mut finds);
    settle(tokens, finds)
}

/// "a girl's mother" is no girl, 小孩的媽媽 neither: an owner in front of another person goes.
fn drop_owners(tokens: &[Token], finds: &mut Vec<Find>) {
    let owner: Vec<bool> = (0..finds.len())
        .map(|i| {
            let end = finds[i].tokens.end;
            let possessed = tokens.get(end).is_some_and(|t| t.any(&["'s", "的"]));
            let next = finds.get(i + 1).filter(|next| next.head);
            possessed && finds[i].head && next.is_some_and(|next| next.tokens.start <= end + 2)
        })
        .collect();
    let mut keep = owner.iter().map(|owner| !owner);
    finds.retain(|_| keep.next().unwrap_or(true));
}

const fn names_person(sense: Sense) -> bool {
    matches!(sense, Sense::Person(_) | Sense::Someone | Sense::Anyone)
}

/// Decides what depends on neighbours: "old" tells an age only before a person, "8-year-old" before a person
/// is its adjective, and "senior" may be a person itself.
fn settle(tokens: &[Token], mut finds: Vec<Find>) -> Vec<Find> {
    for i in 0..finds.len() {
        let end = finds[i].tokens.end;
        let next = finds[i + 1..].iter().find(|next| next.head || next.sense != Sense::Sign);
        let near = next.filter(|next| {
            next.head
                && next.tokens.start >= end
                && next.tokens.start - end <= 3
                && tokens[end..next.tokens.start]
                    .iter()
                    .all(|t| t.is(",") || t.any(&["looking"]) || is_adjective(t))
        });
        let (near, open_age) =
            (near.is_some(), near.is_some_and(|n| !matches!(n.sense, Sense::Person(Stage::Child))));
        if finds[i].years.is_some() && finds[i].head {
            finds[i].head = !near;
        }
        if let Sense::Before(stage) = finds[i].sense {
            let senior = tokens[finds[i].tokens.start].is("senior");
            let alone = senior
                && tokens.get(end).is_none_or(|t| {
                    t.ends_clause()
                        || t.any(&[
                            "with", "in", "wearing", "who", "is", "and", "sitting", "standing", "holding",
                        ])
                });
            let works = senior && !near && !alone;
            finds[i].sense = match stage {
                _ if works => Sense::Nothing,
                _ if alone && !near => Sense::Person(stage),
                stage if near && (open_age || stage == Stage::Adult) => Sense::Trait(stage),
                _ => Sense::Nothing,
            };
            finds[i].head = alone && !near;
        }
    }
    // "young" before a child adds nothing: the person's own name tells more than the adjective.
    for i in 0..finds.len() {
        if finds[i].sense == Sense::Trait(Stage::Adult)
            && finds[i + 1..].iter().find(|f| f.head).is_some_and(|f| {
                f.sense == Sense::Person(Stage::Child) && f.tokens.start - finds[i].tokens.end <= 3
            })
        {
            finds[i].sense = Sense::Nothing;
        }
    }
    finds.retain(|find| find.sense != Sense::Nothing || find.years.is_some());
    finds
}

/// Whether a word can stand between an adjective of age and its person.
fn is_adjective(token: &Token) -> bool {
    token.kind == super::tokens::Kind::Word
        && !token.any(&[
            "with", "in", "and", "of", "or", "to", "a", "an", "the", "her", "his", "their", "is", "who",
            "wearing", "holding", "at", "by", "for", "on", "hat", "jacket", "coat", "shirt", "bag",
            "sweater", "building", "camera", "book", "car", "hair", "clothes", "suit", "phone", "near",
            "beside", "behind", "not",
        ])
}

/// Nobody is there: it is said so, and nobody is named all the same.
fn is_empty_scene(finds: &[Find]) -> bool {
    finds.iter().any(|find| find.sense == Sense::Nobody)
        && !finds
            .iter()
            .any(|find| find.head || find.years.is_some() || matches!(find.sense, Sense::Trait(_)))
}

/// The tone of the visitor's own finds, and those that decided.
fn weigh<'f>(own: &[&'f Find], elder_age: u32) -> Option<(Tone, Vec<&'f Find>)> {
    let with = |senses: &[Sense]| -> Vec<&'f Find> {
        own.iter().copied().filter(|find| find.years.is_none() && senses.contains(&find.sense)).collect()
    };
    let some = |tone: Tone, finds: Vec<&'f Find>| (!finds.is_empty()).then_some((tone, finds));
    let told: Option<&'f Find> = own.iter().copied().find(|find| find.years.is_some());
    let mut grown: Vec<&'f Find> = with(&[Sense::Person(Stage::Adult), Sense::Trait(Stage::Adult)]);
    if let Some(find) = told {
        let (from, to) = find.years.unwrap_or_default();
        // The midpoint of a range, doubled to stay whole.
        let twice = from + to;
        if twice < 36 {
            return Some((Tone::ChildFriendly, vec![find]));
        }
        if twice >= 2 * elder_age {
            return Some((Tone::ElderFriendly, vec![find]));
        }
        grown = vec![find];
    } else {
        let young = with(&[Sense::Person(Stage::Child), Sense::Trait(Stage::Child)]);
        let old = with(&[Sense::Person(Stage::Elder), Sense::Trait(Stage::Elder)]);
        let first = |finds: &[&Find]| finds.first().map_or(usize::MAX, |find| find.tokens.start);
        let student = grown.iter().any(|find| find.tokens.start < first(&young));
        if !young.is_empty() && first(&young) < first(&old) && !(student && old.is_empty()) {
            return some(Tone::ChildFriendly, [young, with(&[Sense::School])].concat());
        }
        if !old.is_empty() {
            return some(Tone::ElderFriendly, [old, with(&[Sense::Sign])].concat());
        }
        if grown.is_empty() {
            let signs = some(Tone::ChildFriendly, with(&[Sense::School]))
                .or_else(|| some(Tone::ElderFriendly, with(&[Sense::Sign])));
            if signs.is_some() {
                return signs;
            }
        }
    }
    let casual = with(&[Sense::Casual]);
    some(Tone::ProfessionalFriendly, with(&[Sense::Formal]))
        .or_else(|| some(Tone::ProfessionalFriendly, with(&[Sense::Business])).filter(|_| casual.is_empty()))
        .or_else(|| some(Tone::CasualFriendly, [grown, casual].concat()))
}
