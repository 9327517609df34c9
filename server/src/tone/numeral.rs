//! Numbers as people write them: 三萬, 七點七, 一九七三, 3萬, "thirty thousand", "nineteen seventy-three".
//! All readings end in one exact [`Decimal`], so that they can be compared.

/// A number without sign: `digits / 10^scale`, in lowest terms of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    digits: u128,
    scale: u32,
}

impl Decimal {
    /// From a whole number.
    pub(super) const fn whole(digits: u128) -> Self {
        Self { digits, scale: 0 }
    }

    /// From ASCII digits with at most one point; none when it is longer than 30 digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let scale = u32::try_from(fraction.len()).ok()?;
        Some(Self { digits: digits.parse().ok()?, scale }.trimmed())
    }

    /// Its value when it is whole and small enough.
    pub(super) fn small(self) -> Option<u32> {
        (self.scale == 0).then_some(self.digits)?.try_into().ok()
    }

    /// Times a power of ten.
    pub(super) fn shifted(self, power: u32) -> Option<Self> {
        if power <= self.scale {
            return Some(Self { scale: self.scale - power, ..self }.trimmed());
        }
        let digits = self.digits.checked_mul(10_u128.checked_pow(power - self.scale)?)?;
        Some(Self { digits, scale: 0 })
    }

    /// The sum of two whole numbers; none when either is a fraction.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let both_whole = self.scale == 0 && other.scale == 0;
        both_whole.then_some(self.digits)?.checked_add(other.digits).map(Self::whole)
    }

    /// A half more; none of a fraction.
    pub(super) fn and_a_half(self) -> Option<Self> {
        let digits = (self.scale == 0).then_some(self.digits)?.checked_mul(10)?.checked_add(5)?;
        Some(Self { digits, scale: 1 })
    }

    const fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }
}

/// The value of a Chinese digit.
pub(super) fn han_digit(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '兩' | '两' | '貳' => 2,
        '三' | '參' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// The power of ten of a unit within a group of four digits.
fn small_unit(c: char) -> Option<u32> {
    Some(match c {
        '十' | '拾' => 1,
        '百' | '佰' => 2,
        '千' | '仟' => 3,
        _ => return None,
    })
}

/// The power of ten of a unit that ends a group.
pub(super) fn group_unit(c: char) -> Option<u32> {
    Some(match c {
        '萬' | '万' => 4,
        '億' | '亿' => 8,
        '兆' => 12,
        _ => return None,
    })
}

/// Whether a Chinese number may begin or go on with it.
pub(super) fn is_numeral(c: char) -> bool {
    han_digit(c).is_some() || small_unit(c).is_some() || group_unit(c).is_some()
}

/// The Chinese number at the start of `chars` and how many of them it takes.
pub(super) fn chinese(chars: &[char]) -> Option<(Decimal, usize)> {
    let run = chars.iter().take_while(|c| han_digit(**c).is_some()).take(30).count();
    let after = chars.get(run).copied().unwrap_or(' ');
    if run >= 2 && han_digit(chars[0]) != Some(0) || run >= 3 {
        if small_unit(after).is_some() || group_unit(after).is_some() {
            return None;
        }
        return digits_of(&chars[..run]).map(|value| with_fraction(chars, value, run));
    }
    let (value, length) = grouped(chars)?;
    Some(with_fraction(chars, value, length))
}

fn digits_of(chars: &[char]) -> Option<Decimal> {
    let text: String =
        chars.iter().filter_map(|c| han_digit(*c)).filter_map(|d| char::from_digit(d, 10)).collect();
    Decimal::parse(&text)
}

/// Adds what stands behind 點, and a unit behind that (一點六億).
fn with_fraction(chars: &[char], value: Decimal, length: usize) -> (Decimal, usize) {
    let plain = (value, length);
    if !chars.get(length).is_some_and(|c| matches!(c, '點' | '点')) {
        return plain;
    }
    let count = chars[length + 1..].iter().take_while(|c| han_digit(**c).is_some()).take(12).count();
    // 八點三十分 is a time of day.
    let end = length + 1 + count;
    let is_time = chars.get(end).is_some_and(|c| small_unit(*c).is_some() || *c == '分');
    if count == 0 || is_time {
        return plain;
    }
    let Some(fraction) = digits_of(&chars[length + 1..end]) else { return plain };
    let Ok(scale) = u32::try_from(count) else { return plain };
    let sum = value.shifted(scale).and_then(|v| v.plus(fraction)).map(|v| Decimal { scale, ..v }.trimmed());
    let Some(sum) = sum else { return plain };
    match chars.get(end).and_then(|c| group_unit(*c)).and_then(|power| sum.shifted(power)) {
        Some(value) => (value, end + 1),
        None => (sum, end),
    }
}

/// 三萬五千, 兩百五十五, 十二, 一百零五; also 兩百五 for 250.
fn grouped(chars: &[char]) -> Option<(Decimal, usize)> {
    let (mut total, mut section): (u128, u128) = (0, 0);
    let mut pending: Option<u32> = None;
    let mut last_power = 0;
    let mut length = 0;
    for (i, c) in chars.iter().enumerate().take(40) {
        if let Some(digit) = han_digit(*c) {
            if pending.is_some_and(|p| p != 0) {
                break;
            }
            pending = Some(digit);
            if digit == 0 {
                last_power = 0;
                if i > 0 && !chars.get(i + 1).is_some_and(|c| han_digit(*c).is_some() || *c == '十') {
                    break;
                }
            }
        } else if let Some(power) = small_unit(*c) {
            if pending.is_none() && i > 0 && power > 1 {
                break;
            }
            let digit = pending.take().filter(|d| *d > 0).unwrap_or(1);
            section = section.checked_add(u128::from(digit).checked_mul(10_u128.pow(power))?)?;
            last_power = power;
        } else if let Some(power) = group_unit(*c) {
            section += u128::from(pending.take().unwrap_or(0));
            let whole = if power >= 8 { total.checked_add(section)? } else { section };
            if whole == 0 {
                break;
            }
            let value = whole.checked_mul(10_u128.pow(power))?;
            total = if power >= 8 { value } else { total.checked_add(value)? };
            section = 0;
            last_power = power;
        } else {
            break;
        }
        length = i + 1;
    }
    if length == 0 {
        return None;
    }
    // 兩百五 says 250: a last digit without unit and without 零 counts a tenth of the unit before.
    let tail = u128::from(pending.unwrap_or(0));
    let scale = if last_power >= 2 { 10_u128.pow(last_power - 1) } else { 1 };
    let value = total.checked_add(section)?.checked_add(tail.checked_mul(scale)?)?;
    Some((Decimal::whole(value), length))
}

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const ORDINALS: [&str; 20] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
];

