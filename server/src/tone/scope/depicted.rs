//! Who is in a picture, on a screen or made of stone.

use std::ops::Range;

use super::{Cue, Scopes, Standing};

/// Places a picture can hang or be held at; a photo that is described hangs nowhere.
const PLACED: &[&str] = &[
    "wall",
    "hangs",
    "hanging",
    "hung",
    "framed",
    "displayed",
    "held",
    "shelf",
    "desk",
    "frame",
    "mounted",
    "pinned",
];
/// Where the visitor goes on behind a picture.
const BESIDE: &[&str] =
    &["beside", "behind", "near", "next", "opposite", "alongside", "stands", "hangs", "is"];
/// What a made figure does as its own.
const WEARS: &[&str] = &["wearing", "dressed", "in", "with", "holding"];
const SIDES: &[&str] = &["旁", "前", "後", "邊", "側", "下", "外", "對"];
const INSIDE: &[&str] = &["上", "裡", "中", "內"];

impl Scopes<'_> {
    pub(super) fn mark_depicted(&mut self) {
        for (i, (range, cue)) in self.cues.clone().into_iter().enumerate() {
            if self.is_apart(range.start) {
                continue;
            }
            match cue {
                Cue::Image if self.is_the_picture(&range) => {}
                Cue::Picture | Cue::Image | Cue::Figure if self.is_han(range.start) => {
                    self.mark_chinese(&range, cue == Cue::Figure);
                }
                Cue::Picture | Cue::Image | Cue::Figure => self.mark_english(i, &range, cue == Cue::Figure),
                Cue::Made => self.mark(range.start..self.phrase_end(range.end), Standing::Apart),
                Cue::Garment => self.mark_print(&range),
                _ => {}
            }
        }
    }

    /// Whether "picture" means the very image that is described: "The image shows …", "a man in the picture",
    /// a description that begins "A photo of …", 圖片中是一位…
    fn is_the_picture(&self, range: &Range<usize>) -> bool {
        if self.is_han(range.start) {
            let held = (range.start.saturating_sub(6)..range.start)
                .any(|i| self.is(i, &["牆", "拿", "舉", "捧", "張", "幅", "看", "機", "框", "持", "握"]));
            let first = range.start <= 3;
            return !held && (first || !self.pair(range.start, "照", "片"));
        }
        let sentence = self.sentence_start(range.start)..self.sentence_end(range.end);
        if sentence.clone().any(|i| self.is(i, PLACED)) {
            return false;
        }
        let definite = self.before(range.start, &["the", "this"]);
        let article = range.start - usize::from(definite).min(range.start);
        let opens = article == sentence.start
            || (article == sentence.start + 1 && self.is(sentence.start, &["in", "from", "within"]));
        let closes = self.tokens.get(range.end).is_none_or(super::super::tokens::Token::ends_clause)
            && self.before(article, &["in", "within", "of"]);
        let leads = range.start <= 3 && self.is(range.end, &["of", "shows", "showing", "featuring"]);
        definite && (opens || closes) || leads
    }

    fn mark_english(&mut self, cue: usize, range: &Range<usize>, figure: bool) {
        let end = self.phrase_end(range.end);
        // "on the screen, an old man is speaking"
        let article =
            range.start - usize::from(self.before(range.start, &["the", "a", "his", "her", "their"]));
        if self.before(article, &["on", "in", "from", "inside"]) {
            let preposition = article - 1;
            if preposition == self.clause_start(range.start) {
                let after = if self.is(range.end, &[","]) {
                    self.clause_end(range.end + 1)
                } else {
                    self.clause_end(range.end)
                };
                self.mark(range.start..after, Standing::Apart);
                return;
            }
            // "a child on the poster", "an old man is seen on the screen"
            let mut noun = preposition;
            while self.before(noun, SEEN) {
                noun -= 1;
            }
            if self.before(noun, PEOPLE) {
                let from = self.noun_start(noun);
                self.mark(from..range.end, Standing::Apart);
            }
        }
        // "a poster … showing a child", "a statue of a man"
        let clause = self.clause_end(range.end);
        let shows = self.cues[cue + 1..]
            .iter()
            .take_while(|(r, _)| r.start < clause)
            .find(|(r, c)| *c == Cue::Shows && (!self.is(r.start, &["of"]) || r.start == range.end))
            .map(|(r, _)| r.start);
        if let Some(shows) = shows {
            let to = self.phrase_end(shows + 1);
            self.mark(range.start..to, Standing::Apart);
        } else if figure
            && (self.is(range.end, WEARS) || self.is(range.end, &["is"]) && self.is(range.end + 1, WEARS))
        {
            self.mark(range.start..end.max(self.clause_end(range.end)), Standing::Apart);
        } else if self.is(range.end, &["with"]) {
            self.mark(range.start..self.phrase_end(range.end + 1), Standing::Apart);
        }
        // "an old man statue", "her grandmother's portrait"
        let possessed = range.start - usize::from(self.before(range.start, &["'s"]));
        let from = if self.before(possessed, PEOPLE) { self.noun_start(possessed) } else { range.start };
        self.mark(from..range.end, Standing::Apart);
    }

    /// The noun phrase that ends here: back to its article, at most four tokens.
    fn noun_start(&self, end: usize) -> usize {
        let mut at = end;
        for _ in 0..4 {
            if at == 0 || self.tokens[at - 1].ends_clause() || self.before(at, STOPS) {
                return at;
            }
            at -= 1;
            if self.is(at, &["a", "an", "the", "his", "her", "their"]) {
                return at;
            }
        }
        at
    }

    /// To the end of the clause, or to where the visitor goes on.
    fn phrase_end(&self, at: usize) -> usize {
        let clause = self.clause_end(at);
        (at..clause)
            .find(|i| self.is(*i, BESIDE) || (self.is(*i, &["in"]) && self.is(*i + 1, &["front"])))
            .unwrap_or(clause)
    }

    /// "a T-shirt with a boy on it": who is on a garment is no visitor, but a tie that goes with a shirt is.
    fn mark_print(&mut self, range: &Range<usize>) {
        let verb = range.end + usize::from(self.is(range.end, &["that", "which"]));
        let prints = ["featuring", "showing", "depicting", "printed", "bearing", "displaying"];
        let shows = verb > range.end && self.is(verb, &["shows", "depicts", "features", "has", "displays"]);
        if shows || self.is(verb, &["with"]) || self.is(verb, &prints) {
            self.mark(verb..self.clause_end(verb), Standing::Print);
        }
    }

    fn mark_chinese(&mut self, range: &Range<usize>, figure: bool) {
        let clause = self.clause_end(range.end);
        let mut after = range.end;
        while self.is(after, &["面", "頭"]) || self.is(after, INSIDE) {
            after += 1;
        }
        let inside = after > range.end && !self.is(after, SIDES);
        let shows = self.is(after, &["是", "有", "畫", "印", "顯", "播", "為", "呈", "出"])
            && (inside || !self.is(after, &["有"]));
        // 螢幕上是一位老先生, 海報上的小孩, 雕像穿著西裝
        if inside || shows || figure && self.is(after, &["穿", "戴", "身"]) {
            let mut end = clause;
            // 海報上的小孩與一位男子 is left whole: better to abstain than to take the child for a visitor.
            if self.is(end, &[","]) && after == end {
                end = self.clause_end(end + 1);
            }
            self.mark(range.start..end, Standing::Apart);
        }
        // 奶奶的照片, 老人雕像; but who wears 恐龍圖案的外套 is in no pattern
        let is_pattern = self.is(range.end - 1, &["案"]);
        let barrier = (self.clause_start(range.start)..range.start).rev().find(|i| {
            let dressed = !is_pattern && self.is(*i, &["著"]) && self.before(*i, &["穿", "戴"]);
            self.is(*i, BARRIERS) && !dressed
        });
        let from = barrier.map_or(self.clause_start(range.start), |i| i + 1);
        self.mark(from..range.end, Standing::Apart);
    }
}

