//! What one client has been told, and whether it may be told so.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Event, Status, TurnReport};
use crate::session::outbox::Sequenced;
use crate::session::{Attached, Snapshot};

/// How a question stands, as its client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stand {
    /// Asked; nothing was heard of it.
    Asked,
    /// Its turn runs.
    Running,
    /// Its turn has ended; `is_durable`: the store has its end.
    Done { is_durable: bool },
    /// It is of an epoch that is over, or of a session that is gone.
    Over,
}

#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) word: String,
    pub(super) stand: Stand,
    /// It was asked once.
    pub(super) was_asked: bool,
    /// Its turn, once that was heard of.
    pub(super) turn_id: Option<Arc<str>>,
    pub(super) status: Option<Status>,
}

impl Question {
    /// Its turn's number.
    pub(super) fn turn(&self) -> u64 {
        self.turn_id.as_ref().and_then(|turn_id| turn_id.strip_prefix('t')?.parse().ok()).unwrap_or_default()
    }
}

/// A turn that runs, as its client shows it.
#[derive(Debug, Clone)]
struct Running {
    turn_id: Arc<str>,
    text: String,
}

/// What a client knows.
#[derive(Default)]
pub(super) struct View {
    /// Id and token.
    pub(super) session: Option<(Arc<str>, Arc<str>)>,
    /// Which owner of the session it has heard last.
    pub(super) owner: Option<u64>,
    pub(super) epoch: u64,
    pub(super) last_seq: u64,
    running: Option<Running>,
    /// By their ids, oldest first.
    pub(super) questions: BTreeMap<u32, Question>,
    /// The questions whose turns ended, in that order.
    pub(super) ended: Vec<u32>,
    /// How often the store had been emptied.
    emptied: u32,
    /// What has a lower number, or this one, may be gone with what the store was emptied of.
    lost_until: u64,
    /// Something durable was heard in this epoch since the store was last empty.
    pub(super) is_kept: bool,
    /// A `forget` was said and not yet answered.
    pub(super) is_forgetting: bool,
}

type Checked = Result<(), String>;

impl View {
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn ask(&mut self, client: usize) -> u32 {
        let id = u32::try_from(self.questions.len()).unwrap();
        let word = format!("qz{client}x{id}qz");
        self.questions.insert(
            id,
            Question { word, stand: Stand::Asked, was_asked: false, turn_id: None, status: None },
        );
        id
    }

    pub(super) fn asked(&self) -> Option<u32> {
        let mut asked = self.questions.iter().filter(|(_, question)| question.stand == Stand::Asked);
        asked.next().map(|(id, _)| *id)
    }

    /// Nothing more is expected of a question.
    pub(super) fn give_up(&mut self, id: u32) {
        if let Some(question) = self.questions.get_mut(&id) {
            question.stand = Stand::Done { is_durable: false };
        }
    }

    /// The words that nothing may hold any more.
    pub(super) fn words_over(&self) -> impl Iterator<Item = &str> {
        let over = self.questions.values().filter(|question| question.stand == Stand::Over);
        over.map(|question| &*question.word)
    }

    /// The first frame of a socket. `may_be_new`: the session may be lost.
    pub(super) fn greet(&mut self, attached: &Attached, may_be_new: bool) -> Checked {
        let Attached { session_id, resume_token, epoch, last_seq, resumed, snapshot, .. } = attached;
        self.owner = attached.owner;
        if self.lost_until == u64::MAX {
            self.lost_until = *last_seq;
        }
        let known = self.session.replace((Arc::clone(session_id), Arc::clone(resume_token)));
        let known = known.filter(|(id, _)| id == session_id);
        let Some((_, token)) = known else {
            if !may_be_new {
                return Err("the session is lost".into());
            }
            // Another session: what was shown stays, and is nobody's.
            self.end_epoch();
            self.running = None;
            self.is_kept = false;
            (self.epoch, self.last_seq, self.lost_until) = (*epoch, *last_seq, *last_seq);
            return if *resumed || snapshot.is_some() {
                Err("a new session has a past".into())
            } else {
                Ok(())
            };
        };
        if (token, self.epoch) != (Arc::clone(resume_token), *epoch) {
            return Err(format!("epoch {epoch} follows {} without a word", self.epoch));
        }
        match (resumed, snapshot) {
            (true, None) => Ok(()),
            (false, Some(snapshot)) => {
                self.last_seq = *last_seq;
                self.begin_anew(snapshot)
            }
            _ => Err("resumed or a snapshot: one of both".into()),
        }
    }

