//! Which tone the role `select` names.

/// For each tone, in the order they are looked for: its label, its English words, its Chinese words.
type Words = (&'static str, &'static [&'static str], &'static [&'static str]);
const TONES: [Words; 3] = [
    (
        "child_friendly",
        &[
            "baby", "boy", "child", "children", "girl", "kid", "kids", "pupil", "pupils", "teenager",
            "toddler",
        ],
        &["小男孩", "小女孩", "孩子", "小朋友", "幼兒", "國小", "國中", "學生"],
    ),
    (
        "elder_friendly",
        &[
            "cane",
            "elderly",
            "eighty",
            "grandfather",
            "grandmother",
            "senior",
            "seventies",
            "seventy",
            "wheelchair",
        ],
        &["老先生", "老太太", "老奶奶", "阿嬤", "阿公", "長者", "老人", "銀髮", "白髮", "拐杖", "老花"],
    ),
    (
        "professional_friendly",
        &["blazer", "briefcase", "business", "formal", "office", "pantsuit", "suit", "tie"],
        &["西裝", "套裝", "領帶", "公事包", "正式", "辦公室", "會議", "商務"],
    ),
];

/// The label of the first tone that has a word in the description: age before dress, and `casual_friendly` for all
/// others. Coarse on purpose: what matters is that the same description always gets the same label.
pub(crate) fn tone(description: &str) -> &'static str {
    let lower = description.to_lowercase();
    let has = |word: &&str| lower.split(|c: char| !c.is_alphanumeric()).any(|other| other == *word);
    TONES
        .iter()
        .find(|(_, english, chinese)| {
            english.iter().any(has) || chinese.iter().any(|word| lower.contains(word))
        })
        .map_or("casual_friendly", |(label, ..)| label)
}

#[cfg(test)]
mod tests {
    use super::tone;

    #[test]
    fn a_word_decides_and_age_comes_first() {
        let check = |description, expect| assert_eq!(tone(description), expect, "{description}");
        check("A boy in a suit", "child_friendly");
        check("an ELDERLY man with a tie", "elder_friendly");
        check("a woman in a suit.", "professional_friendly");
        check("a man with a suitcase", "casual_friendly");
        check("一位穿西裝的男士", "professional_friendly");
        check("拄著拐杖的阿公", "elder_friendly");
        check("", "casual_friendly");
    }
}
