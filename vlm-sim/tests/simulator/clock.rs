//! When things come, under a paused clock and without a socket: exact, and over in no time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use futures_util::{FutureExt, StreamExt};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::time::Instant;
use vlm_sim::{Config, Simulator};

use crate::client::{chat, quick};

async fn send(simulator: &Simulator, request: Request<Body>) -> Response<Body> {
    TowerToHyperService::new(simulator.router()).call(request).await.unwrap()
}

async fn describe(simulator: &Simulator) -> Duration {
    let start = Instant::now();
    let response =
        send(simulator, Request::get("/api/get-user-description").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);
    start.elapsed()
}

fn post(body: &Value) -> Request<Body> {
    Request::post("/v1/chat/completions").body(Body::from(body.to_string())).unwrap()
}

/// When each token came, in milliseconds.
async fn arrivals(simulator: &Simulator, model: &str, words: usize) -> Vec<u128> {
    let start = Instant::now();
    let text = vec!["word"; words].join(" ");
    let response = send(simulator, post(&chat(model, true, format!("<text>{text}</text>")))).await;
    let mut frames = response.into_body().into_data_stream();
    let mut times = Vec::new();
    while let Some(frame) = frames.next().await {
        let frame = frame.unwrap();
        let tokens = std::str::from_utf8(&frame).unwrap().matches("\"content\"").count();
        times.extend(std::iter::repeat_n(start.elapsed().as_millis(), tokens));
    }
    times
}

#[tokio::test(start_paused = true)]
async fn a_description_takes_its_latency() {
    let check = async |config: Config, ms: u64| {
        let simulator = Simulator::new(config).unwrap();
        assert_eq!(describe(&simulator).await, Duration::from_millis(ms));
    };
    check(Config::default(), 800).await;
    check(Config { slowdown: 2.5, ..Config::default() }, 2000).await;
    check(Config { straggler_rate: 1.0, ..Config::default() }, 8000).await;
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_the_latency_alike_under_the_same_seed() {
    let config = Config { jitter: Duration::from_millis(300), seed: 3, ..Config::default() };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::new(config.clone()).unwrap();
        let mut run = Vec::new();
        for _ in 0..30 {
            run.push(describe(&simulator).await);
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    let (least, most) =
        (runs[0].iter().min().unwrap().as_millis(), runs[0].iter().max().unwrap().as_millis());
    assert!((500..650).contains(&least) && (950..=1101).contains(&most), "{least} to {most} ms");
}

#[tokio::test(start_paused = true)]
async fn tokens_leave_at_ttft_plus_n_over_tps() {
    let simulator = Simulator::new(quick()).unwrap();
    let check = async |model: &str, expect: &[u128]| {
        assert_eq!(arrivals(&simulator, model, expect.len()).await, expect, "{model}");
    };
    check("sim-convert-ttft300-tps50", &[320, 340, 360, 380]).await;
    check("sim-convert-ttft0.5-tps0", &[1, 1, 1]).await;
    check("sim-convert-ttft0-tps0.5", &[2000, 4000, 6000]).await;
    check("sim-convert-ttft200-tps0", &[200, 200, 200]).await;
    check("sim", &[320, 340]).await;
}

#[tokio::test(start_paused = true)]
async fn late_timers_do_not_add_up() {
    let simulator = Simulator::new(quick()).unwrap();
    let times = arrivals(&simulator, "sim-convert-ttft0-tps300", 600).await;
    assert!((2000..=2001).contains(&times[599]), "{} ms", times[599]);
}

#[tokio::test(start_paused = true)]
async fn slowdown_and_stragglers_stretch_a_chat() {
    let simulator = Simulator::new(Config { slowdown: 2.0, ..quick() }).unwrap();
    assert_eq!(arrivals(&simulator, "sim-convert-ttft300-tps50", 2).await, [640, 680]);
    let simulator = Simulator::new(Config { straggler_rate: 1.0, ..quick() }).unwrap();
    assert_eq!(arrivals(&simulator, "sim-convert-ttft300-tps50", 2).await, [3200, 3400]);
}

#[tokio::test(start_paused = true)]
async fn without_a_stream_the_reply_comes_with_the_last_token() {
    let simulator = Simulator::new(quick()).unwrap();
    let start = Instant::now();
    let response = send(&simulator, post(&chat("sim-rewrite-ttft300-tps50", false, "one two three"))).await;
    assert_eq!(start.elapsed(), Duration::from_millis(360));
    assert!(to_bytes(response.into_body(), 1 << 20).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_vision_model_without_times_takes_the_latency() {
    let simulator = Simulator::new(Config::default()).unwrap();
    let start = Instant::now();
    send(&simulator, post(&chat("sim-describe", false, "who?"))).await;
    assert_eq!(start.elapsed(), Duration::from_millis(800));
    let start = Instant::now();
    send(&simulator, post(&chat("sim-describe-ttft100-tps0", false, "who?"))).await;
    assert_eq!(start.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn capacity_makes_calls_wait_in_turn() {
    let simulator = Simulator::new(Config { capacity: Some(2), ..Config::default() }).unwrap();
    let mut calls: Vec<_> = (0..5).map(|_| Box::pin(describe(&simulator))).collect();
    let times = futures_util::future::join_all(calls.iter_mut()).await;
    assert_eq!(times.iter().map(Duration::as_millis).collect::<Vec<_>>(), [800, 800, 1600, 1600, 2400]);
}

#[tokio::test(start_paused = true)]
async fn capacity_starts_the_clock_of_a_chat_when_its_turn_comes() {
    let simulator = Simulator::new(Config { capacity: Some(1), ..quick() }).unwrap();
    let [first, second] = [(); 2].map(|()| arrivals(&simulator, "sim-convert-ttft300-tps50", 2));
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first, second), (vec![320, 340], vec![660, 680]));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_is_never_answered() {
    let simulator = Simulator::new(Config { hang_rate: 1.0, ..quick() }).unwrap();
    let week = Duration::from_secs(7 * 24 * 3600);
    assert!(tokio::time::timeout(week, describe(&simulator)).await.is_err());
    assert_eq!(simulator.stats().routes["/api/get-user-description"].dropped, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stall_says_its_tokens_and_no_more() {
    let simulator = Simulator::new(quick()).unwrap();
    let response = send(&simulator, post(&chat("sim-answer-ttft0-tps10-stall2", true, "hi"))).await;
    let mut frames = response.into_body().into_data_stream();
    assert!(frames.next().await.is_some() && frames.next().await.is_some());
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(frames.next().now_or_never().is_none());
    drop(frames);
    assert_eq!(simulator.stats().models["sim-answer-ttft0-tps10-stall2"].unsent_tokens, 58);
}
