//! The race on a paused clock: what each strategy takes, which description a turn uses, and what becomes of
//! stages that fail. DESIGN: rules 1 to 7 of the race.

#![allow(clippy::unwrap_used)] // a test's failure is its panic

mod direct;
mod failures;
mod pipeline;
mod script;

use std::time::Duration;

use rapport::event::{Event, Message, Outcome, SelectedBy, Stage, Status, Strategy, Tone};
use rapport::llm::Role;
use rapport::turn::Knobs;
use script::{Look, Speech, Stagehand, fails, hangs, knobs, sees};
use tokio::time::sleep;

const CHILD: &str = "a young girl of about 8 years in a red raincoat";

fn ask(strategy: Strategy) -> Message {
    Message { strategy: Some(strategy), ..Message::asking("When was it founded?".into()) }
}

/// Describe 800 ms, answer 1500 ms, select 100 ms, convert 800 ms.
fn paced(look: Look) -> Stagehand {
    Stagehand::new(
        vec![look],
        vec![
            (Role::Answer, vec![Speech::whole(1500, "It was founded in 1973.")]),
            (Role::Select, vec![Speech::whole(100, "child_friendly")]),
            (Role::Convert, vec![Speech::whole(800, "Guess what? It was founded in 1973!")]),
        ],
        knobs(),
    )
}

/// Answer 500 ms, convert at once; rules select.
fn quick(looks: Vec<Look>, knobs: Knobs) -> Stagehand {
    let answer = Speech::whole(500, "It was founded in 1973.");
    let convert = Speech::whole(0, "Founded in 1973, it was.");
    Stagehand::new(looks, vec![(Role::Answer, vec![answer]), (Role::Convert, vec![convert])], knobs)
}

fn total(ended: &rapport::turn::Ended) -> f64 {
    ended.report.timings.total.unwrap()
}

fn assert_ms(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 15.0, "{actual} ms, not {expected} ms");
}

#[tokio::test(start_paused = true)]
async fn each_strategy_takes_what_its_arrangement_says() {
    for (strategy, expected) in
        [(Strategy::Sequential, 3200.0), (Strategy::Parallel, 2400.0), (Strategy::Race, 2300.0)]
    {
        let (ended, _) = paced(sees(800, CHILD)).play(ask(strategy)).await;
        assert_ms(total(&ended), expected);
        assert_eq!(ended.report.status, Status::Completed);
        assert_eq!(ended.report.tone, Some(Tone::ChildFriendly));
        assert_eq!(ended.report.outcome, Some(Outcome::Fresh));
        assert_eq!(ended.report.usage.llm_calls, 3, "{strategy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_events_of_a_turn_come_in_order() {
    let (ended, events) = paced(sees(800, CHILD)).play(ask(Strategy::Race)).await;
    let kinds: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::TurnStarted { .. } => "started",
            Event::Description { .. } => "description",
            Event::Tone { .. } => "tone",
            Event::Token { .. } => "token",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["started", "description", "tone", "token"]);
    assert_eq!(ended.report.text, "Guess what? It was founded in 1973!");
    assert_eq!(ended.report.answer, "It was founded in 1973.");
    assert_eq!(ended.heard, ended.report.answer);
    assert_eq!(ended.report.facts_missing, Some(vec![]));

    let stages: Vec<_> = ended.report.spans.iter().map(|span| (span.stage, span.end.round())).collect();
    let expected =
        [(Stage::Describe, 800.0), (Stage::Answer, 1500.0), (Stage::Select, 900.0), (Stage::Convert, 2300.0)];
    for (stage, end) in expected {
        let found = stages.iter().find(|(found, _)| *found == stage).unwrap();
        assert_ms(found.1, end);
    }
    let timings = &ended.report.timings;
    assert_ms(timings.description.unwrap(), 800.0);
    assert_ms(timings.tone.unwrap(), 100.0);
    assert_ms(timings.answer.unwrap(), 1500.0);
    assert_ms(timings.first_token.unwrap(), 2300.0);
}

#[tokio::test(start_paused = true)]
async fn a_cached_description_is_used_while_the_vlm_hangs() {
    let stage = quick(vec![sees(100, CHILD), hangs()], knobs());
    stage.prefetch();
    sleep(Duration::from_secs(10)).await;
    let (ended, events) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.outcome, Some(Outcome::Cached));
    assert_eq!(ended.report.tone, Some(Tone::ChildFriendly));
    assert_ms(total(&ended), 500.0);
    assert!(!events.iter().any(|event| matches!(event, Event::Description { .. })));
    // The prefetch ran before the message; the refresh is still open when the turn ends.
    let describes: Vec<_> = ended.report.spans.iter().filter(|span| span.stage == Stage::Describe).collect();
    assert_eq!(describes.len(), 2);
    assert!(describes[0].start < -9000.0 && describes[0].end < 0.0);
    assert_ms(describes[1].end, 500.0);
}

