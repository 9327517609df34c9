//! Stages that fail, and turns that are ended: tried again, degraded, or told once.

use std::time::Duration;

use rapport::event::{Event, Message, Stage, Status, Strategy, Tone};
use rapport::llm::{LlmError, Role};
use rapport::turn::{FactGuard, Knobs, Stop};
use tokio::time::sleep;

use crate::script::{Speech, Stagehand, knobs, sees};
use crate::{CHILD, ask, assert_ms, paced, quick, total};

#[tokio::test(start_paused = true)]
async fn a_stage_that_fails_before_any_text_is_tried_again() {
    let broken = Speech::whole(10, "It was").failing(LlmError::Cut);
    let whole = Speech::whole(10, "It was founded in 1973.");
    let stage = Stagehand::new(
        vec![sees(1, CHILD)],
        vec![(Role::Answer, vec![broken, whole]), (Role::Convert, vec![Speech::whole(1, "Yes, 1973!")])],
        knobs(),
    );
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.status, Status::Completed);
    assert_eq!(ended.report.answer, "It was founded in 1973.");
    assert_eq!(ended.report.usage.llm_calls, 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fails_for_good_fails_the_turn_once() {
    let broken = Speech::whole(10, "It was").failing(LlmError::Cut);
    let stage = Stagehand::new(vec![sees(1, CHILD)], vec![(Role::Answer, vec![broken])], knobs());
    for convert_tone in [true, false] {
        let (ended, events) = stage.play(Message { convert_tone, ..ask(Strategy::Race) }).await;
        assert_eq!(ended.report.status, Status::Failed);
        assert_eq!(ended.report.text, if convert_tone { "" } else { "It was" });
        assert_eq!(ended.heard, ended.report.text);
        let errors =
            events.iter().filter(|event| matches!(event, Event::Error(error) if error.code == "llm_cut"));
        assert_eq!(errors.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_converter_that_is_down_leaves_the_plain_answer() {
    let down = Speech { pieces: vec![], ..Speech::whole(10, "") }.failing(LlmError::Refused {
        status: 503,
        message: "overloaded".into(),
        retry_after: None,
    });
    let answer = Speech::whole(10, "It was founded in 1973.");
    let stage = Stagehand::new(
        vec![sees(1, CHILD)],
        vec![(Role::Answer, vec![answer]), (Role::Convert, vec![down])],
        knobs(),
    );
    let (ended, events) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.status, Status::Completed);
    assert_eq!(ended.report.text, "It was founded in 1973.");
    assert_eq!((ended.report.tone, ended.report.degraded), (None, vec!["convert".into()]));
    assert!(!events.iter().any(|event| matches!(event, Event::Tone { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_converter_that_breaks_off_fails_the_turn_with_what_was_sent() {
    let broken = Speech::whole(10, "Well! It began. Then").failing(LlmError::Cut);
    let answer = Speech::whole(10, "It began in 1973. It grew. It moved. It stayed.");
    let stage = Stagehand::new(
        vec![sees(1, CHILD)],
        vec![(Role::Answer, vec![answer]), (Role::Convert, vec![broken])],
        knobs(),
    );
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.status, Status::Failed);
    assert_eq!(ended.report.text, "Well! It began. Then");
    assert_eq!(ended.heard.trim(), "It began in 1973. It grew. It moved.");
}

#[tokio::test(start_paused = true)]
async fn a_strict_fact_guard_sends_the_plain_answer_when_a_fact_is_lost() {
    for (guard, text, tone) in [
        (FactGuard::Flag, "It is old!", Some(Tone::ChildFriendly)),
        (FactGuard::Off, "It is old!", Some(Tone::ChildFriendly)),
        (FactGuard::Strict, "It was founded in 1973.", None),
    ] {
        let answer = Speech::whole(10, "It was founded in 1973.");
        let lossy = Speech::whole(10, "It is old!");
        let stage = Stagehand::new(
            vec![sees(1, CHILD)],
            vec![(Role::Answer, vec![answer]), (Role::Convert, vec![lossy])],
            Knobs { fact_guard: guard, ..knobs() },
        );
        let (ended, _) = stage.play(ask(Strategy::Race)).await;
        assert_eq!((ended.report.text.as_str(), ended.report.tone), (text, tone));
        let missing = (guard != FactGuard::Off).then(|| vec!["1973".to_owned()]);
        assert_eq!(ended.report.facts_missing, missing);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_when_it_is_stopped_or_takes_too_long() {
    let stage = paced(sees(800, CHILD));
    let stop = Stop::default();
    let stopper = async {
        sleep(Duration::from_secs(1)).await;
        stop.with(Status::Interrupted);
        stop.with(Status::Cancelled); // the first word counts
    };
    let ((ended, _), ()) = tokio::join!(stage.play_until(ask(Strategy::Race), &stop), stopper);
    assert_eq!(ended.report.status, Status::Interrupted);
    assert_eq!((ended.report.text.as_str(), ended.heard.as_str()), ("", ""));
    assert_ms(total(&ended), 1000.0);
    let answer = ended.report.spans.iter().find(|span| span.stage == Stage::Answer).unwrap();
    assert_ms(answer.end, 1000.0); // a span still open ends with the turn

    let short = Knobs { turn_timeout: Duration::from_millis(400), ..knobs() };
    let (ended, events) = quick(vec![sees(1, CHILD)], short).play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.status, Status::TimedOut);
    assert!(matches!(events.last(), Some(Event::Error(error)) if error.code == "turn_timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_converter_that_says_nothing_costs_no_answer() {
    let silent = Speech::whole(1_000_000, "never");
    let stage = Stagehand::new(
        vec![sees(1, CHILD)],
        vec![
            (Role::Answer, vec![Speech::whole(10, "It was founded in 1973.")]),
            (Role::Convert, vec![silent]),
        ],
        knobs(),
    );
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_ms(total(&ended), 120_000.0);
    assert_eq!(ended.report.status, Status::Completed);
    assert_eq!((ended.report.text.as_str(), ended.report.tone), ("It was founded in 1973.", None));
    assert_eq!(ended.report.degraded, ["convert"]);
}
