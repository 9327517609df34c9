//! Rules 3 and 6 of the race on a paused clock: the opener, the early first cut, conversions side by side.

use std::time::Duration;

use rapport::event::{Event, Outcome, Stage, Status, Strategy, Tone};
use rapport::llm::{LlmError, Role};
use rapport::turn::{Ended, FactGuard, Knobs, Stop};
use tokio::time::sleep;

use crate::script::{Look, OPENER, Speech, Stagehand, fails, knobs, sees};
use crate::{CHILD, ask, assert_ms, total};

/// Five sentences of twelve words, a comma behind each one's fifth.
fn five_sentences() -> String {
    let sentence = |nth: u32| format!("Sentence {nth} goes like this, and then it says six more words.");
    (1..=5).map(sentence).collect::<Vec<_>>().join(" ")
}

/// Describe 800 ms; the answer's 60 words from 300 ms, complete after 1500 ms; select 100 ms by a model;
/// conversions' first word after 100 ms, 12 ms a word.
fn museum(look: Look) -> Stagehand {
    let scripts = vec![
        (Role::Answer, vec![Speech::words(300, 20, &five_sentences())]),
        (Role::Select, vec![Speech::whole(100, "child_friendly")]),
        (Role::Convert, vec![Speech::echo(100, 12)]),
    ];
    Stagehand::new(vec![look], scripts, knobs())
}

fn first(ended: &Ended) -> f64 {
    ended.report.timings.first_token.unwrap()
}

