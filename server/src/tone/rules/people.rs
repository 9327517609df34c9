//! Of several people in a description, which one is the visitor. Vision models name the main subject first,
//! so the visitor is the first person named who is not introduced as somebody's company: in "a woman with her
//! grandson" the woman, in "a baby pushed by a woman" and 抱著嬰兒的女子 the woman too, for babies ask no
//! questions. Words behind a companion belong to the companion until a comma or a new sentence returns to the
//! visitor.

use std::ops::Range;

use super::Find;
use super::lexicon::{Sense, Stage};
use crate::tone::tokens::{Kind, Token};

/// Whom a find speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The visitor.
    Visitor,
    /// Somebody else.
    Other,
}

const COMPANY: &[&str] = &[
    "holding",
    "carrying",
    "pushing",
    "hugging",
    "cradling",
    "accompanying",
    "accompanied",
    "leading",
    "guiding",
    "helping",
    "assisting",
    "supporting",
    "watching",
    "behind",
    "beside",
    "near",
    "alongside",
    "and",
    "plus",
    "to",
    "by",
    "at",
    "for",
    "past",
    "holds",
    "carries",
    "pushes",
    "hugs",
    "leads",
    "helps",
    "feeding",
    "from",
    "than",
    "toward",
    "towards",
    "against",
    "other",
    "another",
    "plus",
    "while",
    "as",
];
const SAME: &[&str] = &[
    "is",
    "be",
    "likely",
    "probably",
    "possibly",
    "perhaps",
    "maybe",
    "apparently",
    "presumably",
    "or",
    "who",
    "as",
    "of",
    "named",
    "i.e",
    "are",
    "namely",
    "this",
    "that",
    "show",
    "shows",
    "showing",
    "featuring",
    "features",
    "see",
];
const HAN_COMPANY: &[&str] = &[
    "抱著",
    "牽著",
    "帶著",
    "推著",
    "背著",
    "揹著",
    "陪著",
    "陪伴著",
    "扶著",
    "拉著",
    "攙扶著",
    "看著",
    "照顧著",
    "抱",
    "牽",
    "帶",
    "推",
    "陪",
    "扶",
    "陪伴",
    "和",
    "與",
    "跟",
    "及",
    "以及",
    "同",
    "跟著",
    "帶領著",
    "帶領",
    "旁邊有",
    "旁邊是",
    "身旁有",
    "身邊有",
    "身旁是",
    "身邊是",
    "後面有",
    "旁有",
    "另有",
    "還有",
    "另",
    "旁邊還有",
    "對著",
    "在",
    "望著",
    "向",
    "餵",
];
const HAN_FILLER: &[&str] = &[
    "穿", "著", "身", "戴", "一", "位", "個", "名", "約", "年", "的", "小", "兩", "三", "他", "她", "自",
    "己", "群", "大", "幾", "正", "看", "似", "歲", "老", "輕", "名", "可", "愛", "其", "另",
];

/// The owner of every find, in order.
pub(super) fn owners(tokens: &[Token], finds: &[Find]) -> Vec<Owner> {
    let attached: Vec<Option<usize>> = (0..finds.len()).map(|i| head_of(tokens, finds, i)).collect();
    let mut owners: Vec<Owner> = vec![Owner::Visitor; finds.len()];
    let mut visitor: Option<usize> = None;
    let mut told = false;
    let mut current = (Owner::Visitor, 0);
    let mut passed = 0;
    for i in 0..finds.len() {
        if !finds[i].is_head() {
            continue;
        }
        let first = (passed..i).find(|j| attached[*j] == Some(i)).unwrap_or(i);
        // What stands alone between the last head and this one.
        for j in passed..first {
            owners[j] =
                if returns(tokens, current.1..finds[j].tokens.start) { Owner::Visitor } else { current.0 };
            told |= owners[j] == Owner::Visitor && finds[j].tells_age();
        }
        let start = finds[first].tokens.start;
        let link = link(tokens, start, visitor.is_some());
        let owner = match (visitor, link) {
            (_, Link::Background | Link::Company) => Owner::Other,
            (None, _) | (Some(_), Link::Same) => Owner::Visitor,
            (Some(v), Link::Unclear) if finds[v].sense == Sense::Anyone && !told => Owner::Visitor,
            (Some(v), Link::Again) => {
                let same = tokens[finds[i].tokens.end - 1].text == tokens[finds[v].tokens.end - 1].text;
                let other = (0..i).any(|j| {
                    owners[j] == Owner::Other
                        && finds[j].is_head()
                        && tokens[finds[j].tokens.end - 1].text == tokens[finds[i].tokens.end - 1].text
                });
                if same || !other { Owner::Visitor } else { Owner::Other }
            }
            (Some(_), Link::Unclear) => Owner::Other,
        };
        for owned in &mut owners[first..=i] {
            *owned = owner;
        }
        if owner == Owner::Visitor {
            visitor = visitor.or(Some(i));
            told |= (first..=i).any(|j| finds[j].tells_age());
        }
        current = (owner, finds[i].tokens.end);
        // "a baby in a stroller pushed by a woman"
        if owner == Owner::Visitor
            && finds[i].sense == Sense::Person(Stage::Child)
            && handed_over(tokens, finds[i].tokens.end)
        {
            for owned in &mut owners[first..=i] {
                *owned = Owner::Other;
            }
            current.0 = Owner::Other;
            visitor = None;
            told = false;
        }
        passed = i + 1;
    }
    for j in passed..finds.len() {
        owners[j] =
            if returns(tokens, current.1..finds[j].tokens.start) { Owner::Visitor } else { current.0 };
    }
    owners
}

