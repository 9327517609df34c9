//! Keeps models loaded and their prompts known: a model that a backend has put away takes seconds to come
//! back, and a system prompt that it has not seen takes longer to read than an answer to write.
//!
//! At the start and each time a period has passed, every kind of call that a turn makes is made once, with the
//! very prompt that turns begin with, for a single token; one after the other, and only to models that no
//! visitor's turn has asked meanwhile.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep, timeout};

use crate::event::{HistoryMessage, Tone};
use crate::language::Lang;
use crate::llm::openai::Endpoint;
use crate::llm::{Chat, ChatRequest, ChatStream, LlmError, Role, collect};
use crate::prompts::Prompts;

/// A call's bound: a large model comes from a slow disk within it.
pub(super) const LOADING: Duration = Duration::from_secs(120);

/// After a failure: a backend that starts beside this server is ready by then.
const RETRY: Duration = Duration::from_secs(10);

/// A backend that remembers when visitors' turns last asked each of its models.
pub(super) struct Watched {
    chat: Arc<dyn Chat>,
    endpoint: Endpoint,
    asked: Mutex<HashMap<Option<String>, Instant>>,
}

impl Watched {
    pub(super) fn new(chat: Arc<dyn Chat>, endpoint: Endpoint) -> Self {
        Self { chat, endpoint, asked: Mutex::default() }
    }

    fn was_asked(&self, role: Role, within: Duration) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(&self.model(role)).is_some_and(|at| at.elapsed() < within)
    }

    fn model(&self, role: Role) -> Option<String> {
        self.endpoint.model_of(role).map(str::to_owned)
    }
}

impl Chat for Watched {
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        let model = self.model(request.role);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(model, Instant::now());
        self.chat.chat(request)
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        self.chat.reach()
    }
}

/// What the conversion of an answer's first part is given: the examples that a model is shown depend on it.
const FIRST: &str = "<question></question>\n<text></text>";

/// Calls models ahead of visitors.
pub(super) struct Warmup {
    pub(super) models: Arc<Watched>,
    pub(super) prompts: Arc<Prompts>,
    pub(super) has_documents: bool,
    /// A model may be asked for tones.
    pub(super) selects: bool,
    pub(super) period: Duration,
    pub(super) is_failing: AtomicBool,
}

impl Warmup {
    /// Keeps models warm for as long as it is polled.
    pub(super) async fn keep(&self) {
        loop {
            let pause = if self.once().await { self.period } else { self.period.min(RETRY) };
            sleep(pause).await;
        }
    }

    /// Makes the calls that are due; whether none failed.
    async fn once(&self) -> bool {
        let mut failed = None;
        let mut failing = Vec::new();
        for request in self.requests() {
            let role = request.role;
            let model = self.models.model(role);
            // A model that fails is not asked for each of its prompts.
            if self.models.was_asked(role, self.period) || failing.contains(&model) {
                continue;
            }
            let reason = match timeout(LOADING, collect(&*self.models.chat, request)).await {
                // A model that thinks first says nothing within one token.
                Ok(Ok(_) | Err(LlmError::Empty)) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no reply within {} s", LOADING.as_secs()),
            };
            failed = Some(reason);
            failing.push(model);
        }
        let was_failing = self.is_failing.swap(failed.is_some(), Ordering::Relaxed);
        match &failed {
            Some(reason) if !was_failing => tracing::warn!(reason, "a model could not be warmed up"),
            None if was_failing => tracing::info!("the models are warm"),
            _ => {}
        }
        failed.is_none()
    }