    /// Shows what a snapshot holds, in place of all that was shown.
    fn begin_anew(&mut self, snapshot: &Snapshot) -> Checked {
        for message in &snapshot.history {
            self.is_of_now(&message.text)?;
        }
        self.running = None;
        for question in self.questions.values_mut() {
            let is_told = snapshot.history.iter().any(|message| message.text == question.word);
            let runs =
                snapshot.turn.as_ref().is_some_and(|(turn_id, _)| question.turn_id.as_ref() == Some(turn_id));
            let is_over = match question.stand {
                Stand::Running => !runs, // whatever became of it: the snapshot tells
                Stand::Asked => is_told,
                _ => false,
            };
            if is_over {
                question.stand = Stand::Done { is_durable: false };
            }
        }
        if let Some((turn_id, text)) = &snapshot.turn {
            self.is_of_now(text)?;
            self.running = Some(Running { turn_id: Arc::clone(turn_id), text: text.clone() });
        }
        Ok(())
    }

    /// Whether nothing of an epoch that is over is in a text.
    pub(super) fn is_of_now(&self, text: &str) -> Checked {
        match self.words_over().find(|word| text.contains(word)) {
            Some(word) => Err(format!("{word} is of an epoch that is over: {text}")),
            None => Ok(()),
        }
    }

    fn end_epoch(&mut self) {
        for question in self.questions.values_mut().filter(|question| question.stand != Stand::Asked) {
            question.stand = Stand::Over;
        }
    }

    pub(super) fn hear(&mut self, frame: &Sequenced) -> Checked {
        let Some(seq) = frame.seq else { return self.hear_of_epoch(&frame.event) };
        let first = frame.from_seq.unwrap_or(seq);
        if seq <= self.last_seq && frame.from_seq.is_none() {
            return self.hear_again(&frame.event);
        }
        if first != self.last_seq + 1 {
            return Err(format!("frame {first} to {seq} follows {}", self.last_seq));
        }
        self.last_seq = seq;
        match &*frame.event {
            Event::TurnStarted { turn_id, id, restarted } => self.start(turn_id, id.as_deref(), *restarted),
            Event::Token { turn_id, text } => {
                self.is_of_now(text)?;
                let running = self.running.as_mut().filter(|running| running.turn_id == *turn_id);
                running
                    .ok_or_else(|| format!("a token of {turn_id}, which does not run"))?
                    .text
                    .push_str(text);
                Ok(())
            }
            Event::TurnDone(report) => self.end(report),
            Event::Error(error) => match (&error.id, &*error.code) {
                (Some(_), "busy" | "queue_full" | "shutting_down" | "answer_gone") | (None, _) => Ok(()),
                (Some(id), code) => Err(format!("{id} was refused: {code}")),
            },
            Event::Description { .. } | Event::Tone { .. } | Event::EpochBegan { .. } => {
                Err(format!("nobody is described here: {frame:?}"))
            }
        }
    }

    fn hear_of_epoch(&mut self, event: &Event) -> Checked {
        let Event::EpochBegan { epoch, last_seq, resume_token } = event else {
            return Err(format!("without a number: {event:?}"));
        };
        if let Some(running) = &self.running {
            return Err(format!("{} did not end with its epoch", running.turn_id));
        }
        if *epoch != self.epoch + 1 || *last_seq != self.last_seq {
            let was = (self.epoch, self.last_seq);
            return Err(format!("epoch {epoch} at {last_seq} follows {was:?}"));
        }
        self.epoch = *epoch;
        self.is_kept = false;
        self.is_forgetting = false;
        self.end_epoch();
        if let Some((_, token)) = &mut self.session {
            *token = Arc::clone(resume_token);
        }
        Ok(())
    }

