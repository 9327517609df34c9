//! Builds a server's parts from its configuration.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::App;
use super::guests::Guests;
use super::health::Health;
use super::page::{Page, PageError};
use super::tls::Tls;
use super::warm::Warmth;
use super::warmup::{Warmup, Watched};
use crate::answer::{Answerer, Budget, Research, Rewriter};
use crate::config::{Config, Knowledge as Documents, Turns};
use crate::description::{self, Descriptions, Vlm};
use crate::knowledge::{Embedder, Library, LibraryError, LoadError, Sources, Store};
use crate::llm::Chat;
use crate::llm::Replicas;
use crate::llm::embeddings::Embeddings;
use crate::observe::Metrics;
use crate::prompts::{Prompts, PromptsError};
use crate::session::Sessions;
use crate::socket::handshake::Door;
use crate::socket::{Host, House, Leave, REASONS};
use crate::tone::{Converter, SelectMode, Selector};
use crate::turn::Engine;
use crate::turn::admission::Admission;

/// Why a server can't start; says what to do.
#[derive(Debug)]
pub enum StartError {
    /// The documents.
    Knowledge(LoadError),
    /// Their embeddings.
    Index(LibraryError),
    /// Embeddings are to be made anew, and nothing makes them.
    NoEmbeddings,
    /// The prompts.
    Prompts(PromptsError),
    /// The page.
    Page(PageError),
    /// The store's URL; what is wrong with it.
    Store(String),
    /// The server's certificate or its key.
    Tls(String),
    /// An upstream's URL or key.
    Upstream {
        /// The key's flag.
        flag: &'static str,
        /// The URL as written.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Knowledge(error) => error.fmt(f),
            Self::Index(error) => error.fmt(f),
            Self::NoEmbeddings => {
                f.write_str("--rebuild: nothing makes embeddings\nhint: add --embeddings-url")
            }
            Self::Prompts(error) => write!(f, "--prompts: {error}"),
            Self::Page(error) => write!(f, "--web: {error}"),
            Self::Store(reason) => {
                write!(
                    f,
                    "--store: the URL can't be used: {reason}\nhint: write redis://USER:PASSWORD@HOST:6379, or rediss:// for TLS; in a password, / is %2F, @ %40, : %3A and # %23"
                )
            }
            Self::Tls(reason) => write!(
                f,
                "--tls-cert, --tls-key: {reason}\nhint: name the chain's file and the key's, both in PEM, one of the other's"
            ),
            Self::Upstream { flag, url, reason } => {
                write!(
                    f,
                    "{flag}: `{url}` can't be used: {reason}\nhint: write http://host:port and the path"
                )
            }
        }
    }
}

impl std::error::Error for StartError {}

/// What a server asks: its models and its camera.
#[derive(Default)]
pub struct Backends {
    /// What answers, selects and converts; none: the built-in engine.
    pub chat: Option<Arc<dyn Chat>>,
    /// What describes visitors; none: nobody is described.
    pub vlm: Option<Arc<dyn Vlm>>,
}

impl Backends {
    /// Clients of the upstreams that a configuration names; nothing is sent yet.
    pub fn of(config: &Config, prompts: &Arc<Prompts>, metrics: &Metrics) -> Result<Self, StartError> {
        let unusable = |flag| move |(url, reason)| StartError::Upstream { flag, url, reason };
        let mut backends = Self::default();
        for warning in config.url_warnings() {
            tracing::warn!("{warning}");
        }
        if let Some(endpoint) = &config.llm {
            let client = Replicas::of(endpoint, metrics.upstream("llm")).map_err(unusable("--llm-url"))?;
            backends.chat = Some(Arc::new(client));
        }
        if let Some(endpoint) = &config.vlm {
            let client = description::client(endpoint, prompts, config.vlm_timeout, metrics.upstream("vlm"));
            backends.vlm = Some(client.map_err(unusable("--user-description-server"))?);
        }
        Ok(backends)
    }
}

