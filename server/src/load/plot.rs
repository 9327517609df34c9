//! A line plot as SVG. Colours come from the page's style sheet, so that light and dark both work.

use std::fmt::Write as _;

use super::html::escape;

/// The drawing's size, in SVG units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 280.0;

/// Room for labels beside, above and below the lines.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;

/// An axis: values between its ends, placed evenly or by their logarithm.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    label: &'static str,
    is_logarithmic: bool,
    min: f64,
    max: f64,
    /// Values and what is written at them.
    ticks: Vec<(f64, String)>,
}

/// A line. `style`: the number of its class in the style sheet, from 1.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) style: u8,
    pub(super) points: Vec<(f64, f64)>,
}

impl Axis {
    /// From zero to a round number above `max`.
    pub(super) fn linear(label: &'static str, max: f64) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let rough = max / 5.0;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let steps = (1..=6).find(|steps| f64::from(*steps) * step >= max).unwrap_or(6);
        let ticks = (0..=steps).map(|tick| f64::from(tick) * step).map(|value| (value, number(value)));
        Self { label, is_logarithmic: false, min: 0.0, max: f64::from(steps) * step, ticks: ticks.collect() }
    }

    /// Whole powers of ten around positive values.
    pub(super) fn logarithmic(label: &'static str, min: f64, max: f64) -> Self {
        let (low, high) = (min.log10().floor(), max.log10().ceil());
        let high = high.max(low + 1.0);
        let ticks = (-9..=9).map(f64::from).filter(|power| (low..=high).contains(power));
        let ticks = ticks.map(|power| 10_f64.powf(power)).map(|value| (value, number(value)));
        Self {
            label,
            is_logarithmic: true,
            min: 10_f64.powf(low),
            max: 10_f64.powf(high),
            ticks: ticks.collect(),
        }
    }

    /// The axis of HDR histograms: of `1 / (1 - quantile)`, by its logarithm. `count`: of all measurements.
    pub(super) fn percentiles(label: &'static str, count: f64) -> Self {
        const TICKS: [(f64, &str); 8] = [
            (1.0, "0"),
            (2.0, "50"),
            (10.0, "90"),
            (100.0, "99"),
            (1000.0, "99.9"),
            (10_000.0, "99.99"),
            (100_000.0, "99.999"),
            (1_000_000.0, "99.9999"),
        ];
        let max = count.max(10.0);
        let ticks = TICKS.iter().filter(|(value, _)| *value <= max);
        let ticks = ticks.map(|(value, label)| (*value, (*label).to_owned())).collect();
        Self { label, is_logarithmic: true, min: 1.0, max, ticks }
    }

    /// Where a value lies between the ends, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let scale =
            |value: f64| if self.is_logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let (low, high) = (scale(self.min), scale(self.max));
        ((scale(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// A short number.
fn number(value: f64) -> String {
    if value >= 1000.0 && (value / 1000.0).fract() == 0.0 {
        return format!("{},000", value / 1000.0);
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Draws lines. `title` names the picture for those who can't see it.
pub(super) fn draw(title: &str, x: &Axis, y: &Axis, lines: &[Line]) -> String {
    let across = |value: f64| LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
    let down = |value: f64| HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM);
    let (right, floor) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let mut svg =
        format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n", escape(title));
    // Writing to a string can't fail.
    for (value, label) in &y.ticks {
        let (at, left, text) = (down(*value), LEFT - 8.0, down(*value) + 4.0);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\"/><text class=\"y\" x=\"{left}\" y=\"{text:.1}\">{label}</text>"
        );
    }
    for (value, label) in &x.ticks {
        let (at, text) = (across(*value), floor + 18.0);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{floor}\"/><text class=\"x\" x=\"{at:.1}\" y=\"{text}\">{label}</text>"
        );
    }
    for line in lines {
        for run in runs(&line.points) {
            let points = run.iter().map(|(a, b)| format!("{:.1},{:.1}", across(*a), down(*b)));
            let points = points.collect::<Vec<_>>().join(" ");
            // A single point would be invisible as a line; with round ends its other end makes it a dot.
            let points = if run.len() == 1 { format!("{points} {points}") } else { points };
            let _ = writeln!(
                svg,
                "<polyline class=\"line s{}\" points=\"{points}\"><title>{}</title></polyline>",
                line.style,
                escape(line.name)
            );
        }
    }
    let (middle, below) = (f64::midpoint(LEFT, right), HEIGHT - 6.0);
    let centre = f64::midpoint(TOP, floor);
    let _ = writeln!(svg, "<text class=\"x\" x=\"{middle}\" y=\"{below}\">{}</text>", escape(x.label));
    let _ = writeln!(
        svg,
        "<text class=\"x\" transform=\"translate(14 {centre}) rotate(-90)\">{}</text>\n</svg>",
        escape(y.label)
    );
    svg
}

/// The stretches of a line between gaps; a gap is a point that is no number.
fn runs(points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let stretches = points.split(|(_, y)| y.is_nan()).filter(|stretch| !stretch.is_empty());
    stretches.map(<[(f64, f64)]>::to_vec).collect()
}

/// The names of lines beside their colours.
pub(super) fn legend(lines: &[Line]) -> String {
    let items = lines.iter().map(|line| {
        format!("<li><svg class=\"key\" viewBox=\"0 0 24 8\" aria-hidden=\"true\"><line class=\"line s{}\" x1=\"2\" y1=\"4\" x2=\"22\" y2=\"4\"/></svg>{}</li>", line.style, escape(line.name))
    });
    format!("<ul class=\"legend\">{}</ul>\n", items.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(labels(&Axis::linear("", 47.0)), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(labels(&Axis::linear("", 0.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&Axis::linear("", 4100.0)), ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]);
        assert_eq!(labels(&Axis::logarithmic("", 0.02, 900.0)), ["0.01", "0.1", "1", "10", "100", "1,000"]);
        assert_eq!(labels(&Axis::logarithmic("", 1.0, 1.0)), ["1", "10"]);
        assert_eq!(labels(&Axis::percentiles("", 300.0)), ["0", "50", "90", "99"]);
    }

    #[test]
    fn values_lie_where_their_axis_says() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(Axis::linear("", 50.0).place(25.0), 0.5);
        near(Axis::logarithmic("", 1.0, 100.0).place(10.0), 0.5);
        near(Axis::percentiles("", 100.0).place(10.0), 0.5);
        near(Axis::linear("", 50.0).place(1e9), 1.0);
        near(Axis::logarithmic("", 1.0, 100.0).place(0.0), 0.0);
    }

    #[test]
    fn a_gap_parts_a_line() {
        let line = Line { name: "a < b", style: 1, points: vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)] };
        let axis = Axis::linear("x", 5.0);
        let svg = draw("a & b", &axis, &axis, std::slice::from_ref(&line));
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains("a &amp; b") && svg.contains("a &lt; b") && !svg.contains("NaN"));
        assert!(legend(&[line]).contains("a &lt; b"));
    }
}
