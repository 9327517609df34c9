//! Which plots a report has.

use super::plot::{Axis, Line, draw, legend};
use super::report::{Curve, Report, SliceTold};

/// The finest latency that is drawn, in ms: a logarithm knows no zero.
const FINEST: f64 = 0.001;

/// All plots: heading, what it shows, legend and drawing as HTML.
pub(super) fn charts(report: &Report) -> Vec<(&'static str, &'static str, String)> {
    let mut charts = Vec::new();
    if let Some(drawing) = percentiles(report) {
        charts.push((
            "Latency by percentile",
            "Each step to the right is a tenth of what is left: 90 % were at most this long, 99 %, 99.9 %.",
            drawing,
        ));
    }
    let over_time = |title, y, lines: Vec<Line>| over_time(report, title, y, &lines);
    charts.push((
        "Latency over time",
        "By when the question was due: the median and the slowest hundredth.",
        over_time("Latency over time", "ms", latencies(report)),
    ));
    charts.push((
        "Questions over time",
        "Where fewer were sent than were due, questions waited for the replies before them.",
        over_time("Questions and arrivals over time", "a second", rates(report)),
    ));
    charts.push((
        "At the same time",
        "The most replies that ran and the most sessions that were open.",
        over_time("Running replies and open sessions over time", "at a time", gauges(report)),
    ));
    charts
}

fn percentiles(report: &Report) -> Option<String> {
    let curves = &report.curves;
    let line = |name, style, curve: &Curve| Line {
        name,
        style,
        points: curve.iter().map(|(quantile, ms)| (1.0 / (1.0 - quantile), ms.max(FINEST))).collect(),
    };
    let lines = [
        line("total", 1, &curves.total),
        line("first token", 2, &curves.first_token),
        line("gap between tokens", 3, &curves.gap),
        line("connect", 4, &curves.connect),
    ];
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.points.is_empty()).collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let widest = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let low = points().map(|(_, y)| *y).reduce(f64::min)?;
    let high = points().map(|(_, y)| *y).reduce(f64::max)?;
    let (x, y) = (Axis::percentiles("percentile", widest), Axis::logarithmic("ms", low, high));
    Some(legend(&lines) + &draw("Latency by percentile", &x, &y, &lines))
}

fn over_time(report: &Report, title: &str, y: &'static str, lines: &[Line]) -> String {
    let values = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y);
    let high = values.filter(|value| !value.is_nan()).fold(0.0, f64::max);
    let slices = real(report.timeline.slices.len() as u64);
    let end = slices * real(report.timeline.slice_ms) / 1000.0;
    legend(lines) + &draw(title, &Axis::linear("seconds", end), &Axis::linear(y, high), lines)
}

/// A line through the middles of all slices.
fn line(report: &Report, name: &'static str, style: u8, value: impl Fn(&SliceTold) -> Option<f64>) -> Line {
    let width = real(report.timeline.slice_ms) / 1000.0;
    let points = report
        .timeline
        .slices
        .iter()
        .map(|slice| (real(slice.from_ms) / 1000.0 + width / 2.0, value(slice).unwrap_or(f64::NAN)));
    Line { name, style, points: points.collect() }
}

fn latencies(report: &Report) -> Vec<Line> {
    vec![
        line(report, "total, p99", 5, |slice| slice.total_p99),
        line(report, "total, p50", 1, |slice| slice.total_p50),
        line(report, "first token, p99", 6, |slice| slice.first_token_p99),
        line(report, "first token, p50", 2, |slice| slice.first_token_p50),
    ]
}

fn rates(report: &Report) -> Vec<Line> {
    let seconds = real(report.timeline.slice_ms) / 1000.0;
    let rate = move |count: u64| Some(real(count) / seconds);
    vec![
        line(report, "questions due", 1, move |slice| rate(slice.due)),
        line(report, "questions sent", 2, move |slice| rate(slice.sent)),
        line(report, "sessions arriving", 4, move |slice| rate(slice.arrivals)),
    ]
}

fn gauges(report: &Report) -> Vec<Line> {
    vec![
        line(report, "replies running", 1, |slice| Some(real(slice.running))),
        line(report, "sessions open", 4, |slice| Some(real(slice.open))),
    ]
}

#[allow(clippy::cast_precision_loss)] // a plot has no more than three digits
fn real(count: u64) -> f64 {
    count as f64
}
