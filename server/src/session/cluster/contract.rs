//! The store's contract as a table: what is asked, what must come of it. The model and a real Redis are asked the same.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::model::{Model, Rules};
use crate::event::{Event, Message};
use crate::session::outbox::Sequenced;
use crate::session::store::{Batch, Claimed, Record, RedisStore, Running, Seen, Store, StoreError};

/// Short, because a real Redis is waited for.
const SESSION_TTL: Duration = Duration::from_millis(600);
const DESCRIPTION_TTL: Duration = Duration::from_secs(60);
const DEADLINE: Duration = Duration::from_secs(20);

/// What is asked, by node `a` or `b`, and what is answered, in a few words.
type Step = (&'static str, Ask, &'static str);

#[derive(Debug, Clone, Copy)]
enum Ask {
    /// Token; politely.
    Claim(&'static str, &'static str, bool),
    Exists(&'static str),
    Write(&'static str, Written),
    Touch(&'static str, u64),
    Erase(&'static str, u64),
    Beat(&'static str),
    Leave,
    /// Again and again, until the answer is the one.
    Until(&'static Ask),
}

/// A write: fence, number, token, whole, the record's epoch and sequence number, a turn runs, frames, the first of use,
/// what was seen.
#[derive(Debug, Clone, Copy)]
struct Written {
    fence: u64,
    number: u64,
    token: &'static str,
    is_whole: bool,
    record: Option<(u64, u64)>,
    runs: bool,
    frames: &'static [u64],
    first: u64,
    seen: Option<&'static str>,
}

const WHOLE: Written = Written {
    fence: 1,
    number: 1,
    token: "secret",
    is_whole: true,
    record: Some((1, 2)),
    runs: false,
    frames: &[1, 2],
    first: 1,
    seen: None,
};
const MORE: Written = Written { number: 2, is_whole: false, record: None, frames: &[3], ..WHOLE };
const RUNS: Written = Written { number: 3, record: Some((1, 4)), runs: true, frames: &[4], ..MORE };

use Ask::{Beat, Claim, Erase, Exists, Leave, Touch, Until, Write};

/// In order; each session by itself.
const TABLE: &[Step] = &[
    // A session is there once it was written whole.
    ("a", Exists("s"), "false"),
    ("a", Claim("s", "secret", true), "unknown"),
    ("a", Write("s", MORE), "missing"),
    ("a", Touch("s", 1), "missing"),
    ("a", Write("s", WHOLE), "ok"),
    ("b", Exists("s"), "true"),
    ("a", Touch("s", 1), "ok"),
    ("b", Touch("s", 1), "collided"),
    ("a", Touch("s", 2), "missing"),
    ("b", Claim("s", "wrong", true), "unknown"),
    // It is written by its owner, in order.
    ("b", Write("s", Written { number: 2, ..WHOLE }), "collided"),
    ("b", Write("s", MORE), "collided"),
    ("a", Write("s", MORE), "ok"),
    ("a", Write("s", MORE), "collided"),
    ("a", Write("s", WHOLE), "collided"),
    ("a", Write("s", Written { number: 4, frames: &[5], ..MORE }), "missing"),
    ("a", Write("s", RUNS), "ok"),
    // A turn that runs at a node that lives stays there, unless it is taken by force.
    ("a", Beat("here:1"), "[]"),
    ("b", Claim("s", "secret", true), "elsewhere here:1"),
    ("b", Claim("s", "secret", false), "ours 2: 1/4 runs, [1, 2, 3, 4], sees "),
    ("a", Beat("here:1"), "[(2, \"s\")]"),
    ("a", Beat("here:1"), "[]"),
    // A former owner writes no more, not even whole.
    ("a", Write("s", Written { number: 4, frames: &[5], ..MORE }), "fenced"),
    ("a", Write("s", Written { number: 5, ..WHOLE }), "fenced"),
    ("a", Erase("s", 1), "ok"),
    ("b", Exists("s"), "true"),
    ("b", Erase("s", 1), "ok"),
    ("a", Erase("s", 2), "ok"),
    ("a", Touch("s", 2), "collided"),
    ("b", Touch("s", 2), "ok"),
    // The new one does, with numbers of its own; old frames go.
    (
        "b",
        Write("s", Written { fence: 2, number: 1, frames: &[5, 6], first: 4, seen: Some("a coat"), ..RUNS }),
        "ok",
    ),
    ("b", Claim("s", "secret", true), "ours 3: 1/4 runs, [4, 5, 6], sees a coat"),
    // One that is nowhere to be found, or dead, or gone, does not keep its turn.
    ("b", Beat(""), "[]"),
    ("a", Claim("s", "secret", true), "ours 4: 1/4 runs, [4, 5, 6], sees a coat"),
    ("b", Beat("there:2"), "[(4, \"s\")]"),
    ("b", Claim("s", "secret", false), "ours 5: 1/4 runs, [4, 5, 6], sees a coat"),
    ("b", Leave, "ok"),
    ("a", Claim("s", "secret", true), "ours 6: 1/4 runs, [4, 5, 6], sees a coat"),
    ("b", Beat("there:2"), "[(6, \"s\")]"),
    // Another epoch replaces all, its token too.
    (
        "a",
        Write(
            "s",
            Written { fence: 6, token: "other", record: Some((2, 6)), frames: &[], first: 7, ..WHOLE },
        ),
        "ok",
    ),
    ("b", Claim("s", "secret", true), "unknown"),
    ("b", Claim("s", "other", true), "ours 7: 2/6, [], sees "),
    ("b", Erase("s", 7), "ok"),
    ("b", Exists("s"), "false"),
    // Where a session was lost, a former owner may come first: the newest one's fence wins.
    ("a", Write("f", Written { fence: 2, ..WHOLE }), "ok"),
    ("b", Write("f", Written { fence: 3, ..MORE }), "missing"),
    ("b", Touch("f", 3), "missing"),
    ("b", Write("f", Written { fence: 3, number: 9, ..WHOLE }), "ok"),
    ("a", Write("f", Written { fence: 2, number: 2, ..MORE }), "fenced"),
    ("a", Write("f", Written { fence: 3, number: 10, ..MORE }), "collided"),
    ("b", Write("f", Written { fence: 3, number: 10, ..MORE }), "ok"),
    // What nobody touches runs out.
    ("a", Beat("here:1"), "[(5, \"s\"), (7, \"s\")]"),
    ("a", Write("t", Written { runs: true, ..WHOLE }), "ok"),
    ("b", Claim("t", "secret", true), "elsewhere here:1"),
    ("b", Until(&Exists("t")), "false"),
    ("b", Exists("f"), "false"),
    ("a", Beat("here:1"), "[]"),
    ("a", Write("t", Written { number: 2, ..WHOLE }), "ok"),
    ("b", Claim("t", "secret", true), "ours 2: 1/2, [1, 2], sees "),
    ("a", Until(&Exists("t")), "false"),
    ("a", Beat("here:1"), "[(2, \"t\")]"),
];

fn batch(written: &Written) -> Batch {
    let Written { fence, number, token, is_whole, record, runs, frames, first, seen } = *written;
    let running = runs.then(|| Running {
        turn_id: Arc::from("t1"),
        message: Message::asking("How tall is the clock?".into()),
        attempts: 1,
    });
    let frame = |seq: &u64| {
        Sequenced::new(*seq, Event::Token { turn_id: Arc::from("t1"), text: format!("token {seq}") })
    };
    Batch {
        fence,
        number,
        token: token.into(),
        frames: frames.iter().map(frame).collect(),
        first_seq: first,
        record: record.map(|(epoch, seq)| Record { epoch, seq, running, ..Record::default() }),
        seen: seen.map(|text| Seen { text: text.into(), age: Duration::ZERO }),
        is_whole,
    }
}

fn failure(error: &StoreError) -> String {
    match error {
        StoreError::Fenced => "fenced",
        StoreError::Collided => "collided",
        StoreError::Missing => "missing",
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Broken(_) => "broken",
    }
    .into()
}

fn answer<T>(result: Result<T, StoreError>, words: impl FnOnce(T) -> String) -> String {
    result.map_or_else(|error| failure(&error), words)
}

fn claimed(claimed: Claimed) -> String {
    match claimed {
        Claimed::Unknown => "unknown".into(),
        Claimed::Elsewhere(address) => format!("elsewhere {address}"),
        Claimed::Ours(kept) => {
            let (epoch, seq) = (kept.record.epoch, kept.record.seq);
            let runs = if kept.record.running.is_some() { " runs" } else { "" };
            let frames: Vec<_> = kept.frames.iter().filter_map(|frame| frame.seq).collect();
            let seen = kept.seen.map(|seen| seen.text.to_string()).unwrap_or_default();
            format!("ours {}: {epoch}/{seq}{runs}, {frames:?}, sees {seen}", kept.fence)
        }
    }
}

fn ok<T>(_: T) -> String {
    "ok".into()
}

/// A store of the table's, as nodes `a` and `b` use it.
trait Contracted {
    async fn ask(&mut self, node: &str, ask: Ask) -> String;
    /// Lets a little time pass.
    async fn wait(&mut self);
}

impl Contracted for Model {
    async fn ask(&mut self, node: &str, ask: Ask) -> String {
        match ask {
            Claim(id, token, is_polite) => claimed(self.claim(node, id, token, is_polite)),
            Exists(id) => self.exists(id).to_string(),
            Write(id, written) => answer(self.write(node, id, &batch(&written)), ok),
            Touch(id, fence) => answer(self.touch(node, id, fence), ok),
            Erase(id, fence) => {
                self.erase(node, id, fence);
                "ok".into()
            }
            Beat(address) => format!("{:?}", self.beat(node, address)),
            Leave => {
                self.leave(node);
                "ok".into()
            }
            Until(_) => unreachable!(),
        }
    }

    async fn wait(&mut self) {
        tokio::time::advance(Duration::from_millis(10)).await;
    }
}

/// Both nodes' ways to one Redis.
struct Real {
    a: RedisStore,
    b: RedisStore,
}

impl Contracted for Real {
    async fn ask(&mut self, node: &str, ask: Ask) -> String {
        let store = if node == "a" { &self.a } else { &self.b };
        match ask {
            Claim(id, token, is_polite) => answer(store.claim(id, token, is_polite).await, claimed),
            Exists(id) => answer(store.exists(id).await, |exists| exists.to_string()),
            Write(id, written) => answer(store.write(id, &batch(&written)).await, ok),
            Touch(id, fence) => answer(store.touch(&[(id.into(), fence)]).await, |held| {
                held.into_iter().map(|held| answer(held, ok)).collect()
            }),
            Erase(id, fence) => answer(store.erase(id, fence).await, ok),
            Beat(address) => answer(store.beat(address).await, |taken| format!("{taken:?}")),
            Leave => answer(store.leave().await, ok),
            Until(_) => unreachable!(),
        }
    }

    async fn wait(&mut self) {
        tokio::task::yield_now().await;
    }
}

async fn keeps_the_contract(mut store: impl Contracted) {
    for (at, (node, ask, expected)) in TABLE.iter().enumerate() {
        if let Until(ask) = ask {
            let awaited = async {
                while store.ask(node, **ask).await != *expected {
                    store.wait().await;
                }
            };
            timeout(DEADLINE, awaited).await.expect(expected);
        } else {
            assert_eq!(store.ask(node, *ask).await, *expected, "step {at}: {node} asks {ask:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_keeps_the_contract() {
    keeps_the_contract(Model::new(Rules { fences: true, order: true }, SESSION_TTL, DESCRIPTION_TTL)).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let directory = TempDir::new().unwrap();
    let socket = directory.path().join("redis.sock");
    let _server: Child = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
        .arg(&socket)
        .current_dir(&directory)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server is installed (Debian: apt-get install redis-server)");
    let url = format!("unix://{}", socket.display());
    let node = |name: &str| {
        RedisStore::new(&url, "rapport:".into(), name.into(), SESSION_TTL, DESCRIPTION_TTL).unwrap()
    };
    let real = Real { a: node("a"), b: node("b") };
    let answers = async {
        while real.a.exists("s").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, answers).await.expect("Redis answers");
    keeps_the_contract(real).await;
}
