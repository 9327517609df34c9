//! Dots that end no sentence: abbreviations, initials, list numbers.

/// The longest word looked at, in characters; longer ones are no abbreviations.
const LONGEST: usize = 10;

/// Never the end of a sentence, whatever follows.
const NEVER: &[&str] = &[
    "Dr", "Mr", "Mrs", "Ms", "Prof", "St", "Mt", "Rev", "Hon", "Gen", "Col", "Sgt", "Capt", "Lt", "Jr", "Sr",
    "Inc", "Ltd", "Co", "Corp", "Bros", "Dept", "Fig", "Figs", "fig", "figs", "Vol", "vol", "Eq", "Sec",
    "Ch", "vs", "cf", "approx", "ca", "e.g", "E.g", "i.e", "I.e", "Ph.D", "viz",
];

/// The end of a sentence only if a capital or a Han character follows.
const BEFORE_CAPITAL: &[&str] = &["a.m", "p.m", "A.M", "P.M", "etc", "et al"];

/// Abbreviations only before a number.
const BEFORE_NUMBER: &[&str] = &["No", "no", "Nos", "nos", "p", "pp", "Art"];

/// What the dot behind a word is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Dot {
    /// A full stop.
    #[default]
    Plain,
    /// Part of an abbreviation.
    Never,
    /// A full stop if a capital follows.
    BeforeCapital,
    /// A full stop unless a number follows.
    BeforeNumber,
}

impl Dot {
    /// Whether the sentence ends here, `next` being the first character behind the white space.
    pub(super) fn ends_before(self, next: char) -> bool {
        match self {
            Self::Plain => true,
            Self::Never => false,
            Self::BeforeCapital => !(next.is_lowercase() || next.is_numeric()),
            Self::BeforeNumber => !next.is_numeric(),
        }
    }
}

/// What a dot is that stands behind `sentence`: the sentence up to it, without leading white space.
pub(super) fn judge(sentence: &str) -> Dot {
    let mut start = sentence.len();
    for (taken, (at, c)) in sentence.char_indices().rev().enumerate() {
        if !(c.is_ascii_alphanumeric() || c == '.') {
            break;
        }
        if taken == LONGEST {
            return Dot::Plain;
        }
        start = at;
    }
    let word = &sentence[start..];
    if start == 0 && !word.is_empty() && word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit()) {
        return Dot::Never; // a list's number
    }
    if BEFORE_CAPITAL.contains(&word) {
        return Dot::BeforeCapital;
    }
    if BEFORE_NUMBER.contains(&word) {
        return Dot::BeforeNumber;
    }
    if NEVER.contains(&word) || is_initial(word) {
        return Dot::Never;
    }
    Dot::Plain
}

/// `J`, `U.S`, `J.R.R`: capitals, each followed by a dot but the last. `I` alone is a word.
fn is_initial(word: &str) -> bool {
    let mut letters = word.split('.');
    word != "I" && letters.all(|letter| letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_uppercase()))
}
