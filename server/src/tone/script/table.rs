//! The characters that exist only in Simplified, and what their neighbours say of those with several
//! Traditional forms. Made by `generate.py`, which stands beside it, from the
//! dictionaries of `OpenCC` (Apache-2.0).

use std::collections::HashMap;
use std::sync::LazyLock;

const CHARACTERS: &str = include_str!("characters.txt");
const CONTEXTS: &str = include_str!("contexts.txt");

/// The ideographs that the table is about: no other block has a character of it.
const FIRST: u16 = 0x4e00;
const LAST: u16 = 0x9fff;

/// How many neighbours on either side may decide a form.
const WIDTH: usize = 2;

/// A neighbour in Traditional, as UTF-16 unit.
type Unit = u16;
/// Fits no context: a character beyond the BMP, or none at all.
const NOBODY: Unit = Unit::MAX;
/// What a context says of a neighbour that it doesn't look at.
const ANY: Unit = 0;

/// In `forms`: the character stays as it is.
const SAME: u16 = 0;
/// In `forms`: its neighbours decide.
const DEPENDS: u16 = 1;

/// A character and its neighbours as they are written: two, itself, two.
type Context = [Unit; 2 * WIDTH + 1];

/// What is known of a context.
#[derive(Debug, Default, Clone, Copy)]
struct Entry {
    /// The character's form in it.
    form: Option<char>,
    /// Whether there is a context that says the same and one more character behind.
    goes_on: bool,
}

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// It stays as it is.
    Same,
    /// This, whatever stands around it.
    Always(char),
    /// What [`Table::resolve`] says.
    Depends,
}

/// The characters before a place, in Traditional.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before([Unit; WIDTH]);

impl Default for Before {
    fn default() -> Self {
        Self([NOBODY; WIDTH])
    }
}

/// The whole table.
#[derive(Debug)]
pub(super) struct Table {
    /// For each ideograph from [`FIRST`] on: its form, [`SAME`] or [`DEPENDS`].
    forms: Vec<u16>,
    /// Of the characters that depend on their neighbours: the contexts, and by itself each's usual form.
    contexts: HashMap<Context, Entry>,
}

/// The table, read at its first use.
pub(super) fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(Table::read);
    &TABLE
}

/// A file's lines without its head.
fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines().filter(|line| !line.starts_with('#'))
}

fn unit(c: char) -> Unit {
    u16::try_from(u32::from(c)).unwrap_or(NOBODY)
}

fn index(c: char) -> Option<usize> {
    let unit = u16::try_from(u32::from(c)).ok()?;
    (FIRST..=LAST).contains(&unit).then(|| usize::from(unit - FIRST))
}

impl Table {
    fn read() -> Self {
        let mut forms = vec![SAME; usize::from(LAST - FIRST) + 1];
        for line in lines(CHARACTERS) {
            let mut characters = line.chars();
            while let (Some(from), Some(to)) = (characters.next(), characters.next()) {
                if let Some(at) = index(from) {
                    forms[at] = unit(to);
                }
            }
        }
        let mut table = Self { forms, contexts: HashMap::new() };
        for line in lines(CONTEXTS) {
            let mut words = line.split(' ');
            let Some((from, to)) = words.next().and_then(|word| {
                let mut pair = word.chars();
                pair.next().zip(pair.next())
            }) else {
                continue;
            };
            for word in words {
                table.add(from, to, word);
            }
        }
        table
    }

    /// Adds one context, `left~right`.
    fn add(&mut self, from: char, to: char, context: &str) {
        let (Some(at), Some((left, right))) = (index(from), context.split_once('~')) else { return };
        if self.forms[at] != DEPENDS {
            let usual = self.forms[at];
            let usual = if usual == SAME { from } else { char::from_u32(usual.into()).unwrap_or(from) };
            self.contexts.entry(alone(from)).or_default().form = Some(usual);
            self.forms[at] = DEPENDS;
        }
        let mut key = alone(from);
        for (place, c) in (0..WIDTH).rev().zip(left.chars().rev()) {
            key[place] = unit(c);
        }
        for (place, c) in (WIDTH + 1..).zip(right.chars().take(WIDTH)) {
            self.contexts.entry(key).or_default().goes_on = true;
            key[place] = unit(c);
        }
        self.contexts.entry(key).or_default().form = Some(to);
    }

    /// What becomes of a character.
    pub(super) fn form(&self, c: char) -> Form {
        match index(c).map_or(SAME, |at| self.forms[at]) {
            SAME => Form::Same,
            DEPENDS => Form::Depends,
            unit => char::from_u32(unit.into()).map_or(Form::Same, Form::Always),
        }
    }

    /// A character as contexts are written: in its usual Traditional form.
    fn folded(&self, c: char) -> Unit {
        match self.form(c) {
            Form::Same => unit(c),
            Form::Always(form) => unit(form),
            Form::Depends => self.contexts.get(&alone(c)).and_then(|it| it.form).map_or(NOBODY, unit),
        }
    }

    /// One character on.
    pub(super) fn pass(&self, before: &mut Before, c: char) {
        before.0 = [before.0[1], if c.is_ascii() { unit(c) } else { self.folded(c) }];
    }

    /// The form of a character that depends on its neighbours; none if it can't be told before another
    /// character has come. `behind` is what follows it, and `ended` whether nothing more will come.
    ///
    /// The longest context that fits decides; of equally long ones that of the usual form, else the one
    /// with more behind. So a form is the same wherever the text was cut.
    pub(super) fn resolve(&self, c: char, before: Before, behind: &str, ended: bool) -> Option<char> {
        let mut right = [ANY; WIDTH];
        let mut known = 0;
        for c in behind.chars().take(WIDTH) {
            right[known] = self.folded(c);
            known += 1;
        }
        let usual = self.contexts.get(&alone(c))?.form?;
        let mut best = (0, false, 0, usual);
        for left in 0..=WIDTH {
            let mut key = alone(c);
            key[WIDTH - left..WIDTH].copy_from_slice(&before.0[WIDTH - left..]);
            for behind in 0..=known {
                if behind > 0 {
                    key[WIDTH + behind] = right[behind - 1];
                }
                let Some(entry) = self.contexts.get(&key) else {
                    if behind == 0 && left > 0 {
                        break;
                    }
                    continue;
                };
                if entry.goes_on && behind == known && known < WIDTH && !ended {
                    return None;
                }
                if let Some(form) = entry.form {
                    best = best.max((left + behind, form == usual, behind, form));
                }
            }
        }
        Some(best.3)
    }
}

fn alone(c: char) -> Context {
    let mut key = [ANY; 2 * WIDTH + 1];
    key[WIDTH] = unit(c);
    key
}
