//! PDF files: a document a page.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pdf_extract::{Document as Pdf, OutputError, PlainTextOutput, output_doc_page};
use unicode_normalization::UnicodeNormalization;

use super::document::Document;
use super::plain::unwrap;

/// A file's pages, titled by the file's name and the page's number, and which pages can't be read, if any. The error
/// says why there are none.
pub(super) fn read(
    bytes: &[u8],
    file: &Arc<str>,
    name: &str,
) -> Result<(Vec<Document>, Option<String>), String> {
    let pdf = guarded(|| Pdf::load_mem(bytes)).ok_or("its structure is broken")?;
    let pdf = pdf.map_err(|error| error.to_string())?;
    if pdf.is_encrypted() {
        return Err("it is encrypted".into());
    }
    let mut documents = Vec::new();
    let mut failed = Vec::new();
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
            Err(error) => failed.push((number, error)),
        }
    }
    let failed = failed.first().map(|(number, error)| {
        let more =
            if failed.len() > 1 { format!("; {} more pages too", failed.len() - 1) } else { String::new() };
        format!("page {number} of {}: {error}{more}", pages.len())
    });
    match failed {
        Some(error) if documents.is_empty() => Err(error),
        None if documents.is_empty() => Err("it holds no text (are its pages pictures?)".into()),
        failed => Ok((documents, failed)),
    }
}

/// What the library makes of it; none if it panics.
fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
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
        failed => match guarded(|| pdf.extract_text(&[number])) {
            Some(Ok(text)) if !text.trim().is_empty() => text,
            Some(Err(error)) => return Err(error.to_string()),
            Some(Ok(_)) | None => {
                let error = failed.and_then(Result::err).map(|error| error.to_string());
                return Err(error.unwrap_or_else(|| "its fonts can't be read".into()));
            }
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
        let (found, failed) = found.unwrap();
        assert_eq!(failed, None);
        let found: Vec<_> = found.into_iter().map(|it| (it.title.to_string(), it.text)).collect();
        let expect = [("guide › 1", "The clock is tall."), ("guide › 3", "The loom is old.")];
        assert_eq!(found, expect.map(|(title, text)| (title.to_owned(), text.to_owned())));
        let scanned = read(&pdf(&[""]), &Arc::from("a.pdf"), "guide").unwrap_err();
        assert!(scanned.contains("are its pages pictures?"), "{scanned}");
    }

    #[test]
    fn a_page_that_cant_be_read_is_told() {
        let file = String::from_utf8(pdf(&["The clock is tall.", "The loom is old."])).unwrap();
        // The second page is written with a font that isn't there.
        let at = file.rfind("/F1").unwrap();
        let file = format!("{}/F9{}", &file[..at], &file[at + 3..]);
        let (pages, failed) = read(file.as_bytes(), &Arc::from("a.pdf"), "guide").unwrap();
        assert_eq!((pages.len(), &*pages[0].title), (1, "guide › 1"));
        assert!(failed.as_ref().is_some_and(|it| it.starts_with("page 2 of 2: ")), "{failed:?}");
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
