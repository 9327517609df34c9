//! Telephone numbers: compared by their digits.

use super::reading::Reading;

/// A telephone number at `i`: its digits, the country code 886 read as 0, and its end.
pub(super) fn read(text: &Reading, i: usize) -> Option<(String, usize)> {
    let first = text.at(i);
    let zero = first == '0' && text.at(i + 1).is_ascii_digit();
    let bracket = first == '(' && text.at(i + 1) == '0';
    if !(first == '+' || bracket || zero) || text.before(i).is_ascii_digit() || text.before(i) == '.' {
        return None;
    }
    let mut digits = String::new();
    let mut end = i;
    for at in i..i + 24 {
        let c = text.at(at);
        if c.is_ascii_digit() {
            digits.push(c);
            end = at + 1;
        } else if !(matches!(c, '-' | '(' | ')' | ' ') || at == i) {
            break;
        }
    }
    if !(8..=15).contains(&digits.len()) || text.at(end).is_ascii_digit() {
        return None;
    }
    let national = digits
        .strip_prefix("886")
        .filter(|_| first == '+')
        .map(|rest| format!("0{}", rest.trim_start_matches('0')));
    Some((national.unwrap_or(digits), end))
}
