//! `rapport load` against a real server: what it counts, what it writes, and what it says when it can't.

#![allow(clippy::unwrap_used)] // a test's failure is its panic

use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rapport::app::{Server, Stop};
use rapport::config::Config;
use rapport::description::{self, Api, Contract};
use rapport::load::{Arrivals, LoadError, Plan, Progress, Refusal, Report, Target, page, run, table};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// No wait takes longer, unless something is broken.
const DEADLINE: Duration = Duration::from_secs(60);

/// A demo server on a simulated camera.
struct House {
    address: SocketAddr,
    stop: oneshot::Sender<Stop>,
    served: JoinHandle<()>,
}

impl House {
    async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let camera = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", camera.local_addr().unwrap());
        let looks =
            vlm_sim::Config { latency: Duration::from_millis(5), sticky: true, ..vlm_sim::Config::default() };
        let simulator = vlm_sim::Simulator::new(looks).unwrap();
        tokio::spawn(async move { simulator.serve(camera, std::future::pending()).await });
        let mut config = Config::demo();
        config.vlm = Some(description::Endpoint::new(url, Api::Service(Contract::Description)));
        change(&mut config);
        let server = Server::new(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, asked) = oneshot::channel();
        let running = tokio::spawn(server.serve(listener, async { asked.await.unwrap_or(Stop::Shutdown) }));
        Self { address, stop, served: running }
    }

    /// A short run: 20 sessions, 3 questions each.
    fn plan(&self) -> Plan {
        Plan {
            sessions: 20,
            rate: 100.0,
            arrivals: Arrivals::Constant,
            think: Duration::from_millis(50),
            ..Plan::new(Target::parse(&format!("http://{}", self.address), None).unwrap())
        }
    }

    async fn close(self) {
        self.stop.send(Stop::Shutdown).unwrap();
        timeout(DEADLINE, self.served).await.expect("the server ends").unwrap();
    }
}

async fn carried_out(plan: Plan) -> Result<Report, LoadError> {
    timeout(DEADLINE, run(plan, std::future::pending(), |_| ())).await.expect("the run ends")
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&report.json()).unwrap()
}

