//! How soon a `cancel` reaches the model: from the client's frame to when the simulator has seen its client leave
//! with text still to be sent.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::bare;
use crate::common::client::Client;
use crate::common::numbers::{head, median, ms, quantile, row};
use crate::common::process::Process;

/// Takes 12 s for its reply of 60 words.
const SLOW: &str = "sim-answer-ttft0-tps5";
const SLOW_CONVERSION: &str = "sim-convert-ttft0-tps5";
const FAST: &str = "sim-answer-ttft0-tps0";
const ROUNDS: usize = 100;

pub(crate) async fn report() {
    println!(
        "\nFrom a client's `cancel` to when the model has seen its call dropped, ms, {ROUNDS} turns each:\n"
    );
    head(&["cancelled", "p50", "p99", "max"]);
    for (name, answer, convert) in
        [("while the answer streams", SLOW, FAST), ("while a conversion streams", FAST, SLOW_CONVERSION)]
    {
        let times = cancel(answer, convert).await;
        let at = |share| format!("{:.2}", quantile(&times, share));
        row(&[name.to_owned(), format!("{:.2}", median(&times)), at(0.99), at(1.0)]);
    }
}

async fn cancel(answer: &str, convert: &str) -> Vec<f64> {
    let simulator = Process::simulator(&["--latency", "0"]);
    let models = format!("http://{}/v1", simulator.address);
    let mut flags = vec!["--llm-url", &models, "--llm-model", answer, "--convert-model", convert];
    flags.extend(["--messages-per-minute", "0", "--warmup", "0"]);
    let house = Process::rapport(&flags);
    let stats = Stats { client: bare::client(), url: format!("http://{}/stats", simulator.address) };
    let slow = if answer == SLOW { answer } else { convert };
    let message =
        json!({"text_user_msg": "How tall is the clock?", "convert_tone": slow != answer}).to_string();

    let mut client = Client::connect(&house.address).await;
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        client.say(&message).await;
        client.until(r#"{"type":"token""#).await;
        let before = stats.of(slow).await;
        let begun = Instant::now();
        client.say(r#"{"type":"cancel"}"#).await;
        // A turn may have two conversions: all that are in flight.
        while stats.of(slow).await.in_flight() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(5), "the model goes on");
        }
        times.push(ms(begun.elapsed()));
        client.until(r#"{"type":"turn_done""#).await;
        let after = stats.of(slow).await;
        assert!(after.dropped > before.dropped && after.unsent > before.unsent && after.finished == 0);
    }
    times
}

struct Stats {
    client: reqwest::Client,
    url: String,
}

/// A model's counts, as the simulator tells them.
struct Counts {
    begun: u64,
    finished: u64,
    dropped: u64,
    unsent: u64,
}

impl Counts {
    fn in_flight(&self) -> u64 {
        self.begun - self.finished - self.dropped
    }
}

impl Stats {
    async fn of(&self, model: &str) -> Counts {
        let text = self.client.get(&self.url).send().await.unwrap().text().await.unwrap();
        let stats: Value = serde_json::from_str(&text).unwrap();
        let count = |name: &str| stats["models"][model][name].as_u64().unwrap_or(0);
        Counts {
            begun: count("begun"),
            finished: count("finished"),
            dropped: count("dropped"),
            unsent: count("unsent_tokens"),
        }
    }
}
