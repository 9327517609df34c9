//! Numbers of a run.

use std::time::Duration;

/// The value below which a share of all lies; the nearest one, not interpolated.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    // an index
    let at = (share * (sorted.len() - 1) as f64).round() as usize;
    sorted[at]
}

pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A count as a number to divide by.
#[allow(clippy::cast_precision_loss)] // far below 2^52
pub fn count(count: usize) -> f64 {
    count as f64
}

/// A table's row.
pub fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// A table's head.
pub fn head(cells: &[&str]) {
    println!("| {} |", cells.join(" | "));
    println!("|{}", "---|".repeat(cells.len()));
}
