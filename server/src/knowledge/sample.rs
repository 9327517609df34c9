//! The sample museum: a small bilingual corpus inside the binary.

use super::load::Found;

const FILES: &[(&str, &str)] = &[
    ("exhibits.json", include_str!("../../sample/exhibits.json")),
    ("faq.json", include_str!("../../sample/faq.json")),
    ("glossary.json", include_str!("../../sample/glossary.json")),
    ("news.json", include_str!("../../sample/news.json")),
    ("visit.md", include_str!("../../sample/visit.md")),
];

/// The sample's documents.
pub(super) fn documents() -> Found {
    let mut found = Found::default();
    for (name, text) in FILES {
        // A test loads it; nothing outside the project can change it.
        found.embedded(name, text).expect("the sample corpus is well formed");
    }
    found
}