    /// A frame that was sent before, of a question that was asked again.
    fn hear_again(&mut self, event: &Event) -> Checked {
        match event {
            Event::TurnStarted { id: Some(id), turn_id, .. } => {
                let question = self.question(id)?;
                if question.stand == Stand::Over {
                    return Err(format!("{id} starts again, and its epoch is over"));
                }
                question.turn_id = Some(Arc::clone(turn_id));
                if question.stand == Stand::Asked
                    && self.running.as_ref().is_some_and(|it| it.turn_id == *turn_id)
                {
                    self.question(id)?.stand = Stand::Running; // a snapshot has told of it
                }
            }
            Event::TurnDone(report) => {
                self.is_of_now(&report.text)?;
                let mut questions = self.questions.values_mut().filter(|it| it.stand == Stand::Asked);
                if let Some(question) = questions.find(|it| it.turn_id.as_ref() == Some(&report.turn_id)) {
                    question.stand = Stand::Done { is_durable: false }; // as far as the client can tell
                    question.status = Some(report.status);
                }
            }
            _ => return Err(format!("sent twice: {event:?}")),
        }
        Ok(())
    }

    fn question(&mut self, id: &str) -> Result<&mut Question, String> {
        let question = id.parse().ok().and_then(|id: u32| self.questions.get_mut(&id));
        question.ok_or_else(|| format!("nobody asked {id}"))
    }

    fn start(&mut self, turn_id: &Arc<str>, id: Option<&str>, restarted: bool) -> Checked {
        let id: u32 = id.and_then(|id| id.parse().ok()).ok_or("a turn without an id")?;
        if let Some(running) = &self.running
            && !restarted
        {
            return Err(format!("{turn_id} starts while {} runs", running.turn_id));
        }
        // Begun again by a new owner: of what ran, nothing else is left.
        for question in self.questions.values_mut().filter(|question| question.stand == Stand::Running) {
            question.stand = Stand::Asked;
        }
        let is_kept = self.is_kept;
        let question = self.questions.get_mut(&id).ok_or_else(|| format!("nobody asked {id}"))?;
        match question.stand {
            Stand::Over => return Err(format!("{id} starts, and its epoch is over")),
            Stand::Done { is_durable: true } if is_kept => {
                return Err(format!("{id} starts again as {turn_id}, and its end was durable"));
            }
            _ => {}
        }
        question.stand = Stand::Running;
        question.turn_id = Some(Arc::clone(turn_id));
        self.running = Some(Running { turn_id: Arc::clone(turn_id), text: String::new() });
        Ok(())
    }

    fn end(&mut self, report: &TurnReport) -> Checked {
        self.is_of_now(&report.text)?;
        self.is_of_now(&report.answer)?;
        let running = self.running.take().filter(|running| running.turn_id == report.turn_id);
        let running = running.ok_or_else(|| format!("{} ends and does not run", report.turn_id))?;
        if running.text != report.text {
            return Err(format!(
                "{} said `{}`, and its report `{}`",
                report.turn_id, running.text, report.text
            ));
        }
        let is_durable = report.durable == Some(true) && self.last_seq > self.lost_until;
        self.is_kept |= is_durable;
        let question = self.questions.iter_mut().find(|(_, question)| question.stand == Stand::Running);
        if let Some((id, question)) = question.filter(|(_, it)| it.turn_id.as_ref() == Some(&report.turn_id))
        {
            self.ended.push(*id);
            question.stand = Stand::Done { is_durable };
            question.status = Some(report.status);
        }
        Ok(())
    }

    /// The store was emptied: what was durable is so no more.
    pub(super) fn lose_store(&mut self, emptied: u32) {
        if self.emptied != emptied {
            self.emptied = emptied;
            self.lost_until = u64::MAX; // all that is on its way
            self.is_kept = false;
            for question in self.questions.values_mut() {
                if question.stand == (Stand::Done { is_durable: true }) {
                    question.stand = Stand::Done { is_durable: false };
                }
            }
        }
    }
}

/// A frame, for the history.
pub(super) fn told(frame: &Sequenced) -> String {
    let text: String = format!("{:?}", frame.event).chars().take(140).collect();
    format!("{:?} {text}", frame.seq)
}
