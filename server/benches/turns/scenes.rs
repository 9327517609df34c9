//! The cases: how Rapport plays a turn, and how a bare client makes the same calls.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use crate::common::bare::Bare;
use crate::common::client::Client;
use crate::common::peers::{self, Peer};
use crate::common::process::Process;

/// 60 words at 50 a second behind 300 ms: complete after 1500 ms.
const ANSWER: &str = "sim-answer-ttft300-tps50";
/// 60 words behind 100 ms: complete after 800 ms.
const CONVERT: &str = "sim-convert-ttft100-tps85.7142857";
const SELECT: &str = "sim-select-ttft100-tps0";
const LATENCY: Duration = Duration::from_millis(800);

const QUESTION: &str = "How tall is the clock?";

/// Behind a prefetched description its tone is selected; no frame tells when that is done.
const SELECTED: Duration = Duration::from_millis(250);

/// A pair: first token and total of a turn, and of the same calls without Rapport.
#[derive(Clone, Copy)]
pub(crate) struct Played {
    pub(crate) first: Duration,
    pub(crate) total: Duration,
    pub(crate) bare_first: Duration,
    pub(crate) bare_total: Duration,
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    strategy: &'static str,
    setting: Setting,
    calls: Calls,
}

/// What is known as the message comes, and what the turn is to do.
#[derive(Clone, Copy, PartialEq)]
enum Setting {
    /// Nothing is prefetched.
    Unprepared,
    /// Description and tone are known; no mention of the visitor is due.
    Cached,
    /// They are known, and the mention is due.
    Opener,
    /// As `Cached`, but the VLM answers only once a session.
    Hanging,
    /// Not Rapport but a peer.
    Peer,
}

/// The calls of a bare client.
#[derive(Clone, Copy)]
enum Calls {
    /// Answer, describe, select, convert.
    Sequential,
    /// Answer beside describe, select, convert.
    Parallel,
    /// Describe and select beside the answer; then the opener is converted.
    Race,
    /// The answer's first clause is converted.
    Clause,
    /// The opener's conversion beside the answer.
    Opener,
    /// The answer.
    Direct,
}

const fn case(name: &'static str, strategy: &'static str, setting: Setting, calls: Calls) -> Case {
    Case { name, strategy, setting, calls }
}

pub(crate) const CASES: [Case; 9] = [
    case("sequential", "sequential", Setting::Unprepared, Calls::Sequential),
    case("parallel", "parallel", Setting::Unprepared, Calls::Parallel),
    case("control: parallel again", "parallel", Setting::Unprepared, Calls::Parallel),
    case("peer: FastAPI, the parallel way", "", Setting::Peer, Calls::Parallel),
    case("race, first turn, nothing prefetched", "race", Setting::Unprepared, Calls::Race),
    case("race, cached", "race", Setting::Cached, Calls::Clause),
    case("race, cached, VLM hangs", "race", Setting::Hanging, Calls::Clause),
    case("race, cached, opener due", "race", Setting::Opener, Calls::Opener),
    case("direct", "direct", Setting::Cached, Calls::Direct),
];

impl Case {
    /// One turn and one bare client's calls, in random order.
    pub(crate) async fn play(&self, houses: &Houses) -> Played {
        let (bare, turn) = if fastrand::bool() {
            let turn = self.turn(houses).await;
            (self.calls.make(&houses.bare).await, turn)
        } else {
            (self.calls.make(&houses.bare).await, self.turn(houses).await)
        };
        Played { first: turn.0, total: turn.1, bare_first: bare.0, bare_total: bare.1 }
    }

