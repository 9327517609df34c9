//! HTML files: read as Markdown, so that headings, lists and tables count the same.

use std::sync::Arc;

use htmd::HtmlToMarkdown;

use super::document::Document;
use super::markdown;

/// What of a page is not about its subject.
const SKIPPED: [&str; 10] =
    ["script", "style", "noscript", "template", "nav", "footer", "form", "button", "svg", "iframe"];

/// A page's sections in order. What stands before the first heading is titled by the page's `<title>`, or by
/// the file's name.
pub(super) fn read(text: &str, file: &Arc<str>, name: &str) -> Vec<Document> {
    let converter = HtmlToMarkdown::builder().skip_tags([&SKIPPED[..], &["head"]].concat()).build();
    // The library's error is a writer's; it writes to memory.
    let text_of = |html: &str| converter.convert(html).unwrap_or_default();
    let title = title(text).map(|title| text_of(title).trim().to_owned()).filter(|it| !it.is_empty());
    markdown::read(&text_of(text), file, title.as_deref().unwrap_or(name))
}

/// What stands in the first `<title>`.
fn title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase(); // as long as the text
    let start = lower.find("<title")?;
    let from = start + lower[start..].find('>')? + 1;
    Some(&html[from..from + lower[from..].find("</title")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_tables_and_lists_without_what_surrounds_them() {
        let html = "<!doctype html><html><head><TITLE>Visit &amp; more</title><style>p{}</style></head><body>\
            <nav><a href=/>Home</a></nav><p>Welcome to <b>us</b>.</p><h1>開放時間</h1><p>每日九點<br>開館。</p>\
            <table><tr><th>票種</th><th>票價</th></tr><tr><td>成人</td><td>120 元</td></tr></table>\
            <h2>Way</h2><ul><li>Bus 7</li><li>Walk</li></ul><script>let x = '<p>no</p>'</script>\
            <footer>(c)</footer></body></html>";
        let found = read(html, &Arc::from("a.html"), "a");
        let found: Vec<_> = found.iter().map(|it| (&*it.title, &*it.text)).collect();
        assert_eq!(
            found,
            [
                ("Visit & more", "Welcome to us."),
                ("開放時間", "每日九點\n開館。\n成人：120 元。"),
                ("開放時間 › Way", "Bus 7\nWalk")
            ]
        );
    }

    #[test]
    fn broken_html_is_read_as_far_as_it_goes() {
        for html in ["", "<", "<title", "<title>x", "<p>open <b>text", "plain", "\u{0}<p>"] {
            let _ = read(html, &Arc::from("a.html"), "a");
        }
        assert_eq!(read("<p>open <b>text", &Arc::from("a.html"), "a")[0].text, "open text");
    }
}