#[tokio::test(start_paused = true)]
async fn a_description_that_is_too_old_is_not_used() {
    let stage = quick(vec![sees(100, CHILD), hangs()], knobs());
    stage.prefetch();
    sleep(Duration::from_secs(31)).await;
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.outcome, Some(Outcome::Fallback));
    assert_eq!(ended.report.tone, Some(Tone::CasualFriendly));
    assert_eq!(ended.report.degraded, ["describe"]);
    assert_ms(total(&ended), 1500.0); // the answer and the grace
}

#[tokio::test(start_paused = true)]
async fn the_sequential_and_parallel_strategies_read_no_cache() {
    for (strategy, expected) in [(Strategy::Sequential, 1300.0), (Strategy::Parallel, 800.0)] {
        let stage = quick(vec![sees(100, CHILD), sees(800, "a man in a business suit")], knobs());
        stage.prefetch();
        sleep(Duration::from_secs(1)).await;
        let (ended, _) = stage.play(ask(strategy)).await;
        assert_eq!(ended.report.tone, Some(Tone::ProfessionalFriendly));
        assert_ms(total(&ended), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_joins_the_fetch_in_flight() {
    let stage = quick(vec![sees(800, CHILD)], knobs());
    stage.prefetch();
    sleep(Duration::from_millis(600)).await;
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(*stage.vlm.calls.lock().unwrap(), 1);
    assert_eq!(ended.report.outcome, Some(Outcome::Fresh));
    assert_ms(ended.report.spans[0].start, -600.0);
    assert_ms(ended.report.timings.description.unwrap(), 800.0);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_waited_for_within_the_grace_and_lands_later() {
    let stage = quick(vec![sees(2000, CHILD)], knobs());
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.outcome, Some(Outcome::Fallback));
    assert_ms(total(&ended), 1500.0);
    assert!(stage.engine.descriptions.cached("s").is_none());

    // The loser of the race was not cancelled: it is there for the next turn.
    stage.tasks.close();
    stage.tasks.wait().await;
    assert_eq!(&*stage.engine.descriptions.cached("s").unwrap().text, CHILD);

    let stage = quick(vec![sees(1200, CHILD)], knobs());
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.outcome, Some(Outcome::Fresh));
    assert_ms(total(&ended), 1200.0);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_vlm_that_failed_twice() {
    let stage = quick(vec![fails(1200), fails(1200), sees(700, CHILD)], knobs());
    for expected in [1200.0, 1200.0, 500.0] {
        let (ended, _) = stage.play(ask(Strategy::Race)).await;
        assert_eq!(ended.report.outcome, Some(Outcome::Fallback));
        assert_ms(total(&ended), expected);
    }
    stage.tasks.close();
    stage.tasks.wait().await; // the third look succeeds
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.outcome, Some(Outcome::Cached));
    assert!(stage.engine.descriptions.is_trusted());
}

#[tokio::test(start_paused = true)]
async fn the_vlm_is_given_up_at_its_timeout() {
    let stage = quick(vec![hangs()], Knobs { grace: Duration::from_secs(60), ..knobs() });
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.outcome, Some(Outcome::Fallback));
    assert_ms(total(&ended), 5000.0);
}

#[tokio::test(start_paused = true)]
async fn a_clients_description_or_tone_needs_no_vlm() {
    for strategy in Strategy::ALL {
        let stage = quick(vec![hangs()], knobs());
        let (ended, events) =
            stage.play(Message { user_description: Some(CHILD.into()), ..ask(strategy) }).await;
        assert_eq!(*stage.vlm.calls.lock().unwrap(), 0);
        assert_eq!(ended.report.outcome, Some(Outcome::Client));
        assert_eq!(ended.report.tone, Some(Tone::ChildFriendly));
        assert_ms(total(&ended), 500.0);
        assert!(matches!(&events[1], Event::Description { text, .. } if &**text == CHILD));
    }
    let stage = quick(vec![hangs()], knobs());
    let (ended, events) =
        stage.play(Message { tone: Some(Tone::ElderFriendly), ..ask(Strategy::Race) }).await;
    assert_ms(total(&ended), 500.0);
    assert_eq!(ended.report.tone, Some(Tone::ElderFriendly));
    assert!(events.iter().any(|event| matches!(event, Event::Tone { selection, .. }
        if selection.selected_by == SelectedBy::Client)));
}

#[tokio::test(start_paused = true)]
async fn a_plain_answer_streams_at_once_and_needs_no_description() {
    let answer = Speech {
        pieces: vec!["It was ".into(), "founded in 1973.".into()],
        pause: Duration::from_millis(200),
        ..Speech::whole(300, "")
    };
    let stage = Stagehand::new(vec![hangs()], vec![(Role::Answer, vec![answer])], knobs());
    let (ended, events) = stage.play(Message { convert_tone: false, ..ask(Strategy::Race) }).await;
    assert_eq!(ended.report.text, "It was founded in 1973.");
    assert_eq!((ended.report.tone, ended.report.outcome), (None, None));
    assert_ms(ended.report.timings.first_token.unwrap(), 500.0);
    assert_eq!(events.len(), 3);
    assert_eq!(*stage.vlm.calls.lock().unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_same_description_is_not_selected_for_twice() {
    let stage = paced(sees(800, CHILD));
    for _ in 0..3 {
        stage.play(ask(Strategy::Race)).await;
    }
    let selections =
        stage.chat.requests.lock().unwrap().iter().filter(|call| call.role == Role::Select).count();
    assert_eq!(selections, 1);
}

#[tokio::test(start_paused = true)]
async fn prompts_begin_alike_call_after_call() {
    let mut stage = paced(sees(800, CHILD));
    stage.mention = true;
    stage.play(ask(Strategy::Parallel)).await;
    stage.play(Message { text: "Where is it?".into(), ..ask(Strategy::Race) }).await;
    let requests = stage.chat.requests.lock().unwrap();
    let systems = |role| {
        let mut systems: Vec<_> =
            requests.iter().filter(|call| call.role == role).map(|call| call.system.clone()).collect();
        systems.dedup();
        systems.len()
    };
    assert_eq!((systems(Role::Answer), systems(Role::Convert)), (1, 1));
    let convert = requests.iter().find(|call| call.role == Role::Convert).unwrap();
    assert!(convert.user.ends_with("<text>It was founded in 1973.</text>"));
    // Of the description, only what may be mentioned reaches the model.
    assert!(convert.user.contains("red raincoat") && !convert.user.contains("8 years"), "{}", convert.user);
    assert!(!convert.system.contains("raincoat"));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_selects_slowly_is_not_waited_for() {
    let stage = Stagehand::new(
        vec![hangs()],
        vec![
            (Role::Answer, vec![Speech::whole(500, "It was founded in 1973.")]),
            (Role::Select, vec![Speech::whole(10_000, "casual_friendly")]),
            (Role::Convert, vec![Speech::whole(0, "1973!")]),
        ],
        knobs(),
    );
    let message = || Message { user_description: Some(CHILD.into()), ..ask(Strategy::Race) };
    let (ended, _) = stage.play(message()).await;
    assert_ms(total(&ended), 1500.0); // the answer and the grace; rules decide
    assert_eq!(
        (ended.report.tone, ended.report.degraded),
        (Some(Tone::ChildFriendly), vec!["select".into()])
    );

    let (ended, _) = stage.play(Message { tone: Some(Tone::ElderFriendly), ..message() }).await;
    assert_ms(total(&ended), 500.0);
    assert_eq!(ended.report.usage.llm_calls, 2, "nobody is asked for a tone that is named");
}

#[tokio::test(start_paused = true)]
async fn that_is_not_me_counts_in_the_middle_of_a_turn() {
    let stage = quick(vec![sees(100, CHILD), sees(200, "a man in a business suit")], knobs());
    let changer = async {
        sleep(Duration::from_millis(200)).await; // the first look has landed
        stage.engine.descriptions.change_visitor(&"s".into());
        stage.engine.descriptions.refresh(&"s".into(), Box::new(|_| ()));
    };
    let ((ended, _), ()) = tokio::join!(stage.play(ask(Strategy::Race)), changer);
    assert_eq!(
        (ended.report.tone, ended.report.outcome),
        (Some(Tone::ProfessionalFriendly), Some(Outcome::Fresh))
    );
    let requests = stage.chat.requests.lock().unwrap();
    assert!(!requests.iter().any(|call| call.user.contains("raincoat")));
}

#[tokio::test(start_paused = true)]
async fn rules_decide_when_the_selecting_model_is_late() {
    let stage = Stagehand::new(
        vec![sees(100, CHILD)],
        vec![
            (Role::Answer, vec![Speech::whole(500, "It was founded in 1973.")]),
            (Role::Select, vec![Speech::whole(10_000, "casual_friendly")]),
            (Role::Convert, vec![Speech::whole(0, "1973!")]),
        ],
        knobs(),
    );
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_ms(total(&ended), 1500.0);
    assert_eq!((ended.report.tone, ended.report.outcome), (Some(Tone::ChildFriendly), Some(Outcome::Fresh)));
    assert_eq!(ended.report.degraded, ["select"]);
}

#[tokio::test(start_paused = true)]
async fn a_vlm_that_fails_is_not_asked_at_every_key() {
    let stage = quick(vec![fails(1)], knobs());
    for _ in 0..100 {
        stage.engine.descriptions.prefetch(&"s".into(), Duration::from_secs(3), Box::new(|_| ()));
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(*stage.vlm.calls.lock().unwrap(), 4);
}