/// Whether every tag is closed in its order. The page is written so that it is XML, too, but for its void tags.
fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    let body = page.strip_prefix("<!DOCTYPE html>").expect("a page");
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "a bare >: {text}");
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') && !["meta"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_planned_is_asked_and_counted() {
    let house = House::open(|_| ()).await;
    let mut last: Option<Progress> = None;
    let ran = run(Plan { idle: 5, ..house.plan() }, std::future::pending(), |now| last = Some(*now));
    let report = timeout(DEADLINE, ran).await.expect("the run ends").unwrap();

    let turns = report.turns;
    assert_eq!((turns.planned, turns.sent, turns.completed, turns.unsuccessful()), (60, 60, 60, 0));
    assert!(report.passed && !report.stopped && report.failure().is_none());
    let latency = report.latency_ms;
    let counts = [latency.connect, latency.first_token, latency.total, latency.wait].map(|it| it.count);
    assert_eq!(counts, [20, 60, 60, 60]);
    assert_eq!(latency.lag.count, 20 + 60); // each arrival and each question
    assert_eq!(latency.gap.count, report.tokens - 60); // a turn's first token has none before it
    assert!(report.tokens > 60 * 5);
    assert!(latency.first_token.max <= latency.total.max);
    assert!(latency.server_total.max <= latency.total.max, "the server can't see more than the visitor");
    let last = last.unwrap();
    assert_eq!((last.arrived, last.sessions, last.ended, last.turns, last.open), (20, 20, 60, 60, 0));

    let json = json(&report);
    assert_eq!(json["target"], format!("ws://{}/ws", house.address));
    assert_eq!((&json["server"]["server"], &json["server"]["demo"]), (&"builtin".into(), &true.into()));
    assert_eq!((&json["sessions"]["idle_connected"], &json["sessions"]["idle_lost"]), (&5.into(), &0.into()));
    let sum = |counts: &Value| counts.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum(&json["outcomes"]), sum(&json["tones"])), (60, 60));
    let slices = json["timeline"]["slices"].as_array().unwrap();
    let over_time = |name: &str| slices.iter().map(|slice| slice[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((over_time("arrivals"), over_time("due"), over_time("sent")), (20, 60, 60));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_answers_are_asked_for_until_the_time_is_over() {
    let house = House::open(|_| ()).await;
    let plan = Plan {
        turns: None,
        duration: Some(Duration::from_millis(420)),
        convert_tone: false,
        sessions: 3,
        ..house.plan()
    };
    let report = json(&carried_out(plan).await.unwrap());
    // Arrivals after 0, 10 and 20 ms; every 50 ms until 420.
    assert_eq!((&report["turns"]["planned"], &report["turns"]["completed"]), (&24.into(), &24.into()));
    assert_eq!((&report["tones"]["none"], &report["outcomes"]["none"]), (&24.into(), &24.into()));
    assert_eq!(report["plan"]["duration_ms"], 420);
    assert_eq!(report["plan"]["turns"], Value::Null);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_has_the_documented_fields_and_the_page_needs_nothing_else() {
    let house = House::open(|_| ()).await;
    let report = carried_out(house.plan()).await.unwrap();
    let json = json(&report);
    let documented = include_str!("../../docs/load.md");
    let mut fields = Vec::new();
    let names =
        |value: &Value| value.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    fields.extend(names(&json));
    let parts = ["server", "plan", "sessions", "turns", "rates", "latency_ms", "timeline"];
    fields.extend(parts.iter().flat_map(|part| names(&json[part])));
    fields.extend(names(&json["latency_ms"]["total"]));
    fields.extend(names(&json["timeline"]["slices"][0]));
    for field in fields {
        assert!(documented.contains(&format!("`{field}`")), "`{field}` is not in docs/load.md");
    }

    let page = page(&report);
    assert_well_formed(&page);
    assert_eq!(page.matches("<svg viewBox=\"0 0 720").count(), 4);
    for forbidden in ["<script", "src=", "href=", "url(", "@import", "NaN", "inf"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let table = table(&report);
    for row in ["connect ", "first token ", "gap between tokens ", "total ", "generator lag ", "60 completed"]
    {
        assert!(table.contains(row), "`{row}` is not in:\n{table}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_fails_the_run_unless_it_is_allowed() {
    let house = House::open(|config| config.session.messages_per_minute = 2).await;
    let report = carried_out(house.plan()).await.unwrap();
    assert_eq!((report.turns.completed, report.turns.refused), (40, 20));
    assert!(!report.passed);
    assert!(report.failure().unwrap().contains("20 of 60 questions"), "{:?}", report.failure());
    let told = json(&report);
    assert_eq!(told["errors"]["rate_limited"]["count"], 20);
    assert!(report.warnings.iter().any(|warning| warning.contains("--think") && warning.contains('2')));
    assert!(page(&report).contains("Failed: 20 of 60"));

    let report = carried_out(Plan { fail_over: 34.0, ..house.plan() }).await.unwrap();
    assert!(report.passed && report.turns.refused == 20);
    // A strategy that the server doesn't know is refused by it, with its words.
    let plan = Plan { strategy: Some("fast".into()), ..house.plan() };
    let told = json(&carried_out(plan).await.unwrap());
    assert!(told["errors"]["unknown_strategy"]["message"].as_str().unwrap().contains("fast"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_reports_what_it_measured() {
    let house = House::open(|_| ()).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    let plan = Plan { turns: Some(1000), idle: 2, ..house.plan() };
    let stopped = async {
        let _ = stopped.await;
    };
    // Stopped as soon as something is answered.
    let ran = run(plan, stopped, |now| {
        if now.ended > 10 {
            stop.take();
        }
    });
    let report = timeout(DEADLINE, ran).await.expect("the run ends").unwrap();
    assert!(report.stopped && report.passed, "{:?}", report.failure());
    assert!(report.turns.completed > 10 && report.turns.planned < 20_000);
    assert_eq!(report.turns.planned, report.turns.completed + report.turns.stopped);
    assert_eq!(report.latency_ms.total.count, report.turns.completed);
    assert!(report.warnings[0].contains("stopped"));
    assert_well_formed(&page(&report));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_costs_the_rest_of_the_questions() {
    let house = House::open(|_| ()).await;
    let plan = Plan { turns: Some(1000), ..house.plan() };
    let House { stop, served, .. } = house;
    let mut stop = Some(stop);
    let ran = run(plan, std::future::pending(), |now| {
        if now.ended > 10
            && let Some(stop) = stop.take()
        {
            stop.send(Stop::Restart).unwrap();
        }
    });
    let report = timeout(DEADLINE, ran).await.expect("the run ends").unwrap();
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
    assert!(!report.passed && !report.stopped);
    let turns = report.turns;
    assert_eq!(turns.planned, 20_000);
    assert_eq!(turns.planned, turns.completed + turns.unsuccessful());
    assert!(json(&report)["closed"]["1012 restarting"].as_u64() > Some(0), "{}", report.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_lets_nobody_in_is_told_with_its_remedy() {
    let said = |url: String, token: Option<&'static str>| async move {
        carried_out(Plan::new(Target::parse(&url, token).unwrap())).await.unwrap_err()
    };
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = said(format!("ws://{free}"), None).await;
    assert!(matches!(&error, LoadError::Target { refusal: Refusal::Tcp(_), .. }), "{error}");
    assert!(error.to_string().contains("rapport demo") && error.to_string().contains(&free.to_string()));

    let house = House::open(|config| config.tokens = vec!["s3cret".into()]).await;
    let address = house.address;
    for token in [None, Some("wrong")] {
        let error = said(format!("ws://{address}/ws"), token).await.to_string();
        assert!(error.contains("401") && error.contains("--token"), "{error}");
    }
    let error = said(format!("ws://{address}/none"), None).await.to_string();
    assert!(error.contains("404") && error.contains("/ws"), "{error}");
    let plan = Plan { target: Target::parse(&address.to_string(), Some("s3cret")).unwrap(), ..house.plan() };
    assert!(carried_out(plan).await.unwrap().passed);
    house.close().await;

    // Something else listens there: it says nothing that is HTTP.
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = other.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail ready\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let error = said(format!("ws://{address}"), None).await.to_string();
    assert!(error.contains("no Rapport server") && error.contains("hint: "), "{error}");
}

/// The program, apart from its terminal.
fn rapport(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.arg("load").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_writes_its_reports_and_ends_by_its_verdict() {
    let house = House::open(|config| config.session.messages_per_minute = 2).await;
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("script.txt"), "How tall is the clock?\n這座鐘有多高？\n").unwrap();
    let load = |more: &[&str]| {
        let url = house.address.to_string();
        let quick = ["--sessions", "4", "--rate", "100", "--think", "20ms", "--questions"];
        let script = path("script.txt");
        let arguments = [&[url.as_str()], &quick[..], &[script.as_str()], more].concat();
        let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
        tokio::task::block_in_place(|| rapport(&arguments.iter().map(String::as_str).collect::<Vec<_>>()))
    };

    let Output { status, stdout, stderr } = load(&["--turns", "2", "--json", "-", "--html", &path("a.html")]);
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let told: Value = serde_json::from_slice(&stdout).expect("one JSON object and nothing else");
    assert_eq!((&told["turns"]["completed"], &told["plan"]["questions"]), (&8.into(), &2.into()));
    assert_well_formed(&std::fs::read_to_string(path("a.html")).unwrap());

    // Three questions each are one too many: the reports are written, and the exit tells.
    let Output { status, stdout, stderr } = load(&["--json", &path("b.json")]);
    assert_eq!(status.code(), Some(1));
    assert!(String::from_utf8(stdout).unwrap().contains("generator lag"));
    assert!(String::from_utf8(stderr).unwrap().contains("4 of 12 questions"));
    let told: Value = serde_json::from_str(&std::fs::read_to_string(path("b.json")).unwrap()).unwrap();
    assert_eq!(told["passed"], false);

    let Output { status, stdout, stderr } = load(&["--fail-over", "50", "--quiet"]);
    assert!(status.success() && stdout.is_empty() && stderr.is_empty());

    // A report that can't be written is known before anything is asked.
    let Output { status, stdout, stderr } = load(&["--html", &path("none/a.html")]);
    assert!(!status.success() && stdout.is_empty());
    assert!(String::from_utf8(stderr).unwrap().contains("none/a.html"));
    house.close().await;
}
