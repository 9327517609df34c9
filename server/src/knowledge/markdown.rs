//! Markdown files: a document a section, titled by its headings.

use std::sync::Arc;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::document::Document;
use super::plain::is_wide;
use crate::language::{is_han, sentence};

/// A file's sections in order. A section's title is the path of its headings (`Visit › Opening hours`), or
/// the file's name before the first heading.
pub(super) fn read(text: &str, file: &Arc<str>, name: &str) -> Vec<Document> {
    let mut reader = Reader {
        file,
        name,
        path: Vec::new(),
        text: String::new(),
        context: String::new(),
        heading: None,
        table: Table::default(),
        documents: Vec::new(),
    };
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

/// A table being read.
#[derive(Default)]
struct Table {
    head: Vec<String>,
    row: Vec<String>,
    /// The cell being read.
    cell: Option<String>,
}

impl Table {
    fn end_cell(&mut self) {
        self.row.push(self.cell.take().unwrap_or_default().trim().to_owned());
    }

    fn end_head(&mut self) -> String {
        self.head = std::mem::take(&mut self.row);
        format!("{}\n", self.head.join(" "))
    }

    /// A row as a sentence: `Orchid: NT$ 350.`; with more than two columns, each value behind its column's
    /// name: `Orchid: price NT$ 350, height 20 cm.`
    fn end_row(&mut self) -> String {
        let row = std::mem::take(&mut self.row);
        let is_wide = row.concat().contains(is_han);
        let (colon, comma, end) = if is_wide { ("：", "，", '。') } else { (": ", ", ", '.') };
        let Some((first, rest)) = row.split_first() else { return String::new() };
        let named = |(nth, cell): (usize, &String)| match self.head.get(nth + 1) {
            Some(name) if rest.len() > 1 && !name.is_empty() => format!("{name} {cell}"),
            _ => cell.clone(),
        };
        let values: Vec<_> =
            rest.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(named).collect();
        let mut text = if first.is_empty() || values.is_empty() {
            format!("{first}{}", values.join(comma))
        } else {
            format!("{first}{colon}{}", values.join(comma))
        };
        if !text.is_empty() && !text.ends_with(sentence::is_mark) {
            text.push(end);
        }
        text
    }
}

struct Reader<'a> {
    file: &'a Arc<str>,
    name: &'a str,
    /// The headings above what is read, with their levels.
    path: Vec<(HeadingLevel, String)>,
    /// The section's text so far.
    text: String,
    /// The section's tables' heads: what is in a row, without being said.
    context: String,
    /// The heading being read.
    heading: Option<String>,
    table: Table,
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
            Event::End(TagEnd::Paragraph) => self.line(),
            Event::Start(Tag::TableCell) => self.table.cell = Some(String::new()),
            Event::End(TagEnd::TableCell) => self.table.end_cell(),
            Event::End(TagEnd::TableHead) => {
                let head = self.table.end_head();
                self.context.push_str(&head);
            }
            Event::End(TagEnd::TableRow) => {
                self.line();
                let row = self.table.end_row();
                self.out().push_str(&row);
                self.line();
            }
            _ => {}
        }
    }

    fn out(&mut self) -> &mut String {
        match (&mut self.heading, &mut self.table.cell) {
            (Some(heading), _) => heading,
            (None, Some(cell)) => cell,
            (None, None) => &mut self.text,
        }
    }

    /// Ends the line.
    fn line(&mut self) {
        let out = self.out();
        out.truncate(out.trim_end_matches(' ').len());
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
    }

    fn end_section(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let context = std::mem::take(&mut self.context);
        if text.is_empty() {
            return;
        }
        let headings: Vec<_> =
            self.path.iter().map(|(_, heading)| heading.as_str()).filter(|it| !it.is_empty()).collect();
        let title = if headings.is_empty() { self.name.to_owned() } else { headings.join(" › ") };
        let file = Arc::clone(self.file);
        self.documents.push(Document { file, title: title.into(), context, text, is_term: false });
    }
}
