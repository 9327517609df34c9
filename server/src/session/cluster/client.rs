//! Clients: they come, ask, cancel, forget, vanish and come back, each at the whim of the seed's dice.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::node::House;
use super::view::{Stand, View, told};
use super::world::{Bug, World};
use crate::event::{Command, Event, Message, Status};
use crate::session::outbox::Sequenced;
use crate::session::{Located, Opened, Wanted};

/// How long all may take where it is quiet.
const DEADLINE: Duration = Duration::from_secs(180);

/// A visitor.
pub(super) struct Client {
    world: Arc<World>,
    number: usize,
    name: Option<String>,
    pub(super) view: View,
}

/// A socket: where it ends, and through whom it comes.
struct Socket {
    houses: Vec<Arc<House>>,
    opened: Opened,
    /// Sent, and on its way.
    come: VecDeque<Sequenced>,
    /// Come, and not yet read.
    unread: VecDeque<Sequenced>,
    has_forgotten: bool,
}

impl Client {
    pub(super) fn new(world: &Arc<World>, number: usize) -> Self {
        let name = world.chance(0.5).then(|| format!("kiosk-{number}"));
        Self { world: Arc::clone(world), number, name, view: View::default() }
    }

    fn note(&self, what: impl FnOnce() -> String) {
        self.world.note(|| format!("client {}: {}", self.number, what()));
    }

    fn check(&self, checked: Result<(), String>) {
        if let Err(wrong) = checked {
            self.world.wrong(format!("client {}: {wrong}", self.number));
        }
    }

    /// Lives until all is calm.
    pub(super) async fn live(&mut self) {
        while !self.world.is_calm() {
            let patience = self.world.millis(30, 3000);
            match timeout(patience, self.connect()).await {
                Ok(Some(mut socket)) => {
                    self.talk(&mut socket).await;
                    self.leave(socket);
                }
                Ok(None) => {}
                Err(_) => self.note(|| "gives up connecting".into()),
            }
            let pause = if self.world.chance(0.5) { 5 } else { 3000 };
            sleep(self.world.millis(0, pause)).await;
        }
    }

    /// Some node that runs.
    fn any_house(&self) -> Option<Arc<House>> {
        let houses = self.world.houses.lock().unwrap();
        (!houses.is_empty()).then(|| Arc::clone(&houses[self.world.rng().usize(..houses.len())]))
    }

    /// Connects as a browser does: by the node that the balancer chooses, and on to where the session is.
    async fn connect(&mut self) -> Option<Socket> {
        let first = self.any_house()?;
        let mut houses = vec![Arc::clone(&first)];
        let mut located = self.locate(&first, false).await?;
        if let Located::Elsewhere(address) = &located {
            let next = self.house_at(address);
            self.note(|| format!("is sent from {} to {address}", first.name));
            let there = match &next {
                Some(next) => timeout(Duration::from_secs(1), self.locate(next, true)).await.ok().flatten(),
                None => None,
            };
            match (there, next) {
                (Some(there), Some(next)) => {
                    located = there;
                    houses.push(next);
                }
                _ => located = self.locate(&first, true).await?,
            }
        }
        let house = Arc::clone(houses.last()?);
        let name = self.name.clone().filter(|_| located != Located::Taken);
        if located == Located::Unknown {
            self.note(|| format!("is turned away by {}", house.name));
            sleep(self.world.millis(50, 500)).await;
            return None;
        }
        // The upgrade takes its time.
        let upgrade = if self.world.chance(0.1) { 400 } else { 10 };
        sleep(self.world.millis(0, upgrade)).await;
        house.power.awake().await;
        if house.power.is_off() {
            return None;
        }
        let opened = match &self.view.session {
            Some(_) => house.sessions.open(&self.wanted()),
            None => house.sessions.open(&Wanted { id: name.as_deref(), ..Wanted::default() }),
        };
        let opened = opened?; // else the session was taken meanwhile
        let attached = &opened.attached;
        if self.world.model().is_others(&attached.session_id, &house.name) {
            // Cut off from the store, it can't know. What its client hears until the store is back is not looked at.
            self.note(|| format!("is let in by {}, which has lost the session unknowingly", house.name));
            opened.session.detach(&attached.outbox);
            return None;
        }
        self.note(|| {
            let (id, turn) = (&attached.session_id, attached.snapshot.as_ref().map(|it| &it.turn));
            let how = (attached.resumed, attached.epoch, attached.last_seq, turn);
            format!("at {}: {id} {how:?}, knows {}", house.name, self.view.last_seq)
        });
        self.view.lose_store(self.world.model().emptied);
        let may_be_new = !self.view.is_kept || self.view.is_forgetting;
        let checked = self.view.greet(attached, may_be_new);
        if checked.is_ok() && attached.snapshot.is_none() && !attached.resumed {
            self.view.is_forgetting = false;
        }
        self.check(checked);
        Some(Socket { houses, opened, come: VecDeque::new(), unread: VecDeque::new(), has_forgotten: false })
    }

