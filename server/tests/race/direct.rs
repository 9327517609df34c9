//! The strategy `direct` on a paused clock: one call where the tone is known, the race where it is not.

use std::time::Duration;

use rapport::event::{Message, Outcome, Status, Strategy, Tone};
use rapport::llm::Role;
use rapport::turn::{FactGuard, Knobs, Stop};
use tokio::time::sleep;

use crate::script::{Look, Speech, Stagehand, hangs, knobs, sees};
use crate::{CHILD, ask, assert_ms, total};

const SAID: &str = "Ooh, it began in 1973. It is big.";
const SUIT: &str = "a man in a business suit";

/// The answer's first word after 300 ms, complete after 700 ms; conversions take 100 ms.
fn stage(looks: Vec<Look>, knobs: Knobs) -> Stagehand {
    let scripts =
        vec![(Role::Answer, vec![Speech::words(300, 50, SAID)]), (Role::Convert, vec![Speech::echo(100, 0)])];
    Stagehand::new(looks, scripts, knobs)
}

async fn described(looks: Vec<Look>) -> Stagehand {
    let stage = stage(looks, knobs());
    stage.prefetch();
    sleep(Duration::from_secs(1)).await;
    stage
}

fn calls(stage: &Stagehand, role: Role) -> usize {
    stage.chat.requests.lock().unwrap().iter().filter(|call| call.role == role).count()
}

#[tokio::test(start_paused = true)]
async fn a_known_tone_costs_nothing() {
    let stage = described(vec![sees(100, CHILD), hangs()]).await;
    let (ended, _) = stage.play(ask(Strategy::Direct)).await;
    let report = &ended.report;
    assert_eq!((report.status, report.outcome), (Status::Completed, Some(Outcome::Cached)));
    assert_eq!((report.tone, ended.heard_in), (Some(Tone::ChildFriendly), Some(Tone::ChildFriendly)));
    assert_ms(report.timings.first_token.unwrap(), 350.0);
    assert_ms(total(&ended), 700.0);
    assert_eq!((report.text.as_str(), report.answer.as_str(), ended.heard.as_str()), (SAID, SAID, SAID));
    assert_eq!((report.usage.llm_calls, report.usage.saved_calls), (1, 1));
    assert!(report.usage.saved_tokens > 100);
    let requests = stage.chat.requests.lock().unwrap();
    assert!(requests[0].system.contains("captain of a science expedition"));
    assert!(!requests[0].user.contains("mention"));
}

#[tokio::test(start_paused = true)]
async fn a_tone_may_also_come_with_the_message() {
    for message in [
        Message { tone: Some(Tone::ElderFriendly), ..ask(Strategy::Direct) },
        Message { user_description: Some("an elderly woman".into()), ..ask(Strategy::Direct) },
    ] {
        let stage = stage(vec![hangs()], knobs());
        let (ended, _) = stage.play(message).await;
        assert_eq!((ended.report.tone, ended.report.usage.llm_calls), (Some(Tone::ElderFriendly), 1));
        assert_ms(total(&ended), 700.0);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_known_tone_it_is_the_race() {
    let stage = stage(vec![sees(100, CHILD)], knobs());
    let (ended, _) = stage.play(ask(Strategy::Direct)).await;
    assert_eq!((ended.report.outcome, ended.heard_in), (Some(Outcome::Fresh), None));
    assert!(calls(&stage, Role::Convert) > 0 && ended.report.usage.saved_calls == 0);

    let strict = Knobs { fact_guard: FactGuard::Strict, ..knobs() };
    let stage = self::stage(vec![sees(100, CHILD)], strict);
    stage.prefetch();
    sleep(Duration::from_secs(1)).await;
    stage.play(ask(Strategy::Direct)).await;
    assert!(calls(&stage, Role::Convert) > 0, "nothing unchecked is sent");
}

#[tokio::test(start_paused = true)]
async fn another_visitor_before_the_first_word_is_spoken_to_in_their_own_tone() {
    let stage = described(vec![sees(100, CHILD), sees(200, SUIT)]).await;
    let (ended, _) = stage.play(ask(Strategy::Direct)).await;
    assert_eq!(
        (ended.report.tone, ended.report.outcome, ended.heard_in),
        (Some(Tone::ProfessionalFriendly), Some(Outcome::Fresh), None)
    );
    assert_eq!(calls(&stage, Role::Answer), 1, "the race goes on from what was generated");
    assert!(calls(&stage, Role::Convert) > 0);
}

#[tokio::test(start_paused = true)]
async fn another_visitor_after_the_first_word_counts_for_the_next_turn() {
    let stage = described(vec![sees(100, CHILD), sees(400, SUIT), hangs()]).await;
    let (ended, _) = stage.play(ask(Strategy::Direct)).await;
    assert_eq!((ended.report.tone, ended.report.text.as_str()), (Some(Tone::ChildFriendly), SAID));
    let (ended, _) = stage.play(ask(Strategy::Direct)).await;
    assert_eq!(
        (ended.report.tone, ended.report.outcome),
        (Some(Tone::ProfessionalFriendly), Some(Outcome::Cached))
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_visitors_coat_is_never_named() {
    let mut stage = described(vec![sees(100, CHILD), sees(200, "a young girl in a green hat")]).await;
    stage.mention = true;
    let (ended, _) = stage.play(ask(Strategy::Direct)).await;
    let requests = stage.chat.requests.lock().unwrap();
    assert!(requests[0].user.contains("<mention>a red raincoat</mention>"), "{}", requests[0].user);
    // What was asked for is given up: the answer is begun again, and the one who stands there is spoken of.
    assert!(requests[1..].iter().all(|call| !call.user.contains("raincoat")));
    assert!(requests[1..].iter().any(|call| call.role == Role::Answer && !call.user.contains("mention")));
    assert!(requests[1..].iter().any(|call| call.user == "<mention>a green hat</mention>"));
    assert_eq!(ended.report.outcome, Some(Outcome::Fresh));
}

#[tokio::test(start_paused = true)]
async fn what_the_passages_do_not_hold_is_told() {
    let stage = described(vec![sees(100, CHILD), hangs()]).await;
    // Without documents there is nothing to compare with.
    let (ended, _) = stage.play(ask(Strategy::Direct)).await;
    assert_eq!(ended.report.facts_missing, None);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_stays_in_history_when_it_is_interrupted() {
    let stage = described(vec![sees(100, CHILD), hangs()]).await;
    let stop = Stop::default();
    let stopper = async {
        sleep(Duration::from_millis(420)).await;
        stop.with(Status::Cancelled);
    };
    let ((ended, _), ()) = tokio::join!(stage.play_until(ask(Strategy::Direct), &stop), stopper);
    assert_eq!((ended.report.text.as_str(), ended.heard.as_str()), ("Ooh, it ", "Ooh, it "));
    assert_eq!(ended.heard_in, Some(Tone::ChildFriendly));
}
