//! Placeholder until the mention rules land.
use crate::language::Lang;
/// What may be mentioned of a visitor.
pub fn mentionable(description: &str, lang: Lang) -> Option<String> {
    let _ = (description, lang);
    None
}