/// Whether the sentence goes on to say that this person is pushed or carried by somebody.
fn handed_over(tokens: &[Token], at: usize) -> bool {
    tokens[at..]
        .windows(2)
        .take(12)
        .take_while(|pair| !pair[0].ends_sentence())
        .any(|pair| pair[0].any(&["pushed", "carried", "held", "cradled"]) && pair[1].is("by"))
}

/// Whether the words between a companion and a find lead back to the visitor.
fn returns(tokens: &[Token], between: Range<usize>) -> bool {
    tokens.get(between).is_some_and(|between| {
        between.iter().any(|t| {
            t.ends_clause() || t.any(&["he", "she", "they", "both", "他", "她", "wears", "whose", "且", "並"])
        })
    })
}

/// The person that an adjective, an age or a garment in front of it belongs to.
fn head_of(tokens: &[Token], finds: &[Find], i: usize) -> Option<usize> {
    if finds[i].is_head() {
        return None;
    }
    let mut end = finds[i].tokens.end;
    for (j, next) in finds.iter().enumerate().skip(i + 1).take(4) {
        let gap = tokens.get(end..next.tokens.start)?;
        let han = tokens[finds[i].tokens.end - 1].kind == Kind::Han;
        let fits = if han {
            gap.len() <= 8
                && gap.iter().all(|t| !t.ends_clause())
                && (gap.len() <= 3 || gap.iter().any(|t| t.is("的")))
                && !gap.iter().any(|t| t.any(&["抱", "牽", "帶", "推", "陪", "扶", "和", "與", "跟", "在"]))
        } else {
            gap.len() <= 2
                && gap.iter().all(|t| t.kind == Kind::Word && !t.any(NO_ADJECTIVE) || t.is(","))
                && finds[i].is_trait()
        };
        if !fits {
            return None;
        }
        if next.is_head() {
            return Some(j);
        }
        end = next.tokens.end;
    }
    None
}

const NO_ADJECTIVE: &[&str] = &[
    "with", "in", "and", "of", "or", "to", "a", "an", "the", "her", "his", "their", "is", "who", "wearing",
    "holding", "at", "by", "for", "on", "beside", "near", "behind", "this", "that",
];

enum Link {
    /// Brought in as company.
    Company,
    /// Brought in as a description of whoever was named before.
    Same,
    /// "The man", "He": somebody named before.
    Again,
    /// In the background.
    Background,
    /// None of these.
    Unclear,
}

fn link(tokens: &[Token], start: usize, known: bool) -> Link {
    let clause = (0..start)
        .rev()
        .take(40)
        .find(|i| tokens[*i].ends_clause())
        .map_or(start.saturating_sub(40), |i| i + 1);
    let sentence = clause == 0 || tokens[clause - 1].ends_sentence();
    if tokens[clause..start].windows(2).any(|pair| {
        pair[0].is("背") && pair[1].is("景")
            || pair[0].is("遠") && pair[1].is("處")
            || pair[0].is("後") && pair[1].is("方")
            || pair[0].is("the") && pair[1].any(&["background", "distance"])
    }) || clause >= 2 && sentence_opener_is_background(tokens, clause)
    {
        return Link::Background;
    }
    if tokens[start].kind == Kind::Han || start > 0 && tokens[start - 1].kind == Kind::Han {
        return han_link(tokens, clause, start, known);
    }
    let mut at = start;
    for _ in 0..6 {
        if at <= clause {
            break;
        }
        at -= 1;
        let here = &tokens[at];
        if known && at == clause && sentence && here.any(&["the", "this", "he", "she", "they"]) {
            return Link::Again;
        }
        if here.any(SAME) && known {
            return Link::Same;
        }
        if here.is("with") {
            return if known || at == clause { Link::Company } else { Link::Unclear };
        }
        let hands = here.any(&["holding", "carrying", "pushing", "hugging", "cradling", "accompanying"]);
        if hands && (known || at == clause) || known && here.any(COMPANY) {
            return Link::Company;
        }
    }
    if known && at > clause { Link::Company } else { Link::Unclear }
}

fn sentence_opener_is_background(tokens: &[Token], clause: usize) -> bool {
    let comma = clause - 1;
    tokens[comma].is(",")
        && (tokens[comma - 1].any(&["background", "distance"])
            || comma >= 2
                && tokens[comma - 2].any(&["behind", "beside"])
                && tokens[comma - 1].any(&["him", "her", "them"]))
}

fn han_link(tokens: &[Token], clause: usize, start: usize, known: bool) -> Link {
    let mut end = start;
    for _ in 0..12 {
        let company = HAN_COMPANY.iter().any(|words| {
            let length = words.chars().count();
            end >= clause + length
                && words.chars().zip(&tokens[end - length..end]).all(|(c, t)| t.text.starts_with(c))
        });
        let strong = end > clause && !tokens[end - 1].any(&["在", "向", "同", "帶"]);
        if company && (known || strong) {
            return Link::Company;
        }
        if end <= clause {
            return Link::Unclear;
        }
        if known && tokens[end - 1].any(&["是", "像", "為", "或"]) {
            return Link::Same;
        }
        if !tokens[end - 1].any(HAN_FILLER) && tokens[end - 1].kind == Kind::Han {
            return if tokens[end - 1].is("、") { Link::Company } else { Link::Unclear };
        }
        end -= 1;
    }
    Link::Unclear
}
