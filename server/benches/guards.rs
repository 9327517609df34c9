//! What the guards cost a token of a model's output, beside copying the same token (`push_str`).
//!
//! `cargo bench -p rapport --bench guards`. A token is what one delta holds: a Han character or an English word.
//! The rows take turns, round by round, so that a busy machine slows all of them; the ratio is the median of
//! the rounds' own ratios, and the first row is the control: copying beside copying.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::machine;
use common::numbers::{count, head, median, quantile, row};
use rapport::language;
use rapport::tone::facts::Watch;
use rapport::tone::script::Traditional;

/// How long one row is measured in a round.
const SLICE: Duration = Duration::from_millis(40);
const ROUNDS: usize = 31;

const TRADITIONAL: &str = "您好，歡迎來到工業技術研究院。工研院成立於1973年，擁有超過六千位研發尖兵，累積超過三萬件專利，是推動台灣新興科技產業發展的重要推手。\
    2025年12月10日，工研院宣布與統一超商（7-Eleven）深度合作，三年內成功打造三間「拿了就走」的無人商店 X-STORE。\
    該計畫結合了「全影像 AI」與「邊緣運算」技術，突破了傳統重量感測的限制。";
const SIMPLIFIED: &str = "您好，欢迎来到工业技术研究院。工研院成立于1973年，拥有超过六千位研发尖兵，累积超过三万件专利，是推动台湾新兴科技产业发展的重要推手。\
    2025年12月10日，工研院宣布与统一超商（7-Eleven）深度合作，三年内成功打造三间「拿了就走」的无人商店 X-STORE。\
    该计画结合了「全影像 AI」与「边缘运算」技术，突破了传统重量感测的限制。";
const ENGLISH: &str = "Welcome to the Industrial Technology Research Institute. ITRI was founded in 1973, has more than \
    six thousand researchers and holds over 30,000 patents; it has driven the growth of new industries in Taiwan. \
    On December 10, 2025, it announced its work with 7-Eleven: three unmanned shops called X-STORE within three years. \
    They join “Full-Image AI” with edge computing, and need no weight sensors any longer.";

/// One way to handle a text's tokens, all of them in one go.
struct Row {
    name: &'static str,
    text: &'static str,
    run: fn(&[&str]),
}

fn copy(tokens: &[&str]) {
    let mut out = String::new();
    for token in tokens {
        out.push_str(black_box(token));
    }
    black_box(out);
}

fn traditional(tokens: &[&str]) {
    let (mut stream, mut out) = (Traditional::default(), String::new());
    for token in tokens {
        out.push_str(&stream.push(black_box(token)));
    }
    out.push_str(&stream.finish());
    black_box(out);
}

/// Keeping every fact.
fn watch(tokens: &[&str], plain: &str) {
    let (mut watch, mut out) = (Watch::over(black_box(plain)), String::new());
    for token in tokens {
        watch.push(black_box(token));
        out.push_str(token);
    }
    assert!(black_box(watch.finish()).is_empty());
    black_box(out);
}

const ROWS: [Row; 8] = [
    Row { name: "control: `push_str` again, Chinese", text: TRADITIONAL, run: copy },
    Row { name: "control: `push_str` again, English", text: ENGLISH, run: copy },
    Row { name: "`Traditional`, clean Traditional", text: TRADITIONAL, run: traditional },
    Row { name: "`Traditional`, Simplified", text: SIMPLIFIED, run: traditional },
    Row { name: "`Traditional`, English", text: ENGLISH, run: traditional },
    Row { name: "`Watch`, Chinese segment", text: TRADITIONAL, run: |tokens| watch(tokens, TRADITIONAL) },
    Row { name: "`Watch`, English segment", text: ENGLISH, run: |tokens| watch(tokens, ENGLISH) },
    Row {
        name: "both, Chinese segment",
        text: TRADITIONAL,
        run: |tokens| {
            let (mut stream, mut watch, mut out) =
                (Traditional::default(), Watch::over(black_box(TRADITIONAL)), String::new());
            for token in tokens {
                let turned = stream.push(black_box(token));
                watch.push(&turned);
                out.push_str(&turned);
            }
            watch.push(&stream.finish());
            assert!(black_box(watch.finish()).is_empty());
            black_box(out);
        },
    },
];

/// Nanoseconds that one run takes.
fn time(run: fn(&[&str]), tokens: &[&str]) -> f64 {
    let (begun, mut runs) = (Instant::now(), 0_u32);
    while begun.elapsed() < SLICE / 2 {
        for _ in 0..8 {
            run(tokens);
        }
        runs += 8;
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(runs)
}

fn main() {
    let machine = machine::quiet();
    let begun = Instant::now();
    black_box(Traditional::default().push("头发"));
    println!("The script table is read once, in {:.2} ms.\n", begun.elapsed().as_secs_f64() * 1e3);
    let tokens: Vec<Vec<&str>> = ROWS.iter().map(|row| language::pieces(row.text).collect()).collect();
    let mut times = vec![Vec::new(); ROWS.len()];
    let mut ratios = vec![Vec::new(); ROWS.len()];
    for _ in 0..ROUNDS {
        for (at, row) in ROWS.iter().enumerate() {
            let copied = time(copy, &tokens[at]);
            let taken = time(row.run, &tokens[at]);
            times[at].push(taken);
            ratios[at].push(taken / copied);
        }
    }
    head(&["what", "ns / token", "MB/s", "/ `push_str` (quarter to three quarters)"]);
    for (at, Row { name, text, .. }) in ROWS.iter().enumerate() {
        let (taken, ratios) = (median(&times[at]), &ratios[at]);
        let (low, ratio, high) = (quantile(ratios, 0.25), median(ratios), quantile(ratios, 0.75));
        row(&[
            (*name).to_owned(),
            format!("{:.1}", taken / count(tokens[at].len())),
            format!("{:.0}", count(text.len()) / taken * 1e3),
            format!("{ratio:.2} ({low:.2} to {high:.2})"),
        ]);
    }
    println!("\n{machine}");
}
