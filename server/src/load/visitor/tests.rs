//! A session before a scripted server, on a paused clock: what it sends when, and from when its latencies count.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{DuplexStream, duplex};
use tokio::time::sleep;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

use super::*;
use crate::load::tally::{Latencies, Tally, Turns};
use crate::load::{Plan, Target};

const SECOND: Duration = Duration::from_secs(1);

/// The server's end of a visitor's socket.
struct Desk(WebSocketStream<DuplexStream>);

impl Desk {
    /// The next question's id; none when the visitor has left.
    async fn question(&mut self) -> Option<String> {
        while let Some(Ok(message)) = self.0.next().await {
            if let Message::Text(text) = message {
                let frame: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(frame["type"], "message");
                return Some(frame["id"].as_str().unwrap().to_owned());
            }
        }
        None
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text.to_owned())).await.unwrap();
    }

    async fn begin(&mut self, id: &str) {
        self.say(&format!(r#"{{"type":"turn_started","turn_id":"t-{id}","id":"{id}","seq":1}}"#)).await;
    }

    async fn token(&mut self, id: &str) {
        self.say(&format!(r#"{{"type":"token","turn_id":"t-{id}","text":"a \"b\" ","seq":2}}"#)).await;
    }

    async fn end(&mut self, id: &str, status: &str) {
        self.say(&format!(
            r#"{{"type":"turn_done","turn_id":"t-{id}","status":"{status}","text":"a","tone":"child_friendly",
                "outcome":"cached","degraded":["select"],"timings_ms":{{"first_token":2.0,"total":3.0}},"seq":9}}"#
        ))
        .await;
    }

    async fn reply(&mut self, id: &str) {
        self.begin(id).await;
        self.token(id).await;
        self.end(id, "completed").await;
    }
}

/// A run whose visitors ask every second.
fn every_second(change: impl FnOnce(&mut Plan)) -> Run {
    let mut plan = Plan::new(Target::parse("ws://127.0.0.1:1", None).unwrap());
    (plan.think, plan.turns) = (SECOND, Some(5));
    change(&mut plan);
    Run::new(plan, Arc::default())
}

/// A visit that arrives at once, at a desk that takes so long to open and then plays a script.
async fn visit<F>(run: &Run, opening: Duration, script: impl FnOnce(Desk) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send,
{
    let (near, far) = duplex(64 * 1024);
    let serving = tokio::spawn(async move {
        sleep(opening).await;
        let mut desk = Desk(accept_async(far).await.unwrap());
        desk.say(r#"{"type":"session","server":"llm","version":"9"}"#).await;
        script(desk).await;
    });
    let Ok(open) = run.plan.target.open(near).await else { panic!("not let in") };
    assert_eq!((open.greeting.server.as_str(), open.greeting.version.as_str()), ("llm", "9"));
    Visitor::new(run, 0, Duration::ZERO, open.socket).stay().await;
    serving.await.unwrap();
}

/// A histogram's values in ms, each as often as it came.
fn millis(Latencies(histogram): &Latencies) -> Vec<u64> {
    let values = histogram.iter_recorded();
    let many =
        |value: u64, count: u64| std::iter::repeat_n((value + 500) / 1000, usize::try_from(count).unwrap());
    values.flat_map(|step| many(step.value_iterated_to(), step.count_at_value())).collect()
}

/// Values in ms, to the histogram's three digits.
#[track_caller]
fn assert_near(found: &[u64], expected: &[u64]) {
    let near = |(found, expected): (&u64, &u64)| found.abs_diff(*expected) <= 2 + expected / 500;
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?}");
}

#[track_caller]
fn assert_counted(tally: &Tally, expected: Turns) {
    assert_eq!(tally.turns, expected);
    let Turns { planned, sent: _, completed, interrupted, cancelled, failed, timed_out, .. } = expected;
    let Turns { refused, unanswered, lost, unsent, stopped, .. } = expected;
    let ends = completed + interrupted + cancelled + failed + timed_out;
    assert_eq!(planned, ends + refused + unanswered + lost + unsent + stopped, "each question has one end");
}

#[tokio::test(start_paused = true)]
async fn latencies_count_from_the_intended_send_however_late_the_server_is() {
    let run = every_second(|plan| plan.turns = Some(5));
    visit(&run, Duration::ZERO, |mut desk| async move {
        let mut asked = Vec::new();
        let begun = Instant::now();
        while let Some(id) = desk.question().await {
            asked.push(begun.elapsed().as_millis());
            if asked.len() == 1 {
                sleep(10 * SECOND).await;
            }
            desk.reply(&id).await;
        }
        // Due after 1, 2, 3, 4 and 5 s. The first reply ends after 11 s; then all others are sent, at once.
        assert_eq!(asked.iter().map(|millis| (millis + 5) / 1000).collect::<Vec<_>>(), [1, 11, 11, 11, 11]);
    })
    .await;
    let tally = run.tally();
    // Counted from the real send, the server would seem to be slow once and then instant.
    assert_near(&millis(&tally.total), &[6000, 7000, 8000, 9000, 10_000]);
    assert_near(&millis(&tally.first_token), &[6000, 7000, 8000, 9000, 10_000]);
    assert_near(&millis(&tally.wait), &[0, 6000, 7000, 8000, 9000]);
    // The generator was not to blame.
    assert!(millis(&tally.lag).iter().all(|lag| *lag <= 2), "{:?}", millis(&tally.lag));
    assert_counted(&tally, Turns { planned: 5, sent: 5, completed: 5, ..Turns::default() });
    assert_eq!(
        (tally.outcomes.0["cached"], tally.tones.0["child_friendly"], tally.degraded.0["select"]),
        (5, 5, 5)
    );
    assert_near(&millis(&tally.server_total), &[3; 5]);
}

#[tokio::test(start_paused = true)]
async fn a_late_connection_counts_from_the_arrival_and_moves_no_question() {
    let run = every_second(|plan| plan.turns = Some(1));
    visit(&run, 3 * SECOND, |mut desk| async move {
        let id = desk.question().await.unwrap();
        desk.reply(&id).await;
        while desk.question().await.is_some() {}
    })
    .await;
    let tally = run.tally();
    assert_near(&millis(&tally.connect), &[3000]);
    assert_near(&millis(&tally.total), &[2000]); // due after 1 s, sent after 3
    assert_near(&millis(&tally.wait), &[2000]);
}

#[tokio::test(start_paused = true)]
async fn gaps_lie_between_tokens_of_a_turn_and_joined_tokens_have_none() {
    let run = every_second(|plan| plan.turns = Some(2));
    visit(&run, Duration::ZERO, |mut desk| async move {
        let id = desk.question().await.unwrap();
        desk.begin(&id).await;
        for _ in 0..3 {
            sleep(SECOND / 10).await;
            desk.token(&id).await;
        }
        sleep(SECOND / 5).await;
        let joined = r#"{"type":"token","turn_id":"t-q1","text":"c d e ","from_seq":5,"seq":7}"#;
        desk.say(joined).await;
        desk.say(r#"{"type":"token","turn_id":"another","text":"f ","seq":8}"#).await;
        desk.say(r#"{"type":"news","of":"tomorrow"}"#).await;
        desk.say("no frame at all").await;
        desk.end(&id, "completed").await;
        // From the last turn's last token to this one's first there is no gap.
        let id = desk.question().await.unwrap();
        desk.reply(&id).await;
        while desk.question().await.is_some() {}
    })
    .await;
    let tally = run.tally();
    assert_near(&millis(&tally.gap), &[0, 0, 100, 100, 200]);
    assert_eq!(tally.tokens, 7);
    assert_near(&millis(&tally.first_token), &[0, 100]);
}

#[tokio::test(start_paused = true)]
async fn every_end_of_a_question_is_told_apart() {
    let run = every_second(|plan| plan.turns = Some(5));
    visit(&run, Duration::ZERO, |mut desk| async move {
        for status in ["interrupted", "cancelled", "timed_out", "unheard_of"] {
            let id = desk.question().await.unwrap();
            desk.begin(&id).await;
            let error =
                r#"{"type":"error","code":"llm_cut","message":"it \"broke\" off","turn_id":"t","seq":3}"#;
            desk.say(error).await;
            desk.end(&id, status).await;
        }
        let id = desk.question().await.unwrap();
        desk.say(&format!(r#"{{"type":"error","code":"busy","message":"one runs","id":"{id}","seq":3}}"#))
            .await;
        while desk.question().await.is_some() {}
    })
    .await;
    let tally = run.tally();
    let ends =
        Turns { interrupted: 1, cancelled: 1, timed_out: 1, failed: 1, refused: 1, ..Turns::default() };
    assert_counted(&tally, Turns { planned: 5, sent: 5, ..ends });
    assert_eq!((tally.errors["llm_cut"].count, tally.errors["busy"].count), (4, 1));
    assert_eq!(tally.errors["llm_cut"].message, "it \"broke\" off");
    assert!(tally.total.0.is_empty(), "what failed is no latency of a reply");
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_leaves_its_other_questions_unsent() {
    let run = every_second(|plan| plan.turns = Some(4));
    visit(&run, Duration::ZERO, |mut desk| async move {
        let id = desk.question().await.unwrap();
        desk.reply(&id).await;
        let id = desk.question().await.unwrap();
        desk.begin(&id).await;
        let close = CloseFrame { code: CloseCode::from(4000), reason: "slow_consumer".into() };
        desk.0.close(Some(close)).await.unwrap();
        while desk.question().await.is_some() {}
    })
    .await;
    let tally = run.tally();
    assert_counted(
        &tally,
        Turns { planned: 4, sent: 2, completed: 1, lost: 1, unsent: 2, ..Turns::default() },
    );
    assert_eq!(tally.closed.0["4000 slow_consumer"], 1);
    assert_eq!(tally.sessions.lost, 1);
}

#[tokio::test(start_paused = true)]
async fn an_end_without_a_close_between_two_questions_is_noticed() {
    let run = every_second(|plan| plan.turns = Some(2));
    visit(&run, Duration::ZERO, |mut desk| async move {
        let id = desk.question().await.unwrap();
        desk.reply(&id).await;
    })
    .await;
    let tally = run.tally();
    assert_counted(&tally, Turns { planned: 2, sent: 1, completed: 1, unsent: 1, ..Turns::default() });
    assert_eq!(tally.closed.0["1006"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_never_ends_is_given_up() {
    let run = every_second(|plan| (plan.turns, plan.timeout) = (Some(2), 30 * SECOND));
    visit(&run, Duration::ZERO, |mut desk| async move {
        let id = desk.question().await.unwrap();
        desk.begin(&id).await;
        while desk.question().await.is_some() {}
    })
    .await;
    let left = run.now();
    let tally = run.tally();
    assert_counted(&tally, Turns { planned: 2, sent: 1, unanswered: 1, unsent: 1, ..Turns::default() });
    assert!(left >= 31 * SECOND && left < 33 * SECOND, "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_running_reply_and_counts_what_was_due() {
    let run = every_second(|plan| plan.turns = Some(100));
    let stop = run.stop.clone();
    tokio::spawn(async move {
        sleep(4 * SECOND + SECOND / 2).await;
        stop.cancel();
    });
    visit(&run, Duration::ZERO, |mut desk| async move {
        let id = desk.question().await.unwrap();
        desk.reply(&id).await;
        while desk.question().await.is_some() {}
    })
    .await;
    let tally = run.tally();
    // The second reply ran; the third and fourth question waited for it; 96 were not due.
    assert_counted(&tally, Turns { planned: 4, sent: 2, completed: 1, stopped: 3, ..Turns::default() });
    assert!(tally.closed.0.is_empty());
}
