//! Markdown files: a document a section, titled by its headings.

use std::sync::Arc;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::document::Document;
use super::plain::is_wide;

/// A file's sections in order. A section's title is the path of its headings (`Visit › Opening hours`), or
/// the file's name before the first heading.
pub(super) fn read(text: &str, file: &Arc<str>, name: &str) -> Vec<Document> {
    let mut reader =
        Reader { file, name, path: Vec::new(), text: String::new(), heading: None, documents: Vec::new() };
    let mut in_metadata = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS) {
        match event {
            Event::Start(Tag::MetadataBlock(_)) => in_metadata = true,
            Event::End(TagEnd::MetadataBlock(_)) => in_metadata = false,
            _ if in_metadata => {}
            event => reader.take(event),
        }
    }
    reader.end_section();
    reader.documents
}

struct Reader<'a> {
    file: &'a Arc<str>,
    name: &'a str,
    /// The headings above what is read, with their levels.
    path: Vec<(HeadingLevel, String)>,
    /// The section's text so far.
    text: String,
    /// The heading being read.
    heading: Option<String>,
    documents: Vec<Document>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.end_section();
                self.path.retain(|(above, _)| *above < level);
                self.heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(level)) => {
                let heading = self.heading.take().unwrap_or_default();
                self.path.push((level, heading.trim().to_owned()));
            }
            Event::Text(text) | Event::Code(text) => self.out().push_str(&text),
            Event::SoftBreak => {
                // Between Han characters a line's break is no space; a space there would cut words.
                let out = self.out();
                if !out.ends_with(is_wide) {
                    out.push(' ');
                }
            }
            Event::HardBreak | Event::Start(Tag::Item) | Event::End(TagEnd::Item | TagEnd::CodeBlock) => {
                self.line();
            }
            Event::End(TagEnd::Paragraph | TagEnd::TableRow | TagEnd::TableHead) => self.line(),
            Event::End(TagEnd::TableCell) => self.out().push_str(" | "),
            _ => {}
        }
    }

    fn out(&mut self) -> &mut String {
        self.heading.as_mut().unwrap_or(&mut self.text)
    }

    /// Ends the line.
    fn line(&mut self) {
        let out = self.out();
        out.truncate(out.trim_end_matches([' ', '|']).len());
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
    }

    fn end_section(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        if text.is_empty() {
            return;
        }
        let headings: Vec<_> =
            self.path.iter().map(|(_, heading)| heading.as_str()).filter(|it| !it.is_empty()).collect();
        let title = if headings.is_empty() { self.name.to_owned() } else { headings.join(" › ") };
        let file = Arc::clone(self.file);
        self.documents.push(Document {
            file,
            title: title.into(),
            context: String::new(),
            text,
            is_term: false,
        });
    }
}
