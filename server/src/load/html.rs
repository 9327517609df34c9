//! The report as a page: one file, no script, nothing to fetch.

use super::chart::charts;
use super::report::{Percentiles, Report};
use super::table::{facts, figure, rows};

/// Text as HTML: what a server said is data.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not allowed in a page, not even as references.
            character if character.is_control() && !character.is_whitespace() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

/// The whole page.
pub fn page(report: &Report) -> String {
    let warnings =
        report.warnings.iter().map(|warning| format!("<p class=\"warning\">{}</p>\n", escape(warning)));
    let (class, verdict) = match report.failure() {
        None => ("passed", "Passed".to_owned()),
        Some(failure) => ("failed", format!("Failed: {failure}")),
    };
    let figures = charts(report).into_iter().map(|(heading, what, drawing)| {
        format!(
            "<section>\n<h2>{}</h2>\n<p>{}</p>\n<div class=\"plot\">\n{drawing}</div>\n</section>\n",
            escape(heading),
            escape(what)
        )
    });
    let facts = facts(report).into_iter().map(|(name, fact)| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape(name), escape(&fact))
    });
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Load on {target}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Load on <code>{target}</code></h1>\n<p class=\"verdict {class}\">{verdict}</p>\n{warnings}\
         <section>\n<h2>Latency</h2>\n\
         <p>In milliseconds, from when a session was to arrive or a question was due; a slow server moves neither.</p>\n\
         {table}</section>\n{figures}\
         <section>\n<h2>Counts</h2>\n<div class=\"wide\"><table class=\"facts\">\n<tbody>\n{facts}</tbody>\n</table></div>\n</section>\n\
         </main>\n</body>\n</html>\n",
        target = escape(&report.target),
        verdict = escape(&verdict),
        warnings = warnings.collect::<String>(),
        table = latencies(report),
        figures = figures.collect::<String>(),
        facts = facts.collect::<String>(),
    )
}

fn latencies(report: &Report) -> String {
    let heads = ["", "count", "p50", "p90", "p99", "p99.9", "max"];
    let heads = heads.map(|head| format!("<th scope=\"col\">{head}</th>")).concat();
    let rows = rows(report).map(|(name, Percentiles { count, p50, p90, p99, p999, max, .. })| {
        let cells = [p50, p90, p99, p999, max].map(|ms| format!("<td>{}</td>", figure(ms))).concat();
        format!("<tr><th scope=\"row\">{name}</th><td>{count}</td>{cells}</tr>\n")
    });
    format!(
        "<div class=\"wide\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n",
        rows.concat()
    )
}

/// Light by default, dark where the reader's system is.
const STYLE: &str = include_str!("report.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_server_says_becomes_markup() {
        assert_eq!(escape("<b a='\"'>&\u{1b}[0m"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}[0m");
    }
}