    fn house_at(&self, address: &str) -> Option<Arc<House>> {
        self.world.houses.lock().unwrap().iter().find(|house| house.address == *address).map(Arc::clone)
    }

    /// What is said to be the last number that was heard.
    fn claimed_seq(&self) -> u64 {
        let seq = self.view.last_seq;
        if self.world.bug == Bug::ReplayOffByOne { seq.saturating_sub(1) } else { seq }
    }

    fn wanted(&self) -> Wanted<'_> {
        let (last_seq, owner) = (Some(self.claimed_seq()), self.view.owner);
        match &self.view.session {
            Some((id, token)) => Wanted { id: Some(id), resume: Some(token), last_seq, owner },
            None => Wanted { id: self.name.as_deref(), ..Wanted::default() },
        }
    }

    /// None if the node ends meanwhile.
    async fn locate(&self, house: &House, is_relayed: bool) -> Option<Located> {
        house.power.awake().await;
        let wanted = self.wanted();
        let located = house.sessions.locate(&wanted, is_relayed);
        tokio::select! {
            biased;
            () = house.power.is_cut() => None,
            located = located => Some(located),
        }
    }

    /// Says and hears this and that, until one of both goes.
    async fn talk(&mut self, socket: &mut Socket) {
        if let Some(id) = self.view.asked() {
            self.ask(socket, id);
        }
        let leaves = Instant::now() + self.world.millis(0, 6000);
        while Instant::now() < leaves && !self.world.is_calm() {
            let next = Instant::now() + self.world.millis(0, 1200);
            if !self.hear_until(socket, next).await {
                return;
            }
            let die = self.world.rng().u32(..100);
            match die {
                0..45 => {
                    let id = self.view.ask(self.number);
                    self.ask(socket, id);
                }
                45..55 => {
                    let asked = u32::try_from(self.view.questions.len()).unwrap();
                    if asked > 0 {
                        let id = self.world.rng().u32(..asked);
                        self.ask(socket, id);
                    }
                }
                55..65 => {
                    self.note(|| "cancels".into());
                    socket.say(Command::Cancel { turn_id: None });
                }
                65..72 => {
                    self.note(|| "forgets".into());
                    self.view.is_forgetting = true;
                    socket.has_forgotten = true;
                    socket.say(Command::Forget);
                }
                72..80 => sleep(self.world.millis(0, 800)).await, // reads nothing
                _ => {}
            }
        }
    }

    fn ask(&mut self, socket: &Socket, id: u32) {
        let is_forgetting = self.view.is_forgetting || socket.has_forgotten;
        let question = self.view.questions.get_mut(&id).filter(|it| it.stand != Stand::Over);
        // Asked again behind a `forget`, it would be another epoch's.
        let Some(question) = question.filter(|it| !(it.was_asked && is_forgetting)) else { return };
        question.was_asked = true;
        let word = question.word.clone();
        self.note(|| format!("asks {id}"));
        let message = Message { id: Some(id.to_string()), convert_tone: false, ..Message::asking(word) };
        socket.say(Command::Message(message));
    }

    /// Reads until then; false if the connection ends first.
    async fn hear_until(&mut self, socket: &mut Socket, until: Instant) -> bool {
        loop {
            while let Some(frame) = socket.unread.pop_front() {
                self.note(|| format!("hears {}", told(&frame)));
                self.view.lose_store(self.world.model().emptied);
                let checked = self.view.hear(&frame);
                self.check(checked);
                self.hear_of_gone(&frame.event);
            }
            match timeout_at(until, socket.read()).await {
                Err(_) => return true,
                Ok(true) => {}
                Ok(false) => {
                    self.note(|| "is cut off".into());
                    return false;
                }
            }
        }
    }

    /// Goes; the node may notice late.
    fn leave(&self, socket: Socket) {
        self.note(|| "leaves".into());
        let notices = if self.world.chance(0.3) { self.world.millis(0, 3000) } else { Duration::ZERO };
        let detach = move || socket.opened.session.detach(&socket.opened.attached.outbox);
        if notices.is_zero() {
            detach();
        } else {
            tokio::spawn(async move {
                sleep(notices).await;
                detach();
            });
        }
    }

    /// Connects where nothing fails.
    async fn come_back(&mut self) -> Option<Socket> {
        for _ in 0..20 {
            if let Some(socket) = self.connect().await {
                return Some(socket);
            }
            sleep(Duration::from_millis(300)).await;
        }
        self.world.wrong(format!("client {} is let in nowhere", self.number));
        None
    }

    /// All is quiet: what was asked ends, and what was told is kept.
    pub(super) async fn settle(&mut self) {
        let (fresh, deadline) = (self.view.ask(self.number), Instant::now() + DEADLINE);
        while let Some(mut socket) = self.come_back().await {
            self.view.is_forgetting = false; // what was to be forgotten is, or the word was lost
            let mut is_there = true;
            while is_there && (self.view.is_running() || self.view.asked().is_some()) {
                if Instant::now() > deadline {
                    let stuck = (self.view.is_running(), self.view.asked());
                    return self.world.wrong(format!("client {} waits for ever: {stuck:?}", self.number));
                }
                let next = self.view.asked().filter(|_| !self.view.is_running());
                if let Some(id) = next {
                    self.ask(&socket, id);
                }
                is_there = self.hear_for(&mut socket, next).await;
            }
            if is_there {
                is_there = self.hear_until(&mut socket, Instant::now() + Duration::from_secs(1)).await;
            }
            if is_there {
                self.look_back(&mut socket, fresh).await;
                return self.leave(socket);
            }
            self.leave(socket);
        }
    }

    /// Reads until a question is answered, or the turn that runs has ended; false if the connection ends first.
    async fn hear_for(&mut self, socket: &mut Socket, asked: Option<u32>) -> bool {
        let mut patience = Instant::now() + Duration::from_secs(3);
        loop {
            if !self.hear_until(socket, Instant::now() + Duration::from_millis(200)).await {
                return false;
            }
            let is_asked = asked.is_some_and(|id| self.view.questions[&id].stand == Stand::Asked);
            if !is_asked && !self.view.is_running() {
                return true;
            }
            if self.view.is_running() {
                patience = Instant::now() + Duration::from_secs(3);
            }
            if Instant::now() > patience {
                return true; // perhaps it was refused
            }
        }
    }

    /// A repeated question whose frames are kept no more is said to be answered. One whose turn never began must not
    /// be taken for a repetition.
    fn hear_of_gone(&mut self, event: &Event) {
        let Event::Error(error) = event else { return };
        let (Some(id), "answer_gone", Some((session, _))) = (&error.id, &*error.code, &self.view.session)
        else {
            return;
        };
        let began = self.world.model().begun.contains(&(session.to_string(), id.to_string()));
        let id = id.parse().unwrap();
        if !began && self.view.questions[&id].turn_id.is_none() {
            self.world
                .wrong(format!("client {} is told that {id} was answered, and it was not", self.number));
        }
        self.view.give_up(id);
    }

    /// What the last question has left, at the client and in the store.
    async fn look_back(&mut self, socket: &mut Socket, fresh: u32) {
        let last = &self.view.questions[&fresh];
        if last.stand != (Stand::Done { is_durable: true }) {
            self.world.wrong(format!("client {}: the last question is {:?}", self.number, last.stand));
        }
        let newest = self.view.ended.iter().rev().take(3);
        let durable: Vec<_> = newest
            .map(|id| (*id, &self.view.questions[id]))
            .filter(|(_, it)| it.stand == (Stand::Done { is_durable: true }))
            .map(|(id, it)| (id, it.word.clone(), it.status == Some(Status::Completed), it.turn()))
            .collect();
        let Some((id, _)) = self.view.session.clone() else { return };
        let stored = self.world.model().sessions.get(&*id).cloned();
        let Some(stored) = stored else {
            return self.world.wrong(format!("{id} is not in the store"));
        };
        let record = &stored.record;
        if (record.epoch, record.seq) != (self.view.epoch, self.view.last_seq) || record.running.is_some() {
            let heard = (self.view.epoch, self.view.last_seq);
            self.world.wrong(format!("the store has {record:?}, and client {} {heard:?}", self.number));
        }
        let text = format!("{:?} {:?}", record, stored.frames);
        self.check(self.view.is_of_now(&text));
        // Five turns are kept.
        for (_, word, is_complete, turn) in &durable {
            if *is_complete
                && turn + 5 > record.turns
                && !record.history.iter().any(|message| message.text == *word)
            {
                self.world.wrong(format!("client {}: {word} was durable and is lost", self.number));
            }
        }
        // Asked again, they generate nothing.
        let ended = self.view.ended.len();
        for (id, ..) in &durable {
            self.ask(socket, *id);
        }
        self.hear_until(socket, Instant::now() + Duration::from_secs(1)).await;
        if self.view.ended.len() > ended || self.view.is_running() {
            self.world.wrong(format!("client {}: a question was answered twice", self.number));
        }
    }
}

impl Socket {
    /// Is heard, if the way to the session is whole.
    fn say(&self, command: Command) {
        if self.houses.iter().all(|house| !house.power.is_off()) {
            self.opened.session.handle(command);
        }
    }

    /// Waits for what comes and can be read; false at the end. May be dropped and called again at any time.
    async fn read(&mut self) -> bool {
        let (first, last) = (&self.houses[0].power, &self.houses[self.houses.len() - 1].power);
        let (outbox, come) = (&self.opened.attached.outbox, &mut self.come);
        let read = async {
            if come.is_empty() {
                match poll_fn(|cx| outbox.poll_take(cx)).await {
                    Ok(frames) => come.extend(frames),
                    Err(_) => return false,
                }
            }
            first.awake().await;
            last.awake().await;
            self.unread.append(come);
            true
        };
        tokio::select! {
            biased;
            () = first.is_cut() => false,
            () = last.is_cut() => false,
            is_read = read => is_read,
        }
    }
}
