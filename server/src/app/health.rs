//! Whether the server is ready: its documents loaded, its model reachable. A dead VLM or server of embeddings is told,
//! but is no reason not to be ready: turns go on without a description, searches go by words. A store that is away is one
//! only where new sessions are refused.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::warmup::LOADING;
use crate::description::Vlm;
use crate::knowledge::Library;
use crate::llm::{Chat, ChatRequest, LlmError, Role, collect};
use crate::session::Sessions;

/// A report this young is given again: probes of several balancers must not become load upstream.
const FRESH: Duration = Duration::from_secs(2);

/// One upstream's bound.
const PROBE: Duration = Duration::from_secs(2);

pub(super) struct Health {
    documents: Option<Arc<Library>>,
    chat: Option<Arc<dyn Chat>>,
    vlm: Option<Arc<dyn Vlm>>,
    sessions: Arc<Sessions>,
    last: Mutex<Option<(Instant, Report)>>,
}

#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) is_ready: bool,
    /// Whether the models can be reached; none: not configured.
    pub(super) llm: Option<bool>,
    /// Whether the VLM can be reached; none: not configured.
    pub(super) vlm: Option<bool>,
    /// Whether the embeddings' server can be reached; none: not configured.
    pub(super) embeddings: Option<bool>,
    /// Whether the store can be reached; none: sessions are kept in memory only.
    pub(super) store: Option<bool>,
    pub(super) told: Value,
}

impl Health {
    pub(super) fn new(
        library: Option<Arc<Library>>,
        chat: Option<Arc<dyn Chat>>,
        vlm: Option<Arc<dyn Vlm>>,
        sessions: Arc<Sessions>,
    ) -> Self {
        Self { documents: library, chat, vlm, sessions, last: Mutex::new(None) }
    }

    /// Has the chat model say one token, so that it is loaded; none without one.
    pub(super) async fn warm_up(&self) -> Option<Result<(), String>> {
        let chat = self.chat.as_ref()?;
        let request = ChatRequest {
            role: Role::Answer,
            system: String::new(),
            history: Vec::new(),
            user: "-".into(),
            max_tokens: 1,
            temperature: 0.0,
        };
        let said = match timeout(LOADING, collect(&**chat, request)).await {
            // A model that thinks first says nothing within one token.
            Ok(Ok(_) | Err(LlmError::Empty)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no reply within {} s", LOADING.as_secs())),
        };
        Some(said)
    }

    /// Asks the server of embeddings; none without one.
    pub(super) async fn reach_embeddings(&self) -> Option<Result<(), String>> {
        let library = self.documents.as_ref().filter(|library| library.is_embedding())?;
        Some(told(timeout(PROBE, library.reach()).await))
    }

    pub(super) async fn check(&self) -> Report {
        let mut last = self.last.lock().await; // those who come meanwhile wait for the same probe
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let report = self.probe().await;
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn probe(&self) -> Report {
        let of_llm = async {
            match &self.chat {
                None => None,
                Some(chat) => Some(told(timeout(PROBE, chat.reach()).await)),
            }
        };
        let of_camera = async {
            match &self.vlm {
                None => None,
                Some(vlm) => Some(told(timeout(PROBE, vlm.reach()).await)),
            }
        };
        let of_embeddings = self.reach_embeddings();
        let of_store = self.sessions.reach_store();
        let (llm, vlm, embeddings, store) = tokio::join!(of_llm, of_camera, of_embeddings, of_store);
        let is_up = |reached: &Option<Result<(), String>>| reached.as_ref().map(Result::is_ok);
        let (llm_is_up, vlm_is_up, embeddings_are_up) = (is_up(&llm), is_up(&vlm), is_up(&embeddings));
        let store_is_up = is_up(&store);
        let is_ready = llm_is_up.unwrap_or(true) && !self.sessions.refuses_new();
        let status = |reached: Option<Result<(), String>>, none: &str| match reached {
            None => json!({ "status": none }),
            Some(Ok(())) => json!({ "status": "ok" }),
            Some(Err(reason)) => json!({ "status": "unreachable", "reason": reason }),
        };
        let told = json!({
            "ready": is_ready,
            "knowledge": self.documents.as_ref().map_or(Value::Null, |library| told_knowledge(library)),
            "embeddings": status(embeddings, "none"),
            "llm": status(llm, "builtin"),
            "vlm": status(vlm, "none"),
            "store": status(store, "memory"),
        });
        Report {
            is_ready,
            llm: llm_is_up,
            vlm: vlm_is_up,
            embeddings: embeddings_are_up,
            store: store_is_up,
            told,
        }
    }
}

/// What is served; how much of it is embedded, where anything is.
fn told_knowledge(library: &Library) -> Value {
    let knowledge = library.current();
    let mut told = json!({
        "documents": knowledge.documents(),
        "passages": knowledge.len(),
        "skipped_files": knowledge.skipped_files(),
        "skipped_items": knowledge.skipped().len() - knowledge.skipped_files(),
    });
    if let Some(reason) = library.stale() {
        told["stale"] = reason.into();
    }
    if library.is_embedding() {
        told["embedded"] = knowledge.embedded().into();
    }
    told
}

fn told<E: std::fmt::Display>(
    reached: Result<Result<(), E>, tokio::time::error::Elapsed>,
) -> Result<(), String> {
    match reached {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PROBE.as_secs())),
    }
}
