//! PDF files: a document a page.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pdf_extract::{Document as Pdf, OutputError, PlainTextOutput, output_doc_page};
use unicode_normalization::UnicodeNormalization;

use super::document::Document;
use super::plain::unwrap;

/// A file's pages, titled by the file's name and the page's number. The error says why there are none.
pub(super) fn read(bytes: &[u8], file: &Arc<str>, name: &str) -> Result<Vec<Document>, String> {
    let pdf = guarded(|| Pdf::load_mem(bytes)).ok_or("its structure is broken")?;
    let pdf = pdf.map_err(|error| error.to_string())?;
    if pdf.is_encrypted() {
        return Err("it is encrypted".into());
    }
    let mut documents = Vec::new();
    let mut failed = None;
    let pages = pdf.get_pages();
    for &number in pages.keys() {
        match page(&pdf, number) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => documents.push(Document {
                file: Arc::clone(file),
                title: if pages.len() > 1 { format!("{name} › {number}").into() } else { name.into() },
                context: String::new(),
                text,
                is_term: false,
            }),
            Err(error) => failed = Some(format!("page {number}: {error}")),
        }
    }
    match failed {
        Some(error) if documents.is_empty() => Err(error),
        _ if documents.is_empty() => Err("it holds no text (are its pages pictures?)".into()),
        _ => Ok(documents),
    }
}

thread_local! {
    /// This thread is inside the library.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps quiet about panics inside the library, which are caught: a program calls it once. What a file's reader
/// dislikes is told by file and reason.
pub fn silence_panics() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !READING.get() {
            told(panic);
        }
    }));
}

/// What the library makes of it; none if it panics.
fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    READING.set(true);
    let done = catch_unwind(AssertUnwindSafe(read)).ok();
    READING.set(false);
    done
}

/// A page's text. The library panics at some fonts; those are left to the simpler reader below it, which knows the
/// encodings of Chinese fonts that are not embedded.
fn page(pdf: &Pdf, number: u32) -> Result<String, String> {
    let read = || {
        let mut text = String::new();
        let mut output = PlainTextOutput::new(&mut text);
        output_doc_page(pdf, &mut output, number)?;
        Ok::<_, OutputError>(text)
    };
    let text = match guarded(read) {
        Some(Ok(text)) => text,
        Some(Err(_)) | None => match guarded(|| pdf.extract_text(&[number])) {
            Some(text) => text.map_err(|error| error.to_string())?,
            None => return Err("its fonts can't be read".into()),
        },
    };
    Ok(unwrap(&paragraphs(&text)).trim().to_owned())
}

/// The text with its paragraphs' lines together: a blank line parts paragraphs. What only looks like a character
/// (⼀ for 一, ﬁ for fi), as printing programs write, becomes it; full-width marks stay.
fn paragraphs(text: &str) -> String {
    let lookalike =
        |c: char| matches!(c, '\u{2E80}'..='\u{2FDF}' | '\u{F900}'..='\u{FAFF}' | '\u{FB00}'..='\u{FB06}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|&c| c == '\n' || !c.is_control()) {
        if lookalike(c) { out.extend(c.nfkc()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn lookalikes_become_what_they_look_like() {
        assert_eq!(paragraphs("週⼆⾄週⽇，Eﬃcient（１）\u{7}"), "週二至週日，Efficient（１）");
    }

    /// A file of pages that each show one line.
    fn pdf(lines: &[&str]) -> Vec<u8> {
        let kids: Vec<_> = (0..lines.len()).map(|at| format!("{} 0 R", 4 + 2 * at)).collect();
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), lines.len()),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        ];
        for (at, line) in lines.iter().enumerate() {
            let text = format!("BT /F1 12 Tf 72 700 Td ({line}) Tj ET");
            objects.push(format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
                 /Resources << /Font << /F1 3 0 R >> >> >>",
                5 + 2 * at
            ));
            objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
        }
        let mut file = String::from("%PDF-1.4\n");
        let mut places = Vec::new();
        for (at, object) in objects.iter().enumerate() {
            places.push(format!("{:010} 00000 n \n", file.len()));
            let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", at + 1);
        }
        let (start, count) = (file.len(), objects.len() + 1);
        let _ = write!(file, "xref\n0 {count}\n0000000000 65535 f \n{}", places.concat());
        let _ = write!(file, "trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        file.into_bytes()
    }

    #[test]
    fn pages_are_documents() {
        let found = read(&pdf(&["The clock is tall.", "", "The loom is old."]), &Arc::from("a.pdf"), "guide");
        let found: Vec<_> = found.unwrap().into_iter().map(|it| (it.title.to_string(), it.text)).collect();
        let expect = [("guide › 1", "The clock is tall."), ("guide › 3", "The loom is old.")];
        assert_eq!(found, expect.map(|(title, text)| (title.to_owned(), text.to_owned())));
        let scanned = read(&pdf(&[""]), &Arc::from("a.pdf"), "guide").unwrap_err();
        assert!(scanned.contains("are its pages pictures?"), "{scanned}");
    }

    #[test]
    fn what_is_no_pdf_is_told() {
        for bytes in
            [&b""[..], b"%PDF-1.7\n", b"not a pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"]
        {
            assert!(!read(bytes, &Arc::from("a.pdf"), "a").unwrap_err().is_empty());
        }
    }
}
