//! Words that say little by themselves.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::things::weekday;
use crate::language::words::alike::is_attribute;
use crate::language::words::words;

/// Words that name nothing: what is done with all sorts of things, and what all sorts of things are.
const COMMON: &str = "\
    borrow rent hire bring take carry come go visit see seen use need want find offer allow permit permitted forbidden \
    welcome provide accept possible available leave left put keep kept store show look watch ask call name happen work \
    start begin end stay held hold belong located locate stand situated current exact exactly actual actually real \
    really ever still other kind type sort thing nearest closest near nearby somewhere anywhere something someone \
    somebody every inside outside around through own person people good best nice interesting must make say said \
    different before after during without between part \
    借 租 帶 帶來 看 看到 看見 參觀 玩 使用 提供 找 找到 需要 進去 進入 放 放在 介紹 推薦 方便 允許 可否 準備 附近 最近 現場 裡面 外面 請教 \
    現在 今年 名字 名稱 位於 人 叫什麼 什麼人 地方 位置 用 種 位 座 件 間 次 項 張 台 隻 人士 哪一 一共 總共 共 多說 一點 多 幾 在 開嗎 \
    能否 是否 更多 更 些 相關 以後";

/// Stands for the way to the house among a question's words.
pub(super) const WAY: &str = "way";

/// The same as [`words`] makes them of texts.
static COMMON_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let as_in_texts =
        |word: &str| if word.is_ascii() { words(word).into_iter().next() } else { Some(word.to_owned()) };
    COMMON.split_whitespace().filter_map(as_in_texts).collect()
});

/// Whether a word names nothing.
pub(super) fn is_common(word: &str) -> bool {
    COMMON_WORDS.contains(word.strip_suffix('的').unwrap_or(word))
}

/// Whether a word is the house itself.
pub(super) fn is_house(word: &str) -> bool {
    const HOUSE: [&str; 10] =
        ["museum", "place", "visit", "visitor", "博物館", "展館", "館內", "館裡", "本館", "貴館"];
    HOUSE.contains(&word)
}

/// What a word says by itself: a character alone has many meanings, the house is everywhere, heavy are many things,
/// and one borrows whatever there is.
pub(super) fn strength(word: &str) -> f32 {
    if word.chars().count() == 1 || weekday(word).is_some() {
        0.35
    } else if is_house(word) || is_common(word) || is_attribute(word) {
        0.5
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn common_words_are_found_as_texts_give_them() {
        assert!(is_common("borrow") && is_common("use") && is_common("帶") && !is_common("camera"));
    }
}
