//! A run from its first connection to its report.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::LoadError;
use super::frames::Greeting;
use super::plan::Plan;
use super::progress::Progress;
use super::report::Report;
use super::schedule::Schedule;
use super::tally::Tally;
use super::target::Refusal;
use super::visitor;

/// So many idle sessions connect at a time: they are to stay, not to storm.
const IDLE_AT_ONCE: usize = 32;

/// How often progress is told.
const TICK: Duration = Duration::from_millis(200);

/// What all sessions of a run share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) began: Instant,
    /// The run was stopped before its end.
    pub(super) stop: CancellationToken,
    tally: Arc<Mutex<Tally>>,
}

pub(super) fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a plan comes to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outline {
    pub(super) sessions: u64,
    pub(super) turns: u64,
    /// When the last session arrives, from the run's start.
    pub(super) last_arrival: Duration,
    /// When the last question is due.
    pub(super) last_due: Duration,
}

impl Outline {
    /// `until`: of what is to happen before, from the run's start.
    pub(super) fn of(plan: &Plan, until: Option<Duration>) -> Self {
        let arrivals = Schedule::new(plan).take_while(|arrival| until.is_none_or(|until| *arrival <= until));
        arrivals.fold(Self::default(), |outline, arrival| {
            let turns = plan.due_within(arrival, until);
            let last_due = arrival.saturating_add(plan.due(turns));
            Self {
                sessions: outline.sessions + 1,
                turns: outline.turns.saturating_add(turns),
                last_arrival: arrival,
                last_due: if turns == 0 { outline.last_due } else { outline.last_due.max(last_due) },
            }
        })
    }
}

impl Run {
    /// One that begins now.
    pub(super) fn new(plan: Plan, tally: Arc<Mutex<Tally>>) -> Self {
        Self { plan, began: Instant::now(), stop: CancellationToken::new(), tally }
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }

    /// The time since its start.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// A session is over: what it was to ask and didn't counts, too.
    pub(super) fn settle(&self, arrival: Duration, sent: u64) {
        let is_stopped = self.stop.is_cancelled();
        let planned = self.plan.due_within(arrival, is_stopped.then(|| self.now())).max(sent);
        let mut tally = self.tally();
        tally.turns.planned += planned;
        let left = planned - sent;
        if is_stopped {
            tally.turns.stopped += left;
        } else {
            tally.turns.unsent += left;
        }
    }
}

/// Runs a plan to its end, or until `stop` resolves; then what was measured is reported all the same. `watch` is
/// told the progress five times a second.
///
/// The target is tried once before: who can't get in learns why, and nothing is measured.
pub async fn run(
    mut plan: Plan,
    stop: impl Future<Output = ()>,
    mut watch: impl FnMut(&Progress),
) -> Result<Report, LoadError> {
    let mut stop = pin!(stop);
    let greeting = tokio::select! {
        biased;
        () = &mut stop => return Err(LoadError::Stopped),
        greeting = knock(&mut plan) => greeting,
    };
    let greeting = greeting.map_err(|refusal| LoadError::Target { url: plan.target.url(), refusal })?;
    let outline = Outline::of(&plan, None);
    let idle = Idle::default();
    let mut is_stopped = tokio::select! {
        biased;
        () = &mut stop => true,
        () = idle.seat(&plan) => false,
    };
    let started = SystemTime::now();
    let run = Arc::new(Run::new(plan, Arc::clone(&idle.tally)));
    let visiting = TaskTracker::new();
    if is_stopped {
        run.stop.cancel();
    } else {
        visiting.spawn(arrive(Arc::clone(&run), visiting.clone()));
    }
    visiting.close();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut stop, if !is_stopped => {
                is_stopped = true;
                run.stop.cancel();
            }
            () = visiting.wait() => break,
            _ = tick.tick() => watch(&progress(&run, &outline)),
        }
    }
    watch(&progress(&run, &outline));
    let elapsed = run.now();
    idle.leave().await;
    let outline = if is_stopped { Outline::of(&run.plan, Some(elapsed)) } else { outline };
    let report = Report::new(&run.plan, &greeting, &outline, started, elapsed, is_stopped, &run.tally());
    Ok(report)
}

/// Looks the target up and tries it.
async fn knock(plan: &mut Plan) -> Result<Greeting, Refusal> {
    plan.target.resolve().await?;
    let mut open = plan.target.connect(plan.timeout).await?;
    visitor::farewell(&mut open.socket).await;
    Ok(open.greeting)
}

/// Sessions that only stay.
#[derive(Default)]
struct Idle {
    tally: Arc<Mutex<Tally>>,
    over: CancellationToken,
    sitting: TaskTracker,
}

impl Idle {
    /// Connects them, before anything is measured.
    async fn seat(&self, plan: &Plan) {
        let connecting = (0..plan.idle).map(|_| plan.target.connect(plan.timeout));
        let mut connecting = futures_util::stream::iter(connecting).buffer_unordered(IDLE_AT_ONCE);
        while let Some(connected) = connecting.next().await {
            let mut tally = lock(&self.tally);
            match connected {
                Ok(open) => {
                    tally.sessions.idle_connected += 1;
                    let (tally, over) = (Arc::clone(&self.tally), self.over.clone());
                    self.sitting.spawn(visitor::sit(open.socket, tally, over));
                }
                Err(refusal) => {
                    tally.sessions.idle_lost += 1;
                    tally.refused(&refusal);
                }
            }
        }
    }

    async fn leave(self) {
        self.over.cancel();
        self.sitting.close();
        self.sitting.wait().await;
    }
}

/// Lets sessions arrive when it is time, whatever became of those before.
async fn arrive(run: Arc<Run>, visiting: TaskTracker) {
    for (number, arrival) in (0..).zip(Schedule::new(&run.plan)) {
        tokio::select! {
            biased;
            () = run.stop.cancelled() => return,
            () = sleep_until(run.began + arrival) => {}
        }
        visiting.spawn(visitor::visit(Arc::clone(&run), number, arrival));
    }
}

fn progress(run: &Run, outline: &Outline) -> Progress {
    let tally = run.tally();
    let turns = tally.turns;
    let ended = turns.completed
        + turns.interrupted
        + turns.cancelled
        + turns.failed
        + turns.timed_out
        + turns.refused
        + turns.unanswered
        + turns.lost
        + turns.stopped
        + turns.unsent;
    Progress {
        elapsed: run.now(),
        sessions: outline.sessions,
        arrived: tally.sessions.arrived,
        open: tally.open,
        turns: outline.turns,
        ended,
        running: tally.timeline.running(),
        unsuccessful: ended - turns.completed - turns.stopped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Arrivals, Target};

    #[test]
    fn a_stopped_run_is_held_to_what_was_due_until_then() {
        let target = Target::parse("ws://127.0.0.1:1", None).unwrap();
        let plan = Plan { sessions: 10, rate: 1.0, arrivals: Arrivals::Constant, ..Plan::new(target) };
        let whole = Outline::of(&plan, None);
        let seconds = Duration::from_secs;
        assert_eq!((whole.sessions, whole.turns, whole.last_due), (10, 30, seconds(9 + 15)));
        // Arrivals after 0 to 9 s, questions 5, 10 and 15 s later: 5, 6 and 7 s are past, and so are 0 to 7.
        let part = Outline::of(&plan, Some(seconds(7)));
        assert_eq!((part.sessions, part.turns, part.last_due), (8, 3, seconds(7)));
        assert_eq!(part.last_arrival, seconds(7));
    }
}