/// Segment, start and end of the conversions.
fn conversions(ended: &Ended) -> Vec<(u32, f64, f64)> {
    let spans = ended.report.spans.iter().filter(|span| span.stage == Stage::Convert);
    spans.map(|span| (span.segment.unwrap(), span.start, span.end)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_word_comes_before_the_answer_is_there() {
    let (parallel, _) = museum(sees(800, CHILD)).play(ask(Strategy::Parallel)).await;
    assert_ms(first(&parallel), 1712.0);
    assert_ms(total(&parallel), 2420.0);

    let mut stage = museum(sees(800, CHILD));
    stage.mention = true;
    let (race, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!((race.report.status, race.report.outcome), (Status::Completed, Some(Outcome::Fresh)));
    assert_eq!(race.report.text, format!("{OPENER} {}", five_sentences()));
    assert_eq!((race.report.answer.clone(), race.heard.clone()), (five_sentences(), five_sentences()));
    assert!(race.mentioned);
    assert_ms(first(&race), 1012.0); // described, selected, and the opener's first word
    assert_ms(total(&race), 1745.0); // the last sentence is converted when the answer is there

    let conversions = conversions(&race);
    let numbers: Vec<u32> = conversions.iter().map(|it| it.0).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]) && numbers[0] == 0, "{conversions:?}");
    for (_, start, _) in &conversions {
        let running = conversions.iter().filter(|it| it.1 <= *start && it.2 > *start).count();
        assert!(running <= 2, "{conversions:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_known_visitor_is_spoken_of_at_once() {
    let mut stage = museum(sees(800, CHILD));
    stage.mention = true;
    stage.prefetch();
    sleep(Duration::from_secs(1)).await;
    let (ended, events) = stage.play(ask(Strategy::Race)).await;
    assert_ms(first(&ended), 112.0);
    assert_eq!(ended.report.outcome, Some(Outcome::Cached));
    let before_token = events.iter().position(|event| matches!(event, Event::Token { .. })).unwrap();
    assert!(matches!(events[before_token - 1], Event::Tone { .. }));
    let requests = stage.chat.requests.lock().unwrap();
    let opener = requests.iter().find(|call| call.role == Role::Convert).unwrap();
    assert_eq!(opener.user, "<mention>a red raincoat</mention>");
}

#[tokio::test(start_paused = true)]
async fn a_clause_is_enough_for_the_first_segment_and_later_ones_are_not_asked_again() {
    let stage = museum(sees(800, CHILD));
    stage.prefetch();
    sleep(Duration::from_secs(1)).await;
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_ms(first(&ended), 512.0); // the fifth word, and the conversion's first
    assert_eq!(ended.report.text, five_sentences());
    let requests = stage.chat.requests.lock().unwrap();
    let asked: Vec<&str> =
        requests.iter().filter(|call| call.role == Role::Convert).map(|call| call.user.as_str()).collect();
    assert_eq!(
        asked[0],
        "<question>When was it founded?</question>\n<text>Sentence 1 goes like this,</text>"
    );
    assert!(asked.len() > 2 && asked[1..].iter().all(|user| user.starts_with("<text>")), "{asked:?}");
    // What prompts begin with is stable: one system text, and later parts are shown the same examples.
    let converts: Vec<_> = requests.iter().filter(|call| call.role == Role::Convert).collect();
    assert!(converts.windows(2).all(|pair| pair[0].system == pair[1].system));
    assert!(converts[1..].windows(2).all(|pair| pair[0].history == pair[1].history));
}

#[tokio::test(start_paused = true)]
async fn an_old_description_gives_the_tone_but_is_not_spoken_of() {
    let mut stage = museum(sees(800, CHILD));
    stage.mention = true;
    stage.prefetch();
    sleep(Duration::from_secs(10)).await;
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!((ended.report.outcome, ended.report.tone), (Some(Outcome::Cached), Some(Tone::ChildFriendly)));
    assert!(!ended.mentioned && !ended.report.text.contains(OPENER));
    assert_ms(first(&ended), 512.0);
}

#[tokio::test(start_paused = true)]
async fn segments_are_told_in_order_whoever_is_faster() {
    let mut stage = museum(sees(800, CHILD));
    stage.mention = true;
    stage.chat.speeches.lock().unwrap().retain(|(role, _)| *role != Role::Convert);
    let slow = Speech::words(900, 0, "A fine raincoat!");
    stage.chat.speeches.lock().unwrap().push((Role::Convert, vec![slow, Speech::echo(10, 1)].into()));
    let (ended, events) = stage.play(ask(Strategy::Race)).await;
    // The first segment is ready long before the opener has said a word: nobody waits for it.
    assert_eq!(ended.report.text, five_sentences());
    assert!(!ended.mentioned);
    let told: String = events
        .iter()
        .filter_map(|event| if let Event::Token { text, .. } = event { Some(&**text) } else { None })
        .collect();
    assert_eq!(told, ended.report.text);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_gets_no_opener_and_is_not_put_to_a_model() {
    let answer = Speech::whole(500, "I don't know.");
    let scripts = vec![(Role::Answer, vec![answer]), (Role::Convert, vec![Speech::echo(100, 12)])];
    let mut stage = Stagehand::new(vec![sees(800, CHILD)], scripts, knobs());
    stage.mention = true;
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    let framed = "Hmm, that is a tricky one, explorer. I don't know. Try me with another question!";
    assert_eq!((ended.report.text.as_str(), ended.mentioned), (framed, false));
    assert_eq!(ended.report.usage.llm_calls, 1, "only the answer is a model's");
}

#[tokio::test(start_paused = true)]
async fn what_begins_like_a_refusal_is_framed_whole() {
    let said =
        "I'm not sure about the exact year, but it was cast before 1850. It still rings every evening.";
    let mut answer = Speech::whole(500, said);
    answer.pieces = said.split_inclusive(' ').map(str::to_owned).collect();
    answer.pause = std::time::Duration::from_millis(20);
    let scripts = vec![(Role::Answer, vec![answer]), (Role::Convert, vec![Speech::echo(100, 12)])];
    let stage = Stagehand::new(vec![sees(1, CHILD)], scripts, knobs());
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert!(ended.report.text.contains(said), "{}", ended.report.text);
}

#[tokio::test(start_paused = true)]
async fn an_opener_that_fails_is_left_out() {
    let mut stage = museum(sees(800, CHILD));
    stage.mention = true;
    let cut = Speech::whole(1, "").failing(LlmError::Cut);
    let broken = Speech { pieces: vec![], ..cut };
    stage.chat.speeches.lock().unwrap().retain(|(role, _)| *role != Role::Convert);
    let speeches = vec![broken.clone(), Speech::echo(100, 12), broken, Speech::echo(100, 12)];
    stage.chat.speeches.lock().unwrap().push((Role::Convert, speeches.into()));
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.status, Status::Completed);
    assert!(ended.report.text.ends_with(&five_sentences()), "{}", ended.report.text);
    assert!(ended.report.degraded.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_later_segment_whose_conversion_fails_is_sent_plain() {
    let stage = museum(sees(1, CHILD));
    let refused = LlmError::Refused { status: 400, message: "no".into(), retry_after: None };
    let broken = Speech { pieces: vec![], ..Speech::whole(1, "") }.failing(refused);
    stage.chat.speeches.lock().unwrap().retain(|(role, _)| *role != Role::Convert);
    let speeches = vec![Speech::echo(100, 12), broken, Speech::echo(100, 12)];
    stage.chat.speeches.lock().unwrap().push((Role::Convert, speeches.into()));
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.status, Status::Completed);
    assert_eq!(ended.report.text, five_sentences());
    assert_eq!(
        (ended.report.tone, ended.report.degraded),
        (Some(Tone::ChildFriendly), vec!["convert".into()])
    );
}

#[tokio::test(start_paused = true)]
async fn a_segment_that_breaks_off_leaves_what_was_told_in_history() {
    let stage = museum(sees(1, CHILD));
    let broken = Speech::words(10, 1, "And then it").failing(LlmError::Cut);
    stage.chat.speeches.lock().unwrap().retain(|(role, _)| *role != Role::Convert);
    stage.chat.speeches.lock().unwrap().push((Role::Convert, vec![Speech::echo(10, 1), broken].into()));
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.status, Status::Failed);
    assert_eq!(ended.report.text, "Sentence 1 goes like this, And then it");
    assert_eq!(ended.heard, "Sentence 1 goes like this, and then it says six more words. ");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_turn_keeps_what_was_told() {
    let stage = museum(sees(1, CHILD));
    let stop = Stop::default();
    let stopper = async {
        sleep(Duration::from_secs(1)).await;
        stop.with(Status::Interrupted);
    };
    let ((ended, _), ()) = tokio::join!(stage.play_until(ask(Strategy::Race), &stop), stopper);
    assert!(five_sentences().starts_with(&ended.report.text), "{}", ended.report.text);
    assert!(five_sentences().starts_with(&ended.heard) && ended.heard.len() >= ended.report.text.len());
    assert!(ended.heard.len() < five_sentences().len());
}

#[tokio::test(start_paused = true)]
async fn a_strict_guard_holds_each_segment_until_it_is_checked() {
    let answer =
        Speech::words(10, 1, "It was founded in 1973. Then came a long and quiet time. It moved in 1980.");
    let convert = |text: &str| Speech::whole(500, text);
    let scripts = vec![
        (Role::Answer, vec![answer]),
        (Role::Convert, ["It began in 1973!", "A quiet time.", "It moved!"].map(convert).to_vec()),
    ];
    let strict = Knobs { fact_guard: FactGuard::Strict, ..knobs() };
    let stage = Stagehand::new(vec![sees(1, CHILD)], scripts, strict);
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.text, "It began in 1973! A quiet time. It moved in 1980.");
    assert_eq!(ended.report.facts_missing, Some(vec!["1980".to_owned()]));
    assert_eq!(ended.report.tone, Some(Tone::ChildFriendly));
}

#[tokio::test(start_paused = true)]
async fn a_vlm_that_nobody_waits_for_costs_the_first_word_nothing() {
    let stage = museum(fails(1));
    for _ in 0..2 {
        stage.play(ask(Strategy::Race)).await;
    }
    let (ended, _) = stage.play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.outcome, Some(Outcome::Fallback));
    assert_ms(first(&ended), 512.0);
}

#[tokio::test(start_paused = true)]
async fn a_segment_that_goes_on_does_not_begin_anew() {
    let said = ["Hello! The first.", "Sure, let me tell you: the second.", "Here is the text: The third."];
    let scripts = vec![
        (Role::Answer, vec![Speech::words(0, 300, "It-is-first. It-is-second. It-is-third.")]),
        (Role::Convert, said.iter().map(|text| Speech::words(10, 10, text)).collect()),
    ];
    let (ended, _) = Stagehand::new(vec![sees(0, CHILD)], scripts, knobs()).play(ask(Strategy::Race)).await;
    assert_eq!(ended.report.text, "Hello! The first. The second. The third.");
}