    fn requests(&self) -> Vec<ChatRequest> {
        let request = |role, (system, history): (String, Vec<HistoryMessage>)| ChatRequest {
            role,
            system,
            history,
            user: "-".into(),
            max_tokens: 1,
            temperature: 0.0,
        };
        let langs = [Lang::En, Lang::ZhHant];
        let answers = langs
            .map(|lang| request(Role::Answer, (self.prompts.answer(lang, self.has_documents), Vec::new())));
        // The tone of whoever can't be made out is the most frequent one.
        let converts =
            langs.map(|lang| request(Role::Convert, self.prompts.convert(Tone::CasualFriendly, lang, FIRST)));
        let select = self.selects.then(|| request(Role::Select, (self.prompts.select(), Vec::new())));
        select.into_iter().chain(converts).chain(answers).collect() // the first that is needed, last
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use futures_util::future::FutureExt;
    use futures_util::stream;

    use super::*;
    use crate::llm::Delta;

    /// Notes what it is asked; fails while it is told to.
    #[derive(Default)]
    struct Noting {
        asked: Mutex<Vec<ChatRequest>>,
        fails: AtomicBool,
    }

    impl Chat for Noting {
        fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
            self.asked.lock().unwrap().push(request);
            let reply = if self.fails.load(Ordering::Relaxed) {
                Err(LlmError::Cut)
            } else {
                Ok(stream::iter([Ok(Delta::Text("y".into()))]).boxed())
            };
            async { reply }.boxed()
        }

        fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
            async { Ok(()) }.boxed()
        }
    }

    fn warmup(period: Duration) -> (Warmup, Arc<Noting>) {
        let chat = Arc::new(Noting::default());
        let endpoint = Endpoint {
            model: Some("large".into()),
            convert_model: Some("small".into()),
            ..Endpoint::default()
        };
        let models = Arc::new(Watched::new(Arc::clone(&chat) as Arc<dyn Chat>, endpoint));
        let prompts = Arc::new(Prompts::default());
        let is_failing = AtomicBool::new(false);
        (Warmup { models, prompts, has_documents: true, selects: true, period, is_failing }, chat)
    }

    impl Noting {
        fn take(&self) -> Vec<Role> {
            self.asked.lock().unwrap().drain(..).map(|request| request.role).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_kind_of_call_is_made_for_one_token_with_its_own_prompt() {
        let (warmup, chat) = warmup(Duration::from_secs(240));
        assert!(warmup.once().await);
        let asked = std::mem::take(&mut *chat.asked.lock().unwrap());
        assert!(asked.iter().all(|request| request.max_tokens == 1));
        let answer = warmup.prompts.answer(Lang::ZhHant, true);
        assert!(asked.iter().any(|request| request.role == Role::Answer && request.system == answer));
        let (convert, examples) = warmup.prompts.convert(Tone::CasualFriendly, Lang::En, FIRST);
        assert!(asked.iter().any(|request| request.system == convert && request.history == examples));
        assert!(asked.iter().any(|request| request.role == Role::Select));
    }

    #[tokio::test(start_paused = true)]
    async fn models_that_visitors_ask_are_left_alone_for_a_period() {
        let period = Duration::from_secs(240);
        let (warmup, chat) = warmup(period);
        let role = Role::Convert;
        let system = String::new();
        let request =
            ChatRequest { role, system, history: vec![], user: "?".into(), max_tokens: 9, temperature: 0.0 };
        collect(&*warmup.models, request).await.unwrap();
        chat.take();
        assert!(warmup.once().await);
        let asked = chat.take();
        assert!(asked.contains(&Role::Answer) && !asked.contains(&Role::Convert), "{asked:?}");
        tokio::time::advance(period).await;
        assert!(warmup.once().await);
        assert!(chat.take().contains(&Role::Convert));
    }

    #[tokio::test(start_paused = true)]
    async fn a_backend_that_comes_late_is_asked_again_soon() {
        let (warmup, chat) = warmup(Duration::from_secs(240));
        chat.fails.store(true, Ordering::Relaxed);
        let mut keeping = std::pin::pin!(warmup.keep());
        assert!(timeout(RETRY / 2, keeping.as_mut()).await.is_err());
        assert_eq!(chat.take().len(), 2, "one call a model");
        chat.fails.store(false, Ordering::Relaxed);
        assert!(timeout(RETRY, keeping.as_mut()).await.is_err());
        assert_eq!(chat.take().len(), 5);
        assert!(timeout(Duration::from_secs(200), keeping.as_mut()).await.is_err());
        assert!(chat.take().is_empty());
    }
}
