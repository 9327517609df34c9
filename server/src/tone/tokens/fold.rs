//! Character for character folding, so that one word list serves all spellings a vision model uses.

use crate::language::simplified::traditional;

/// Folds one character: full-width to ASCII, upper case to lower, Simplified to Traditional, the many
/// quotation marks and dashes to one each.
pub(super) fn fold(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\0'..='\x7f' => c,
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).map_or(c, |ascii| ascii.to_ascii_lowercase())
        }
        '’' | '‘' | 'ʼ' => '\'',
        '。' | '｡' => '.',
        '‐' | '‑' | '–' | '−' => '-',
        '〜' => '~',
        '裏' | '里' => '裡',
        '着' => '著',
        '鬓' => '鬢',
        '〇' | '○' => '〇',
        // Traditional characters of their own that stand for others in descriptions.
        '余' => '餘',
        '几' => '幾',
        '后' => '後',
        '屏' => '螢',
        _ => traditional(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_to_one_spelling() {
        for (from, to) in
            [('Ａ', 'a'), ('７', '7'), ('装', '裝'), ('岁', '歲'), ('，', ','), ('。', '.'), ('着', '著')]
        {
            assert_eq!(fold(from), to);
        }
    }
}
