//! Sessions that go from node to node, step by step.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::node::House;
use super::world::{Bug, World};
use crate::event::{Command, Event, Message};
use crate::session::outbox::{GivenUp, Sequenced};
use crate::session::{Located, Opened, Overlap, Wanted};

/// A new session with a chosen id.
const NEW: Wanted<'_> = Wanted { id: Some("k"), resume: None, last_seq: None, owner: None };

fn play<F: Future<Output = ()>>(steps: impl FnOnce(Arc<World>) -> F) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World::new(1, Bug::None, false);
        world.calm_down();
        steps(world).await;
    });
}

/// Two nodes whose first beats are answered.
async fn houses(world: &Arc<World>) -> (Arc<House>, Arc<House>) {
    let houses = ["a", "b"].map(|name| House::open(world, name.into(), Overlap::Interrupt));
    sleep(Duration::from_secs(1)).await;
    let [a, b] = houses;
    (a, b)
}

fn ask(opened: &Opened, id: &str) {
    let message =
        Message { id: Some(id.into()), convert_tone: false, ..Message::asking(format!("word{id}")) };
    opened.session.handle(Command::Message(message));
}

/// Hears until an event comes, within a minute; how it goes on, if it ends before.
async fn hear(opened: &Opened, is_last: impl Fn(&Event) -> bool) -> Result<Sequenced, Option<GivenUp>> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let events = timeout_at(until, poll_fn(|cx| opened.attached.outbox.poll_take(cx))).await;
        let events = events.map_err(|_| None)?.map_err(Some)?;
        if let Some(last) = events.into_iter().find(|it| is_last(&it.event)) {
            return Ok(last);
        }
    }
}

/// Comes back to a house, which takes the session.
async fn come_back(house: &House, id: &str, token: &str, last_seq: u64) -> Opened {
    let wanted = Wanted { id: Some(id), resume: Some(token), last_seq: Some(last_seq), owner: None };
    let located = house.sessions.locate(&wanted, false).await;
    assert_eq!(located, Located::Here);
    house.sessions.open(&wanted).unwrap()
}

fn is_start(event: &Event) -> bool {
    matches!(event, Event::TurnStarted { .. })
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::TurnDone(_))
}

#[test]
fn a_node_that_gets_a_session_back_knows_nothing_of_its_former_visitor() {
    play(|world| async move {
        let (a, b) = houses(&world).await;
        let first = a.sessions.open(&NEW).unwrap();
        a.sessions.engine().descriptions.recall(first.session.id(), "a red coat".into(), Duration::ZERO);
        ask(&first, "1");
        hear(&first, is_end).await.unwrap();
        assert!(a.sessions.engine().descriptions.cached("k").is_some());
        first.session.detach(&first.attached.outbox);

        let second = come_back(&b, "k", &first.attached.resume_token, 2).await;
        second.session.handle(Command::Forget);
        let epoch = hear(&second, |it| matches!(it, Event::EpochBegan { .. })).await.unwrap();
        let Event::EpochBegan { resume_token, last_seq, .. } = &*epoch.event else { unreachable!() };
        ask(&second, "2");
        hear(&second, is_end).await.unwrap(); // it is written
        second.session.detach(&second.attached.outbox);

        let third = come_back(&a, "k", resume_token, *last_seq).await;
        assert_eq!(third.attached.epoch, 2);
        let descriptions = &a.sessions.engine().descriptions;
        assert!(descriptions.cached("k").is_none(), "of the visitor who was forgotten");
        assert_eq!(descriptions.visitor("k"), 1, "the second visitor, wherever that one came");
    });
}

#[test]
fn a_turn_that_is_to_be_forgotten_is_not_handed_over() {
    play(|world| async move {
        let (a, b) = houses(&world).await;
        let first = a.sessions.open(&NEW).unwrap();
        ask(&first, "1");
        hear(&first, is_start).await.unwrap();
        first.session.handle(Command::Forget);
        a.leave_turns();
        sleep(Duration::from_secs(1)).await; // what is to be written is
        a.sessions.leave_store().await;
        let second = come_back(&b, "k", &first.attached.resume_token, 1).await;
        assert_ne!(second.session.id(), first.session.id(), "the token went with the epoch");
    });
}

/// A session whose id another one has by now, which the store knew first.
async fn collided(world: &Arc<World>, former: &House, next: &House) -> Opened {
    let first = former.sessions.open(&NEW).unwrap();
    ask(&first, "1");
    hear(&first, is_end).await.unwrap();
    first.session.detach(&first.attached.outbox);
    world.store_away(Duration::from_secs(30), true);
    while !former.sessions.is_empty() {
        sleep(Duration::from_millis(100)).await; // it runs out here, and is kept for longer there
    }
    let second = next.sessions.open(&NEW).unwrap();
    ask(&second, "2");
    hear(&second, is_end).await.unwrap();
    world.calm_down();
    second
}

#[test]
fn two_sessions_with_one_id_end_with_the_first_and_the_other_comes_back_as_a_new_one() {
    for is_other_node in [true, false] {
        play(|world| async move {
            let (a, b) = houses(&world).await;
            let next = if is_other_node { &b } else { &a };
            let second = collided(&world, &a, next).await;
            let ended = hear(&second, |_| false).await;
            assert_eq!(ended, Err(Some(GivenUp::Collided)), "another node: {is_other_node}");
            let third = come_back(next, "k", &second.attached.resume_token, 9).await;
            assert_ne!(third.session.id(), second.session.id());
            assert!(!third.attached.resumed);
        });
    }
}

#[test]
fn what_two_owners_told_is_not_mixed() {
    play(|world| async move {
        let (a, b) = houses(&world).await;
        let first = a.sessions.open(&NEW).unwrap();
        ask(&first, "1");
        let is_token = |event: &Event| matches!(event, Event::Token { .. });
        let heard = hear(&first, is_token).await.unwrap();
        let token = &*first.attached.resume_token;
        // An attempt that knows less is served later, and nobody hears what comes of it.
        let (less, last_seq) = (heard.seq.map(|seq| seq - 1), heard.seq);
        let stuck =
            Wanted { id: Some("k"), resume: Some(token), last_seq: less, owner: first.attached.owner };
        assert_eq!(b.sessions.locate(&stuck, true).await, Located::Here);
        let opened = b.sessions.open(&stuck).unwrap();
        hear(&opened, is_token).await.unwrap();

        let back = Wanted { last_seq, ..stuck };
        let second = b.sessions.open(&back).unwrap();
        assert!(!second.attached.resumed && second.attached.snapshot.is_some());
        // And who has heard the second owner is not let in by the first, should it not know that it is none.
        let known = Wanted { last_seq: Some(1), owner: second.attached.owner, ..stuck };
        assert!(a.sessions.open(&known).is_none());
    });
}
