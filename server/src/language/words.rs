//! Words of both languages, for search.

/// A text's search terms: lower-cased words of English and of segmented Chinese, in order.
pub fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}
