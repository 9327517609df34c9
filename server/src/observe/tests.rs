use std::sync::Arc;

use super::*;
use crate::event::{Span, Timings, Usage};

fn report(status: Status) -> TurnReport {
    TurnReport {
        turn_id: Arc::from("t1"),
        status,
        text: "SECRET".into(),
        answer: "SECRET".into(),
        tone: None,
        outcome: None,
        sources: Vec::new(),
        degraded: Vec::new(),
        facts_missing: None,
        timings: Timings::default(),
        spans: Vec::new(),
        usage: Usage::default(),
        durable: None,
    }
}

/// The value of a series, given as it is written.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn every_label_value_is_there_from_the_start() {
    let text = Metrics::new().text(Now::default());
    let zero = |series: String| assert_eq!(value(&text, &series), Some(0.0), "{series}\n{text}");
    for status in ["completed", "interrupted", "cancelled", "failed", "timed_out"] {
        zero(format!("rapport_turns_total{{status=\"{status}\"}}"));
    }
    for tone in ["child_friendly", "elder_friendly", "professional_friendly", "casual_friendly"] {
        for outcome in ["fresh", "cached", "client", "fallback"] {
            zero(format!("rapport_replies_total{{outcome=\"{outcome}\",tone=\"{tone}\"}}"));
        }
    }
    for stage in ["describe", "rewrite", "retrieve", "answer", "select", "convert"] {
        zero(format!("rapport_stage_seconds_count{{stage=\"{stage}\"}}"));
    }
    for stage in DEGRADABLE {
        zero(format!("rapport_degraded_total{{stage=\"{stage}\"}}"));
    }
    for series in ["rapport_first_token_seconds_count", "rapport_turn_seconds_count", "rapport_turns_running"]
    {
        zero(series.into());
    }
    assert!(!text.contains("rapport_upstream_up"), "none is configured");
    assert_eq!(
        value(&text, &format!("rapport_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))),
        Some(1.0)
    );
}

#[test]
fn a_turn_is_counted_once_and_nothing_of_it_is_told() {
    let metrics = Metrics::new();
    let span = |stage, start, end| Span { stage, segment: None, start, end, is_shared: false };
    metrics.turn_began();
    assert_eq!(value(&metrics.text(Now::default()), "rapport_turns_running"), Some(1.0));
    metrics.turn_ended(&TurnReport {
        tone: Some(Tone::ElderFriendly),
        outcome: Some(Outcome::Cached),
        degraded: vec!["convert".into()],
        timings: Timings { first_token: Some(300.0), total: Some(1200.0), ..Timings::default() },
        spans: vec![
            span(Stage::Describe, -500.0, 300.0), // counted where it is called
            Span { is_shared: true, ..span(Stage::Select, 0.0, 4000.0) },
            span(Stage::Select, 2.0, 1.0),
            span(Stage::Answer, 0.0, 700.0),
        ],
        ..report(Status::Completed)
    });
    metrics.turn_began();
    metrics.turn_ended(&report(Status::Cancelled));
    metrics.described("nobody", Duration::from_millis(250));
    metrics.described("timed_out", Duration::from_millis(500));
    metrics.selected(Duration::from_millis(125));

    let text = metrics.text(Now {
        crowd: Some((8, 1)),
        sessions: 3,
        sockets: 2,
        tasks: 1,
        llm: Some(true),
        vlm: Some(false),
        embeddings: Some(true),
        store: Some(false),
    });
    for (series, expected) in [
        ("rapport_turns_running", 0.0),
        ("rapport_turns_total{status=\"completed\"}", 1.0),
        ("rapport_turns_total{status=\"cancelled\"}", 1.0),
        ("rapport_replies_total{outcome=\"cached\",tone=\"elder_friendly\"}", 1.0),
        ("rapport_first_token_seconds_sum", 0.3),
        ("rapport_first_token_seconds_count", 1.0),
        ("rapport_turn_seconds_sum", 1.2),
        ("rapport_stage_seconds_sum{stage=\"describe\"}", 0.75),
        ("rapport_stage_seconds_count{stage=\"describe\"}", 2.0),
        ("rapport_stage_seconds_sum{stage=\"select\"}", 0.125),
        ("rapport_stage_seconds_count{stage=\"select\"}", 2.0),
        ("rapport_stage_seconds_sum{stage=\"answer\"}", 0.7),
        ("rapport_descriptions_total{result=\"nobody\"}", 1.0),
        ("rapport_descriptions_total{result=\"timed_out\"}", 1.0),
        ("rapport_descriptions_total{result=\"described\"}", 0.0),
        ("rapport_degraded_total{stage=\"convert\"}", 1.0),
        ("rapport_sessions", 3.0),
        ("rapport_sockets", 2.0),
        ("rapport_upstream_up{upstream=\"llm\"}", 1.0),
        ("rapport_upstream_up{upstream=\"vlm\"}", 0.0),
        ("rapport_upstream_up{upstream=\"embeddings\"}", 1.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}\n{text}");
    }
    assert!(!text.contains("SECRET"));
}

#[test]
fn buckets_are_close_enough_for_quantiles() {
    let bounds = buckets(0.005, 1.25, 47);
    assert_eq!((bounds[0], bounds[1], bounds[46]), (0.005, 0.00625, 143.0));
    assert!(bounds.windows(2).all(|pair| (1.2..1.3).contains(&(pair[1] / pair[0]))), "{bounds:?}");
}