/// How someone is on a screen.
const SEEN: &[&str] =
    &["shown", "seen", "visible", "displayed", "appears", "depicted", "pictured", "printed", "is", "are"];
/// Whom a picture may be of.
const PEOPLE: &[&str] = &[
    "man",
    "woman",
    "boy",
    "girl",
    "child",
    "children",
    "baby",
    "lady",
    "person",
    "gentleman",
    "grandmother",
    "grandfather",
    "grandma",
    "grandpa",
    "mother",
    "father",
    "kid",
    "kids",
    "men",
    "women",
    "soldier",
    "king",
    "queen",
    "couple",
    "toddler",
    "infant",
    "teenager",
    "elder",
    "actor",
    "actress",
    "people",
    "boys",
    "girls",
    "businessman",
];
const STOPS: &[&str] = &[
    "of",
    "to",
    "with",
    "at",
    "on",
    "in",
    "by",
    "and",
    "or",
    "is",
    "are",
    "holding",
    "wearing",
    "near",
    "behind",
    "beside",
    "past",
    "front",
    "viewing",
    "watching",
    "facing",
    "touching",
    "looking",
    "admiring",
    "photographing",
    "carrying",
    "holds",
    "carries",
    "has",
    "from",
    "toward",
    "towards",
    "under",
    "using",
    "like",
    "against",
    "who",
    "watches",
    "views",
    "studying",
    "examining",
    "hugging",
    "clutching",
    "pointing",
    "that",
    "which",
    "while",
];
const BARRIERS: &[&str] = &[
    "著", "拿", "看", "與", "和", "在", "站", "有", "是", "向", "對", "旁", "抱", "捧", "舉", "望", "跟",
    "及", "坐", "前", "用", "持", "張", "幅", "座", "尊", "從", "到", "把", "手", "面", "賞",
];
