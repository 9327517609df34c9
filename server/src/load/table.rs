//! The report as text for a terminal; its rows and facts are the page's, too.

use std::fmt::Write as _;
use std::time::Duration;

use super::report::{Percentiles, Report};
use super::tally::Counts;

/// A latency's name and figures.
pub(super) fn rows(report: &Report) -> [(&'static str, Percentiles); 8] {
    let latency = &report.latency_ms;
    [
        ("connect", latency.connect),
        ("first token", latency.first_token),
        ("gap between tokens", latency.gap),
        ("total", latency.total),
        ("server: first token", latency.server_first_token),
        ("server: total", latency.server_total),
        ("waited for own session", latency.wait),
        ("generator lag", latency.lag),
    ]
}

/// Everything but latencies, as name and sentence.
pub(super) fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let (plan, turns, sessions) = (&report.plan, &report.turns, &report.sessions);
    let demo = if report.server.demo { ", demo" } else { "" };
    let mut facts = vec![
        ("server", format!("rapport {}, answers by {}{demo}", report.server.version, report.server.server)),
        ("plan", planned(report)),
        ("ran", format!("{} from {}", span(report.elapsed_ms), report.started)),
        (
            "sessions",
            format!(
                "{} arrived, {} connected, {} lost, at most {} at a time",
                sessions.arrived, sessions.connected, sessions.lost, sessions.peak
            ),
        ),
    ];
    if plan.idle > 0 {
        facts.push(("idle", format!("{} connected, {} lost", sessions.idle_connected, sessions.idle_lost)));
    }
    let ends = [
        ("completed", turns.completed),
        ("interrupted", turns.interrupted),
        ("cancelled", turns.cancelled),
        ("failed", turns.failed),
        ("timed out", turns.timed_out),
        ("refused", turns.refused),
        ("unanswered", turns.unanswered),
        ("lost", turns.lost),
        ("unsent", turns.unsent),
        ("stopped", turns.stopped),
    ];
    let ends = ends.iter().filter(|(name, count)| *count > 0 || *name == "completed");
    let ends: Vec<_> = ends.map(|(name, count)| format!("{count} {name}")).collect();
    facts.push(("questions", format!("{} planned: {}", turns.planned, ends.join(", "))));
    let rate = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
    let (arrivals, questions) = (report.rates.sessions, report.rates.questions);
    facts.push((
        "rates",
        format!(
            "sessions {}/s (intended {}/s), questions {}/s (intended {}/s)",
            rate(arrivals.achieved),
            rate(arrivals.intended),
            rate(questions.achieved),
            rate(questions.intended)
        ),
    ));
    facts.push(("tokens", report.tokens.to_string()));
    let counts = [
        ("outcomes", &report.outcomes),
        ("tones", &report.tones),
        ("degraded", &report.degraded),
        ("not connected", &report.connect_errors),
        ("closed", &report.closed),
    ];
    facts.extend(counts.iter().filter(|(_, counts)| counts.total() > 0).map(|(name, c)| (*name, listed(c))));
    facts.extend(
        report
            .errors
            .iter()
            .map(|(code, error)| ("error", format!("{code} {}: {}", error.count, error.message))),
    );
    facts
}

fn planned(report: &Report) -> String {
    let plan = &report.plan;
    let asked = match (plan.turns, plan.duration_ms) {
        (Some(turns), Some(duration)) => format!("at most {turns} questions each within {}", span(duration)),
        (Some(turns), None) => format!("{turns} questions each"),
        (None, duration) => format!("questions for {}", span(duration.unwrap_or_default())),
    };
    let mut told = format!(
        "{} sessions at {}/s ({}, seed {}), {asked}, {} apart",
        plan.sessions,
        plan.rate,
        plan.arrivals,
        plan.seed,
        span(plan.think_ms)
    );
    if let Some(strategy) = &plan.strategy {
        let _ = write!(told, ", strategy {strategy}"); // a string takes all
    }
    if !plan.convert_tone {
        told.push_str(", plain answers");
    }
    told
}

fn listed(Counts(counts): &Counts) -> String {
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    counts.join(", ")
}

/// Milliseconds as a duration with units.
pub(super) fn span(ms: u64) -> String {
    humantime::format_duration(Duration::from_millis(ms)).to_string()
}

/// Milliseconds with about three digits.
pub(super) fn figure(ms: Option<f64>) -> String {
    match ms {
        None => "-".into(),
        Some(ms) if ms < 1.0 => format!("{ms:.3}"),
        Some(ms) if ms < 10.0 => format!("{ms:.2}"),
        Some(ms) if ms < 100.0 => format!("{ms:.1}"),
        Some(ms) => format!("{ms:.0}"),
    }
}

/// The report for a terminal.
pub fn table(report: &Report) -> String {
    let mut text = format!("\n{}\n\n", report.target);
    let _ = writeln!(
        text,
        "{:<24}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "latency in ms", "count", "p50", "p90", "p99", "p99.9", "max"
    );
    for (name, percentiles) in rows(report) {
        let Percentiles { count, p50, p90, p99, p999, max, .. } = percentiles;
        let _ = write!(text, "{name:<24}{count:>9}");
        for ms in [p50, p90, p99, p999, max] {
            let _ = write!(text, "{:>10}", figure(ms));
        }
        text.push('\n');
    }
    text.push('\n');
    for (name, fact) in facts(report) {
        let _ = writeln!(text, "{name:<14} {fact}");
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "\nwarning: {warning}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_as_many_digits_as_it_deserves() {
        let figures = [None, Some(0.0), Some(0.02), Some(1.234), Some(12.34), Some(1234.5)].map(figure);
        assert_eq!(figures, ["-", "0.000", "0.020", "1.23", "12.3", "1234"]);
    }
}