    async fn turn(&self, houses: &Houses) -> (Duration, Duration) {
        let house = match self.setting {
            Setting::Unprepared => &houses.unprepared,
            Setting::Cached => &houses.cached,
            Setting::Opener => &houses.opener,
            Setting::Hanging => &houses.hanging,
            Setting::Peer => {
                let message = json!({"text_user_msg": QUESTION}).to_string();
                return houses.peer.ask("/api/rag-llm/query-with-tone", message).await;
            }
        };
        let mut client = Client::connect(&house.address).await;
        if self.setting != Setting::Unprepared {
            client.until(r#"{"type":"description""#).await;
            tokio::time::sleep(SELECTED).await;
        }
        let message = json!({"text_user_msg": QUESTION, "strategy": self.strategy, "include_history": false});
        let heard = client.ask(&message.to_string()).await;
        let strategies_of_old = matches!(self.strategy, "sequential" | "parallel");
        let is_fresh = strategies_of_old || self.setting == Setting::Unprepared;
        let outcome = if is_fresh { "fresh" } else { "cached" };
        assert!(heard.done.contains(&format!(r#""outcome":"{outcome}""#)), "{}", heard.done);
        (heard.first, heard.total)
    }
}

impl Calls {
    /// First text and end.
    async fn make(self, bare: &Bare) -> (Duration, Duration) {
        let begun = Instant::now();
        let seen = async {
            let description = bare.describe().await;
            bare.text(SELECT, &format!("<description>{description}</description>")).await
        };
        let reply = match self {
            Self::Sequential => {
                let answer = bare.text(ANSWER, QUESTION).await;
                seen.await;
                bare.chat(CONVERT, &text(&answer)).await
            }
            Self::Parallel => {
                let (answer, description) = tokio::join!(bare.text(ANSWER, QUESTION), bare.describe());
                bare.text(SELECT, &format!("<description>{description}</description>")).await;
                bare.chat(CONVERT, &text(&answer)).await
            }
            Self::Race => {
                let answer = bare.text(ANSWER, QUESTION);
                let opened = async {
                    seen.await;
                    first(bare.chat(CONVERT, "<mention>coat</mention>").await, begun).await
                };
                return tokio::join!(answer, opened).1;
            }
            Self::Clause => {
                let mut answer = bare.chat(ANSWER, QUESTION).await;
                let clause = answer.until(", ").await;
                let converted = async { first(bare.chat(CONVERT, &text(&clause)).await, begun).await };
                return tokio::join!(answer.rest(), converted).1;
            }
            Self::Opener => {
                let converted =
                    async { first(bare.chat(CONVERT, "<mention>coat</mention>").await, begun).await };
                return tokio::join!(bare.text(ANSWER, QUESTION), converted).1;
            }
            Self::Direct => bare.chat(ANSWER, QUESTION).await,
        };
        first(reply, begun).await
    }
}

fn text(text: &str) -> String {
    format!("<text>{text}</text>")
}

/// When a reply's first text came, and its end.
async fn first(mut reply: crate::common::bare::Stream, begun: Instant) -> (Duration, Duration) {
    reply.next().await.expect("text");
    let first = begun.elapsed();
    reply.rest().await;
    (first, begun.elapsed())
}

/// No two alike: a tone that a model has selected is remembered by its description.
fn visitors() -> String {
    let visitor = |ticket| format!("a woman in a red coat who holds ticket {ticket}");
    (0..20_000).map(visitor).collect::<Vec<_>>().join("\n")
}

/// Simulator, peer, and a server for each setting.
pub(crate) struct Houses {
    bare: Bare,
    unprepared: Process,
    cached: Process,
    opener: Process,
    hanging: Process,
    peer: Peer,
    _simulator: Process,
}

impl Houses {
    pub(crate) async fn open() -> Self {
        let pool = std::env::temp_dir().join(format!("rapport-bench-pool-{}", std::process::id()));
        std::fs::write(&pool, visitors()).unwrap();
        let latency = format!("{}ms", LATENCY.as_millis());
        let simulator = Process::simulator(&["--latency", &latency, "--pool", pool.to_str().unwrap()]);
        std::fs::remove_file(pool).unwrap();
        let address = simulator.address.clone();
        let models = format!("http://{address}/v1");
        let rapport = |camera: &str, more: &[&str]| {
            let mut flags =
                vec!["--user-description-server", camera, "--llm-url", &models, "--select", "model"];
            flags.extend(["--llm-model", ANSWER, "--convert-model", CONVERT, "--select-model", SELECT]);
            Process::rapport(&[&flags, more].concat())
        };
        let camera = format!("http://{address}");
        let silent = ["--mention-first", "false", "--mention-rate", "0"];
        Self {
            bare: Bare::new(&address),
            unprepared: rapport(&camera, &["--prefetch", "false"]),
            cached: rapport(&camera, &silent),
            opener: rapport(&camera, &[]),
            hanging: rapport(&hanging_camera().await, &silent),
            peer: peers::fastapi(&address, "aiohttp", [ANSWER, SELECT, CONVERT]),
            _simulator: simulator,
        }
    }
}

/// A description service that answers once a session and hangs from then on.
async fn hanging_camera() -> String {
    type Seen = Arc<Mutex<HashSet<String>>>;
    async fn look(State(seen): State<Seen>, RawQuery(session): RawQuery) -> String {
        if !seen.lock().unwrap().insert(session.unwrap_or_default()) {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(LATENCY).await;
        json!({"success": true, "user_description": "a young girl in a red raincoat"}).to_string()
    }
    let router = Router::new()
        .route("/api/get-user-description", get(look))
        .route("/health", get(async || "ok"))
        .with_state(Seen::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
