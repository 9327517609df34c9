//! E-mail addresses and URLs: each one fact, whatever dots and hyphens it holds.

use std::ops::Range;

use super::reading::Reading;
use super::{Fact, Key};

/// Top-level domains that are taken for one without "www." in front; any other could be a sentence's end.
const DOMAINS: [&str; 12] =
    ["com", "org", "net", "edu", "gov", "tw", "io", "ai", "dev", "app", "info", "museum"];

/// The addresses of a text: their characters, and what they are compared by.
fn read(text: &Reading) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < text.chars.len() {
        if !text.at(i).is_ascii_alphanumeric() {
            i += 1;
            continue;
        }
        let start = i;
        // "E-mail:a@b.tw" has its colon before the address.
        while is_part(text.at(i)) || (text.at(i) == ':' && matches!(text.at(i + 1), '/' | '0'..='9')) {
            i += 1;
        }
        let mut end = i;
        while end > start && !(text.at(end - 1).is_ascii_alphanumeric() || text.at(end - 1) == '/') {
            end -= 1;
        }
        if let Some(key) = key(&text.chars[start..end]) {
            found.push((start..end, key));
        }
    }
    found
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '.' | '-' | '_' | '~' | '/' | '?' | '&' | '=' | '%' | '#' | '@' | '+')
}

/// An address without scheme, "www." and closing slash, in lower case; none if it isn't one.
fn key(characters: &[char]) -> Option<String> {
    if !characters.contains(&'.') {
        return None;
    }
    let text: String = characters.iter().map(char::to_ascii_lowercase).collect();
    let bare = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let short = bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/');
    let (_, host) = short.split('/').next()?.rsplit_once('@').unwrap_or(("", short.split('/').next()?));
    let (name, top) = host.rsplit_once('.')?;
    let known =
        short.len() < text.trim_end_matches('/').len() || short.contains('@') || DOMAINS.contains(&top);
    let valid = !name.is_empty() && top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic());
    (known && valid).then(|| short.to_owned())
}

/// The addresses that a text states.
pub(super) fn facts(text: &Reading) -> Vec<Fact> {
    let fact = |(at, key): (Range<usize>, String)| Fact {
        bytes: text.bytes(at.start, at.end),
        keys: vec![Key::Address(key)],
        is_small: false,
    };
    read(text).into_iter().map(fact).collect()
}

/// The addresses that a text gives.
pub(super) fn given(text: &Reading) -> impl Iterator<Item = Key> {
    read(text).into_iter().map(|(_, key)| Key::Address(key))
}
