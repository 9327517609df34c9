//! What a reader must know before the figures.

use super::Report;

/// At the 99th percentile. Timers tick in ms; a generator that is later than this has a visible share in what it
/// calls the server's latencies.
const LATE_MS: f64 = 10.0;

/// Below this share of the intended rate, the run was not the one that was planned.
const SHORT_OF_RATE: f64 = 0.95;

pub(super) fn warnings(report: &Report) -> Vec<String> {
    let mut warnings = Vec::new();
    if report.stopped {
        warnings.push("The run was stopped before its end; what was measured until then is told.".into());
    }
    if let Some(lag) = report.latency_ms.lag.p99.filter(|&lag| lag > LATE_MS) {
        warnings.push(format!(
            "The load generator itself was late: {lag:.0} ms at the 99th percentile. These latencies are not the server's alone. Use a machine of its own for the load generator, or a lower rate."
        ));
    }
    if let (Some(intended), Some(achieved)) =
        (report.rates.questions.intended, report.rates.questions.achieved)
        && achieved < intended * SHORT_OF_RATE
        && !report.stopped
    {
        warnings.push(format!(
            "Questions were sent at {achieved:.2} a second instead of {intended:.2}: they waited for replies before them, or their sessions were gone. Latencies count from when they were due."
        ));
    }
    let limit = report.server.limits.messages_per_minute;
    if report.errors.contains_key("rate_limited") {
        warnings.push(format!(
            "The server refused questions because it allows {limit} a minute and session. Use a longer --think, or start the server with --messages-per-minute 0."
        ));
    }
    if report.connect_errors.0.contains_key("too_many_open_files") {
        warnings.push(
            "This process ran out of file descriptors; each session takes one. Raise the limit first, e.g. ulimit -n 65536."
                .into(),
        );
    }
    if report.connect_errors.0.contains_key("no_free_port") {
        warnings.push("This machine ran out of free ports; use a second one for the other half.".into());
    }
    warnings
}