/// The value of an English ordinal in lower case, up to the twentieth.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    position(&ORDINALS, word).map(|at| at + 1)
}

fn position(words: &[&str], word: &str) -> Option<u32> {
    words.iter().position(|w| *w == word).and_then(|i| u32::try_from(i).ok())
}

/// The power of ten of an English scale word.
pub(super) fn scale_word(word: &str) -> Option<u32> {
    Some(match word {
        "thousand" => 3,
        "million" => 6,
        "billion" => 9,
        "trillion" => 12,
        _ => return None,
    })
}

fn below_hundred(words: &[&str]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if let Some(unit) = position(&UNITS, first) {
        return Some((unit, 1));
    }
    let tens = (position(&TENS, first)? + 2) * 10;
    match words.get(1).and_then(|w| position(&UNITS, w)) {
        Some(unit @ 1..=9) => Some((tens + unit, 2)),
        _ => Some((tens, 1)),
    }
}

/// One group: up to 999, or a year said in two halves.
fn below_thousand(words: &[&str]) -> Option<(u32, usize)> {
    if matches!(words, ["a", "hundred" | "thousand" | "million" | "billion", ..]) {
        return hundreds(words, 1, 1);
    }
    let (value, length) = below_hundred(words)?;
    if (13..=20).contains(&value)
        && let Some((half, more)) = below_hundred(words.get(length..)?)
        && half >= 10
    {
        return Some((value * 100 + half, length + more));
    }
    hundreds(words, value, length)
}

fn hundreds(words: &[&str], value: u32, length: usize) -> Option<(u32, usize)> {
    if words.get(length) != Some(&"hundred") {
        return Some((value, length));
    }
    let length = length + 1;
    let and = usize::from(words.get(length) == Some(&"and"));
    match below_hundred(words.get(length + and..)?) {
        Some((rest, more)) => Some((value * 100 + rest, length + and + more)),
        None => Some((value * 100, length)),
    }
}

/// The English number at the start of lower-case `words` and how many of them it takes.
pub(super) fn english(words: &[&str]) -> Option<(Decimal, usize)> {
    let mut total = Decimal::whole(0);
    let mut at = 0;
    loop {
        let and = usize::from(at > 0 && words.get(at) == Some(&"and"));
        let Some((value, length)) = words.get(at + and..).and_then(below_thousand) else { break };
        let end = at + and + length;
        let group = Decimal::whole(u128::from(value));
        if let Some(power) = words.get(end).and_then(|w| scale_word(w)) {
            total = total.plus(group.shifted(power)?)?;
            at = end + 1;
            if at > 12 {
                break;
            }
        } else {
            total = total.plus(group)?;
            at = end;
            break;
        }
    }
    (at > 0).then_some((total, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_chinese() {
        for (text, expect, length) in [
            ("三萬件", "30000", 2),
            ("七點七次", "7.7", 3),
            ("一九七三年", "1973", 4),
            ("二〇三五", "2035", 4),
            ("兩百五十五", "255", 5),
            ("兩百五", "250", 3),
            ("一百零五", "105", 4),
            ("十二", "12", 2),
            ("六千多", "6000", 2),
            ("一點六億", "160000000", 4),
            ("三億五千萬", "350000000", 5),
            ("八點三十分", "8", 1),
        ] {
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(chinese(&chars), Decimal::parse(expect).map(|d| (d, length)), "{text}");
        }
        assert_eq!(chinese(&['萬', '一']), None);
    }

    #[test]
    fn reads_english() {
        for (text, expect, length) in [
            ("thirty thousand patents", "30000", 2),
            ("nineteen seventy three", "1973", 3),
            ("two hundred and fifty five items", "255", 5),
            ("two thousand and five", "2005", 4),
            ("one million two hundred thousand", "1200000", 5),
            ("a hundred", "100", 2),
            ("twenty five and", "25", 2),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(english(&words), Decimal::parse(expect).map(|d| (d, length)), "{text}");
        }
        assert_eq!(english(&["a", "man"]), None);
    }

    #[test]
    fn survives_anything() {
        for text in [
            "十百千萬億兆",
            "零零零零",
            "億億億億億億億",
            "千千千千千千",
            "點",
            "一點",
            "九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九九",
        ] {
            let chars: Vec<char> = text.chars().collect();
            for start in 0..chars.len() {
                let _ = chinese(&chars[start..]);
            }
        }
    }
}
