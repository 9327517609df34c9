//! The machine: what it is, and whether anything else runs on it.

use std::process::{Command, exit};
use std::thread::sleep;
use std::time::Duration;

/// How long the machine is watched before anything is measured.
const WATCH: Duration = Duration::from_secs(2);

/// The share of all cores' time that others may use; above it the figures say more of them than of Rapport.
const BUSY: f64 = 0.08;

/// Measures on a busy machine all the same; the result says so.
const OVERRIDE: &str = "RAPPORT_BENCH_BUSY";

/// Ends the program if the machine is busy; else returns a line for below the results.
pub fn quiet() -> String {
    let busy = busy();
    let machine = describe();
    if busy <= BUSY {
        return machine;
    }
    let percent = busy * 100.0;
    if std::env::var_os(OVERRIDE).is_none() {
        eprintln!("error: the machine is busy: others use {percent:.0} % of it, and figures would be theirs");
        eprintln!("hint: end what runs beside; {OVERRIDE}=1 measures all the same and marks the result");
        exit(1);
    }
    format!("**On a busy machine** (others used {percent:.0} % of it): {machine}")
}

/// The share of all cores' time that is in use, stolen time included.
fn busy() -> f64 {
    let (before_used, before_all) = times();
    sleep(WATCH);
    let (used, all) = times();
    (used - before_used) / (all - before_all).max(1.0)
}

/// The machine's time in use, and all of its time, in ticks since it was started.
fn times() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let ticks: Vec<f64> =
        stat.lines().next().unwrap().split_whitespace().skip(1).take(8).map(number).collect();
    let all: f64 = ticks.iter().sum();
    (all - ticks[3] - ticks[4], all)
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

fn describe() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models = info.lines().filter_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cpu = models.next().unwrap_or(std::env::consts::ARCH);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let date = said("date", &["+%Y-%m-%d"]).unwrap_or_default();
    let kernel = said("uname", &["-sr"]).unwrap_or_default();
    let rust = said("rustc", &["--version"]).unwrap_or_default();
    let rust = rust.split(" (").next().unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    format!("{date}, {cpu}, {cores} cores, {kernel}, {rust}, release build of rapport {version}.")
}
