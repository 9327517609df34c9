//! Nodes: the real sessions and turns, with a model that speaks at the seed's pace.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::line::Line;
use super::world::{Power, SESSION_TTL, World};
use crate::answer::{Answerer, Budget};
use crate::description::Descriptions;
use crate::event::Strategy;
use crate::llm::{Chat, ChatRequest, ChatStream, Delta, LlmError};
use crate::prompts::Prompts;
use crate::session::node::{Node, StoreOutage};
use crate::session::{Knobs, Overlap, Sessions};
use crate::tone::{Converter, SelectMode, Selector};
use crate::turn::{Engine, FactGuard};

/// A server of the cluster.
pub(super) struct House {
    pub(super) name: String,
    /// Where others find it; empty: nowhere.
    pub(super) address: String,
    pub(super) sessions: Arc<Sessions>,
    pub(super) power: Arc<Power>,
    pub(super) tasks: TaskTracker,
    shutdown: CancellationToken,
    upkeep: [AbortOnDropHandle<()>; 2],
}

impl House {
    pub(super) fn open(world: &Arc<World>, name: String, overlap: Overlap) -> Arc<Self> {
        let (tasks, shutdown, power) = (TaskTracker::new(), CancellationToken::new(), Power::new());
        let address = if world.chance(0.9) { name.clone() } else { String::new() };
        let outage = if world.chance(0.7) { StoreOutage::Memory } else { StoreOutage::Refuse };
        let line = Line { world: Arc::clone(world), node: name.clone(), power: Arc::clone(&power) };
        let node = Arc::new(Node::new(Box::new(line), outage, Some(address.clone())));
        let seed = world.rng().u64(..);
        let knobs = Knobs {
            prefetch: false,
            mention_first: false,
            mention_rate: 0.0,
            seed: Some(seed),
            on_overlap: overlap,
            messages_per_minute: 0,
            images_per_minute: 0,
            outbound_queue: 256 * 1024,
            replay_bytes: [600, 4_000, 256 * 1024][world.rng().usize(..3)],
            session_ttl: SESSION_TTL,
        };
        let engine = engine(world, &power, &tasks, &shutdown);
        let sessions =
            Sessions::at_node(engine, knobs, Some(node), Arc::default(), tasks.clone(), shutdown.clone());
        let (beating, sweeping) = (Arc::clone(&sessions), Arc::clone(&sessions));
        let upkeep = [
            tokio::spawn(async move { beating.keep_stored(None).await }),
            tokio::spawn(async move { sweeping.sweep().await }),
        ];
        world.note(|| format!("{name} starts, at `{address}`, {outage:?}"));
        let upkeep = upkeep.map(AbortOnDropHandle::new);
        Arc::new(Self { name, address, sessions, power, tasks, shutdown, upkeep })
    }

    /// Ends it as `kill -9` does: nothing that it still does reaches anyone.
    pub(super) fn kill(&self) {
        self.power.cut();
        self.upkeep.iter().for_each(AbortOnDropHandle::abort);
        self.shutdown.cancel();
        self.sessions.stop_turns();
    }

    /// Begins to end as an operator wishes, while turns run that take too long.
    pub(super) fn leave_turns(&self) {
        self.shutdown.cancel();
        self.sessions.hand_over();
        self.sessions.stop_turns();
    }

    /// Ends it as an operator does.
    pub(super) async fn stop(&self) {
        self.shutdown.cancel();
        self.sessions.stop_turns();
        self.tasks.close();
        let _ = tokio::time::timeout(Duration::from_secs(1), self.tasks.wait()).await;
        self.upkeep[0].abort();
        self.sessions.leave_store().await;
        self.power.cut();
    }
}

fn engine(
    world: &Arc<World>,
    power: &Arc<Power>,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> Engine {
    let selector = Arc::new(Selector::new(SelectMode::Rules, 65, None));
    let descriptions = Descriptions::new(
        None,
        Arc::clone(&selector),
        Duration::from_secs(5),
        Arc::new(crate::observe::Metrics::new()),
        tasks.clone(),
        shutdown.clone(),
    );
    let chat = Arc::new(Speaker { world: Arc::clone(world), power: Arc::clone(power) });
    let prompts = Arc::new(Prompts::default());
    Engine {
        admission: None,
        research: None,
        answerer: Answerer::Model { chat, prompts, budget: Budget { context_tokens: 100_000 } },
        selector,
        converter: Converter::Builtin,
        descriptions,
        knobs: crate::turn::Knobs {
            strategy: Strategy::Race,
            refresh_after: Duration::from_secs(3),
            description_ttl: Duration::from_secs(60),
            grace: Duration::from_millis(500),
            turn_timeout: Duration::from_secs(8),
            fact_guard: FactGuard::Off,
        },
    }
}

/// A model that says the question's word again and again, each time with another number.
struct Speaker {
    world: Arc<World>,
    power: Arc<Power>,
}

impl Chat for Speaker {
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        let word = request.user.trim_start_matches("<question>").trim_end_matches("</question>").to_owned();
        let (first, pause) = (self.world.millis(0, 400), self.world.millis(0, 250));
        let breaks = self.world.chance(0.05);
        let count = self.world.rng().u32(1..14);
        let salt = self.world.rng().u32(..1000);
        let power = Arc::clone(&self.power);
        Box::pin(async move {
            sleep(first).await;
            let said = (0..count).map(move |number| Ok(Delta::Text(format!("{word}w{salt}n{number} "))));
            let end = breaks.then_some(Err(LlmError::Cut));
            let deltas = stream::iter(said.chain(end)).then(move |delta| {
                let power = Arc::clone(&power);
                async move {
                    sleep(pause).await;
                    power.awake().await;
                    delta
                }
            });
            Ok(deltas.boxed())
        })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        Box::pin(async { Ok(()) })
    }
}
