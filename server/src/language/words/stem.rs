//! English inflections taken off: plural, `-ing`, `-ed`, a final `e`. Light on purpose: it joins the forms of
//! one word and seldom two words, and exhibits' names keep their shape. (A Snowball stemmer would bring 18
//! languages for one.)

/// A lower-case word without its inflection; words with other characters than `a`-`z`, and short ones, stay.
pub(super) fn stem(word: &str) -> String {
    if let Some((_, one)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*one).to_owned();
    }
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut stem = without_tense(&singular(word));
    if stem.len() > 3 && stem.ends_with('e') {
        stem.pop();
    }
    if stem.len() > 3 && stem.ends_with('y') {
        stem.pop();
        stem.push('i');
    }
    stem
}

/// Forms that no rule makes, and photographs, which everybody calls photos.
const IRREGULAR: [(&str, &str); 63] = [
    ("bought", "buy"),
    ("sold", "sell"),
    ("built", "build"),
    ("made", "mak"),
    ("kept", "keep"),
    ("brought", "bring"),
    ("took", "tak"),
    ("taken", "tak"),
    ("gave", "giv"),
    ("given", "giv"),
    ("wrote", "writ"),
    ("written", "writ"),
    ("drew", "draw"),
    ("drawn", "draw"),
    ("lent", "lend"),
    ("paid", "pay"),
    ("began", "begin"),
    ("flown", "fly"),
    ("flew", "fly"),
    ("driven", "driv"),
    ("drove", "driv"),
    ("ridden", "rid"),
    ("rode", "rid"),
    ("eaten", "eat"),
    ("ate", "eat"),
    ("drunk", "drink"),
    ("drank", "drink"),
    ("worn", "wear"),
    ("spoken", "speak"),
    ("spoke", "speak"),
    ("shown", "show"),
    ("grown", "grow"),
    ("grew", "grow"),
    ("thrown", "throw"),
    ("sung", "sing"),
    ("fed", "feed"),
    ("stolen", "steal"),
    ("sent", "send"),
    ("spent", "spend"),
    ("lost", "los"),
    ("held", "hold"),
    ("stood", "stand"),
    ("told", "tell"),
    ("taught", "teach"),
    ("caught", "catch"),
    ("slept", "sleep"),
    ("won", "win"),
    ("went", "go"),
    ("gone", "go"),
    ("came", "com"),
    ("broke", "break"),
    ("broken", "break"),
    ("children", "child"),
    ("men", "man"),
    ("women", "woman"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("mice", "mous"),
    ("photograph", "photo"),
    ("photographs", "photo"),
    ("photography", "photo"),
    ("photographing", "photo"),
    ("photographed", "photo"),
];

fn singular(word: &str) -> String {
    if let Some(base) = word.strip_suffix("ies") {
        return if base.len() > 1 { format!("{base}y") } else { word.to_owned() };
    }
    let hissing = |base: &&str| ["ss", "sh", "ch", "x", "zz"].iter().any(|end| base.ends_with(end));
    if let Some(base) = word.strip_suffix("es").filter(hissing) {
        return base.to_owned();
    }
    match word.strip_suffix('s') {
        Some(base) if !base.ends_with(['s', 'u', 'i']) => base.to_owned(),
        _ => word.to_owned(),
    }
}

fn without_tense(word: &str) -> String {
    for ending in ["ing", "ed"] {
        let Some(base) = word.strip_suffix(ending) else { continue };
        if base.len() < 3 || !base.contains(['a', 'e', 'i', 'o', 'u', 'y']) {
            continue;
        }
        if let Some(base) = base.strip_suffix('i') {
            return format!("{base}y");
        }
        let bytes = base.as_bytes();
        let last = bytes[bytes.len() - 1];
        let doubled = bytes[bytes.len() - 2] == last && !matches!(last, b'l' | b's' | b'z' | b'e' | b'o');
        return base[..base.len() - usize::from(doubled)].to_owned();
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [
            &["robot", "robots"][..],
            &["make", "makes", "making"],
            &["stop", "stops", "stopped", "stopping"],
            &["invent", "invented", "inventing", "invents"],
            &["company", "companies"],
            &["box", "boxes"],
            &["exhibit", "exhibits", "exhibited"],
            &["battery", "batteries"],
            &["house", "houses", "housed"],
            &["study", "studies", "studied"],
            &["watch", "watches", "watched"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|it| *it == stems[0]), "{forms:?}: {stems:?}");
        }
    }

    #[test]
    fn what_is_no_inflection_stays() {
        for word in ["king", "bus", "gas", "glass", "itri", "7.7", "red", "status", "sing", "need", "eeds"] {
            let expect = word.strip_suffix("eeds").map_or(word, |_| "eed");
            assert_eq!(stem(word), expect);
        }
    }
}