pub(super) fn build(
    config: Config,
    Backends { chat, vlm }: Backends,
    prompts: &Arc<Prompts>,
    metrics: Arc<Metrics>,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> Result<App, StartError> {
    let house = House {
        limits: config.limits_told(),
        engine: if chat.is_some() { "llm" } else { "builtin" },
        is_demo: config.knowledge == Documents::Sample,
    };
    metrics.name_endings(&REASONS);
    let tls = config.tls.clone().map(Tls::new).transpose().map_err(StartError::Tls)?.map(Arc::new);
    let library = library(&config)?;
    let page =
        config.web.map_or_else(|| Ok(Page::built_in()), Page::of_directory).map_err(StartError::Page)?;

    let (chat, warmup) = match (chat, config.llm) {
        (Some(chat), Some(endpoint)) if !config.warmup.is_zero() => {
            let models = Arc::new(Watched::new(chat, endpoint));
            let warmup = Warmup {
                models: Arc::clone(&models),
                prompts: Arc::clone(prompts),
                has_documents: library.is_some(),
                selects: config.select != SelectMode::Rules,
                period: config.warmup,
                is_failing: AtomicBool::new(false),
            };
            (Some(models as Arc<dyn Chat>), Some(warmup))
        }
        (chat, _) => (chat, None),
    };
    let (answerer, converter) = voices(chat.clone(), prompts, config.context_tokens);
    let research =
        library.clone().map(|library| research(library, chat.clone(), prompts, config.passage_chars));
    let selector = chat.clone().map(|chat| (chat, Arc::clone(prompts)));
    let selector = Arc::new(Selector::new(config.select, config.elder_age, selector));
    let descriptions = Descriptions::new(
        vlm.clone(),
        Arc::clone(&selector),
        config.vlm_timeout,
        Arc::clone(&metrics),
        tasks.clone(),
        shutdown.clone(),
    );
    let warmth =
        Warmth::new(chat.clone(), vlm.clone(), library.clone().filter(|library| library.is_embedding()));
    let admission = match config.turns {
        _ if chat.is_none() => None,
        Turns::Unlimited => None,
        Turns::Adaptive => Some(Arc::new(Admission::new(None))),
        Turns::AtMost(turns) => Some(Arc::new(Admission::new(Some(turns)))),
    };
    let engine =
        Engine { research, answerer, selector, converter, descriptions, admission, knobs: config.turn };
    let (counted, turns) = (Arc::clone(&metrics), tasks.clone());
    let sessions = Sessions::new(engine, config.session, config.store, counted, turns, shutdown.clone())
        .map_err(StartError::Store)?;
    let health = Health::new(library.clone(), chat, vlm, Arc::clone(&sessions));
    Ok(App {
        sessions,
        metrics,
        tls,
        host: Arc::new(Host { limits: config.limits, leave: Leave::default() }),
        house: Arc::new(house),
        guests: Arc::new(Guests::new(config.guests)),
        door: Door::new(config.tokens, config.origins),
        token_file: config.token_file,
        page,
        health,
        warmth,
        warmup,
        documents: library,
        visitors: config.visitors,
        reload: config.reload,
        connections: TaskTracker::new(),
        sockets: TaskTracker::new(),
        closing: CancellationToken::new(),
    })
}

/// The documents of a configuration, and what embeds them. Nothing is embedded yet.
pub(crate) fn library(config: &Config) -> Result<Option<Arc<Library>>, StartError> {
    let sources = |paths: &[PathBuf]| Sources { paths: paths.to_vec(), reader: config.reader.clone() };
    let library = match (&config.knowledge, &config.embeddings) {
        (Documents::None, _) => return Ok(None),
        (Documents::Sample, _) => Library::sample(),
        (Documents::Paths(paths), None) => {
            Library::load(sources(paths), None).map_err(StartError::Knowledge)?
        }
        (Documents::Paths(paths), Some(endpoint)) => {
            let client = Embeddings::new(endpoint.clone()).map_err(|reason| StartError::Upstream {
                flag: "--embeddings-url",
                url: endpoint.url.clone(),
                reason,
            })?;
            let file = config.index.clone().unwrap_or_else(|| index_file(&paths[0]));
            let embedder = Embedder::new(client, Store::at(file).made_by(rebuilding(config, paths)));
            Library::load(sources(paths), Some(embedder)).map_err(StartError::Knowledge)?
        }
    };
    library.current().log("loaded", &[]);
    Ok(Some(Arc::new(library)))
}

/// The command that makes the embeddings anew, to be copied.
fn rebuilding(config: &Config, documents: &[PathBuf]) -> String {
    let quoted = |text: &str| {
        let is_plain = text.chars().all(|c| c.is_alphanumeric() || "/.:_-@".contains(c)) && !text.is_empty();
        if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
    };
    let mut command = "rapport index --rebuild".to_owned();
    let mut add = |flag: &str, value: Option<&str>| {
        if let Some(value) = value {
            command.push_str(flag);
            command.push_str(&quoted(value));
        }
    };
    for path in documents {
        add(" ", Some(&path.to_string_lossy()));
    }
    add(" --index ", config.index.as_deref().map(Path::to_string_lossy).as_deref());
    if let Some(endpoint) = &config.embeddings {
        add(" --embeddings-url ", Some(&endpoint.url));
        add(" --embeddings-model ", endpoint.model.as_deref());
        add(" --embeddings-query-prefix ", endpoint.query_prefix.as_deref());
        add(" --embeddings-passage-prefix ", endpoint.passage_prefix.as_deref());
    }
    command
}

/// Where the embeddings of documents are kept: beside them.
fn index_file(documents: &Path) -> PathBuf {
    const NAME: &str = ".rapport-index";
    if documents.is_dir() { documents.join(NAME) } else { documents.with_file_name(NAME) }
}

pub(crate) fn prompts(config: &Config) -> Result<Arc<Prompts>, StartError> {
    let prompts = config.prompts.as_deref().map_or_else(|| Ok(Prompts::default()), Prompts::load);
    prompts.map(Arc::new).map_err(StartError::Prompts)
}

/// What looks questions up.
pub(crate) fn research(
    library: Arc<Library>,
    chat: Option<Arc<dyn Chat>>,
    prompts: &Arc<Prompts>,
    passage_chars: usize,
) -> Research {
    let rewriter = chat.map(|chat| Rewriter { chat, prompts: Arc::clone(prompts) });
    Research { documents: library, rewriter, passage_chars }
}

/// What answers and converts: models, or the built-in engine.
pub(crate) fn voices(
    chat: Option<Arc<dyn Chat>>,
    prompts: &Arc<Prompts>,
    context_tokens: usize,
) -> (Answerer, Converter) {
    match chat {
        None => (Answerer::Builtin, Converter::Builtin),
        Some(chat) => {
            let converter = Converter::Model(Arc::clone(&chat), Arc::clone(prompts));
            let prompts = Arc::clone(prompts);
            (Answerer::Model { chat, prompts, budget: Budget { context_tokens } }, converter)
        }
    }
}
