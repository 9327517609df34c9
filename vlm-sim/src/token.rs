//! What a token is.

/// Cuts a text into tokens: a word or a CJK character (full-width punctuation included), each with the whitespace that
/// follows it. Whitespace at the start belongs to the first token. Joined, the tokens are the text again.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (token, after) = rest.split_at(token_end(rest));
        rest = after;
        Some(token)
    })
}

/// Where the first token of a text ends, in bytes.
fn token_end(text: &str) -> usize {
    let body = text.len() - text.trim_start().len();
    let word = text[body..]
        .char_indices()
        .skip(1)
        .find(|&(_, c)| c.is_whitespace() || is_cjk(c))
        .map_or(text.len(), |(at, _)| body + at);
    let end = match text[body..].chars().next() {
        Some(first) if is_cjk(first) => body + first.len_utf8(),
        _ => word,
    };
    text.len() - text[end..].trim_start().len()
}

/// The Unicode blocks of CJK, kana, bopomofo and Hangul characters, their punctuation and full-width forms
/// (<https://www.unicode.org/Public/UNIDATA/Blocks.txt>).
fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x2E80..=0xA4CF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_word_or_a_cjk_character_with_its_space() {
        let check = |text: &str, expect: &[&str]| {
            assert_eq!(tokens(text).collect::<Vec<_>>(), expect);
            assert_eq!(tokens(text).collect::<String>(), text);
        };
        check("", &[]);
        check("one", &["one"]);
        check("one, two  three.\n", &["one, ", "two  ", "three.\n"]);
        check(" one two", &[" one ", "two"]);
        check("  ", &["  "]);
        check("成立於1973年。 好", &["成", "立", "於", "1973", "年", "。 ", "好"]);
        check("用AI做 the 事", &["用", "AI", "做 ", "the ", "事"]);
        check("don't stop", &["don't ", "stop"]);
        check("𠮷野家", &["𠮷", "野", "家"]);
    }
}
