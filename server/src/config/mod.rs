//! The one validated configuration. Keys come from flags, `RAPPORT_*` variables and `rapport.toml`; what is
//! wrong with one is said with its name, its value and the remedy, before anything starts.

mod access;
mod keys;
mod layers;
mod upstreams;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};

pub use layers::ConfigError;

use crate::app::{Certificate, GuestLimits};
use crate::description;
use crate::event::Strategy;
use crate::llm::embeddings;
use crate::llm::openai::Endpoint;
use crate::socket::Limits;
use crate::tone::SelectMode;
use crate::wire::native::LimitsFrame;
use crate::{session, turn};
use access::{access, certificate, guests, origins};
use keys::{KEYS, Kind};
use layers::Layers;
use upstreams::{Upstreams, upstreams};

/// How many turns run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// As many as the models take without slowing down.
    Adaptive,
    /// All.
    Unlimited,
    /// So many.
    AtMost(u32),
}

/// All that a server goes by.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// One of these must be shown by clients; empty: anyone may come.
    pub tokens: Vec<String>,
    /// Where they stand, and are read again.
    pub token_file: Option<PathBuf>,
    /// The server's own certificate; none: it speaks plain HTTP.
    pub tls: Option<Certificate>,
    /// What is limited by address.
    pub guests: GuestLimits,
    /// Origins accepted beside the page's own.
    pub origins: Vec<String>,
    /// Another page than the built-in one.
    pub web: Option<PathBuf>,
    /// Where the documents come from.
    pub knowledge: Knowledge,
    /// All passages of a turn together, in characters.
    pub passage_chars: usize,
    /// How often the documents are looked at for changes; 0: never.
    pub reload: Duration,
    /// What embeds passages and questions; none: the search goes by words alone.
    pub embeddings: Option<embeddings::Endpoint>,
    /// Where the passages' embeddings are kept, if not beside the documents.
    pub index: Option<PathBuf>,
    /// The models; none: the built-in engine.
    pub llm: Option<Endpoint>,
    /// How often models that nobody asks are called, so that they stay loaded; 0: never.
    pub warmup: Duration,
    /// The models' context in tokens.
    pub context_tokens: usize,
    /// Prompts that replace the built-in ones.
    pub prompts: Option<PathBuf>,
    /// The program that reads HTML and PDF files in a process of their own: `rapport` itself. None: they are read in
    /// this one, which one that is made for it can end.
    pub reader: Option<PathBuf>,
    /// Descriptions of visitors that the page offers to try; the demo's simulated ones.
    pub visitors: Vec<String>,
    /// Who describes visitors; none: nobody.
    pub vlm: Option<description::Endpoint>,
    /// A description's bound, from its request.
    pub vlm_timeout: Duration,
    /// How many turns run at once.
    pub turns: Turns,
    /// Who selects tones.
    pub select: SelectMode,
    /// From how many years a visitor counts as an elder.
    pub elder_age: u8,
    /// The race's knobs.
    pub turn: turn::Knobs,
    /// How sessions behave.
    pub session: session::Knobs,
    /// Where sessions are kept besides this process; none: nowhere.
    pub store: Option<session::StoreKnobs>,
    /// The sockets' limits.
    pub limits: Limits,
    /// How long turns may go on once a restart is asked for.
    pub drain_timeout: Duration,
}

/// Where the documents come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Knowledge {
    /// There are none: a model speaks from its own.
    None,
    /// The sample museum inside the binary.
    Sample,
    /// Directories or files.
    Paths(Vec<PathBuf>),
}

/// What starts a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On the sample museum and the simulator, whose URL is filled in later.
    Demo,
    /// On the house's own parts.
    Serve,
    /// No server: only its documents and their embeddings.
    Index,
}

impl Mode {
    /// Whether the mode goes by a key.
    fn has(self, key: &keys::Key) -> bool {
        match self {
            Self::Demo => key.is_in_demo(),
            Self::Serve => true,
            Self::Index => key.is_of_documents(),
        }
    }
}

/// Adds every key of a mode to a command as a flag.
pub fn add_flags(command: Command, mode: Mode) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help("Read keys from this file [default: rapport.toml, if there is one]");
    let command = if mode == Mode::Demo { command } else { command.arg(file) };
    let keys = KEYS.iter().filter(|key| mode.has(key));
    keys.fold(command, |command, key| {
        let help = if key.default.is_empty() || key.kind == Kind::Switch {
            key.help.to_owned()
        } else {
            format!("{} [default: {}]", key.help, key.default)
        };
        let arg = Arg::new(key.name).help(help);
        // `rapport index DIR`: what it is about needs no flag.
        let is_positional = mode == Mode::Index && key.name == "knowledge";
        let arg = if is_positional { arg } else { arg.long(key.flag()) };
        command.arg(match key.kind {
            Kind::Switch => arg.action(ArgAction::SetTrue),
            _ if key.is_repeatable() => arg.value_name(key.value).action(ArgAction::Append),
            _ => arg.value_name(key.value),
        })
    })
}

/// The layers of a command's flags, the environment and, for `serve`, the file.
fn layers(matches: &ArgMatches, mode: Mode) -> Result<Layers, ConfigError> {
    let mut layers = Layers::default();
    layers.add_flags(matches);
    layers.add_environment(|name| std::env::var(name).ok());
    if mode != Mode::Demo {
        let named = matches.get_one::<String>("config");
        let path = Path::new(named.map_or("rapport.toml", String::as_str));
        if named.is_some() || path.exists() {
            layers.add_file(path)?;
        }
    }
    Ok(layers)
}

/// Every key with its value and where that comes from, one a line, as `rapport.toml` would have it.
pub fn show(matches: &ArgMatches) -> Result<String, ConfigError> {
    let lines = layers(matches, Mode::Serve)?.show().into_iter().map(|(name, values, origin)| {
        match values.as_slice() {
            [] => format!("# {name} =\n"),
            [value] => format!("{name} = {value:?} # {origin}\n"),
            values => format!("{name} = {values:?} # {origin}\n"),
        }
    });
    Ok(lines.collect())
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line.
    Json,
}

/// The log format alone, so that what goes wrong with the rest can be logged.
pub fn log_format(matches: &ArgMatches, mode: Mode) -> Result<LogFormat, ConfigError> {
    layers(matches, mode)?.choice("log_format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])
}

impl Config {
    /// Reads and checks everything that can be checked without opening a document or a connection.
    pub fn resolve(matches: &ArgMatches, mode: Mode) -> Result<Self, ConfigError> {
        Self::from_layers(&layers(matches, mode)?, mode)
    }

    /// What looks wrong with the URLs of models.
    pub fn url_warnings(&self) -> Vec<String> {
        let llm = self.llm.iter().flat_map(|it| &it.urls).map(|url| ("--llm-url", url));
        let embeddings = self.embeddings.iter().map(|it| ("--embeddings-url", &it.url));
        llm.chain(embeddings)
            .filter(|(_, url)| !url.trim_end_matches('/').ends_with("/v1"))
            .map(|(flag, url)| {
                format!("{flag}: `{url}` does not end in /v1, as the URLs of most model servers do")
            })
            .collect()
    }

    /// The demo's configuration with every key at its default, for tests.
    pub fn demo() -> Self {
        Self::from_layers(&Layers::default(), Mode::Demo).expect("the defaults are valid")
    }

    fn from_layers(layers: &Layers, mode: Mode) -> Result<Self, ConfigError> {
        let Upstreams { llm, embeddings, vlm } = upstreams(layers)?;
        let select = layers.choice("select", &SelectMode::NAMES)?;
        if select == SelectMode::Model && llm.is_none() {
            return Err(layers.wrong(
                "select",
                "needs a model",
                "add --llm-url URL, or take `auto` or `rules`",
            ));
        }
        let (tokens, listen) = access(layers)?;
        let messages_per_minute = layers.number("messages_per_minute", 0, u32::MAX)?;
        let (outbound_queue, session_ttl) =
            (layers.size("outbound_queue", 16 * 1024)?, layers.positive("session_ttl")?);
        let turn_timeout = layers.positive("turn_timeout")?;
        Ok(Self {
            listen,
            tokens,
            token_file: layers.text("token_file").map(PathBuf::from),
            tls: certificate(layers)?,
            guests: guests(layers)?,
            origins: origins(layers)?,
            web: layers.text("web").map(PathBuf::from),
            knowledge: knowledge(layers, mode, llm.is_some())?,
            passage_chars: layers.number("passage_chars", 50, 1_000_000)?,
            reload: layers.duration("reload")?,
            embeddings,
            index: layers.text("index").map(PathBuf::from),
            llm,
            warmup: layers.duration("warmup")?,
            context_tokens: layers.number("context_tokens", 1000, 10_000_000)?,
            prompts: layers.text("prompts").map(PathBuf::from),
            reader: None,
            visitors: Vec::new(),
            vlm,
            vlm_timeout: layers.positive("vlm_timeout")?,
            turns: turns(layers)?,
            select,
            elder_age: layers.number("elder_age", 18, 120)?,
            turn: turn::Knobs {
                strategy: layers
                    .choice("strategy", &Strategy::ALL.map(|strategy| (strategy.as_str(), strategy)))?,
                refresh_after: layers.duration("refresh_after")?,
                description_ttl: layers.duration("description_ttl")?,
                grace: layers.duration("grace")?,
                turn_timeout,
                fact_guard: layers.choice("fact_guard", &turn::FactGuard::NAMES)?,
            },
            session: session::Knobs {
                prefetch: layers.bool("prefetch")?,
                mention_first: layers.bool("mention_first")?,
                mention_rate: layers.number("mention_rate", 0.0, 1.0)?,
                seed: match layers.text("seed") {
                    Some(_) => Some(layers.number("seed", 0, u64::MAX)?),
                    None => None,
                },
                on_overlap: layers.choice("on_overlap", &session::Overlap::NAMES)?,
                messages_per_minute,
                images_per_minute: layers.number("images_per_minute", 0, u32::MAX)?,
                outbound_queue,
                replay_bytes: layers.size("replay_bytes", 0)?,
                session_ttl,
            },
            store: store(layers)?,
            limits: Limits {
                max_message: layers.size("max_message", 1)?,
                max_image: layers.size("max_image", 1)?,
                ping_interval: layers.positive("ping_interval")?,
                pong_timeout: layers.positive("pong_timeout")?,
                handshake_timeout: layers.positive("handshake_timeout")?,
            },
            drain_timeout: layers.duration("drain_timeout")?,
        })
    }

    /// The limits as clients are told them.
    pub fn limits_told(&self) -> LimitsFrame {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        LimitsFrame {
            max_message: self.limits.max_message,
            max_image: self.limits.max_image,
            images_per_minute: self.session.images_per_minute,
            messages_per_minute: self.session.messages_per_minute,
            ping_interval: ms(self.limits.ping_interval),
            pong_timeout: ms(self.limits.pong_timeout),
            handshake_timeout: ms(self.limits.handshake_timeout),
            outbound_queue: self.session.outbound_queue,
            replay_bytes: self.session.replay_bytes,
            session_ttl: ms(self.session.session_ttl),
            turn_timeout: ms(self.turn.turn_timeout),
        }
    }
}

/// Where sessions are kept besides this process.
fn store(layers: &Layers) -> Result<Option<session::StoreKnobs>, ConfigError> {
    let outage = layers.choice("store_outage", &session::StoreOutage::NAMES)?;
    let Some(url) = layers.text("store").filter(|store| store != "memory") else { return Ok(None) };
    if !["redis://", "rediss://", "redis+unix://", "unix://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(layers.wrong(
            "store",
            "is no store",
            "write `memory`, redis://HOST:6379 or rediss://HOST:6379",
        ));
    }
    let (prefix, advertise) = (layers.text("store_prefix").unwrap_or_default(), layers.text("advertise"));
    if advertise.as_deref().is_some_and(|address| !is_place(address)) {
        return Err(layers.wrong(
            "advertise",
            "is nowhere",
            "write HOST:PORT, by which other nodes reach this one",
        ));
    }
    Ok(Some(session::StoreKnobs { url, prefix, advertise, outage }))
}

/// Whether an address is a host and a port, and others can find somebody there.
fn is_place(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_unspecified = bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    !host.is_empty() && !host.contains('/') && !is_unspecified && port.parse::<u16>().is_ok_and(|it| it > 0)
}

fn turns(layers: &Layers) -> Result<Turns, ConfigError> {
    match layers.text("turns").as_deref() {
        Some("adaptive") => Ok(Turns::Adaptive),
        Some("unlimited") => Ok(Turns::Unlimited),
        _ => layers.number("turns", 1, 1_000_000).map(Turns::AtMost),
    }
}

fn knowledge(layers: &Layers, mode: Mode, has_model: bool) -> Result<Knowledge, ConfigError> {
    let paths: Vec<PathBuf> = layers.all("knowledge").into_iter().map(PathBuf::from).collect();
    match mode {
        Mode::Demo => Ok(Knowledge::Sample),
        _ if !paths.is_empty() => Ok(Knowledge::Paths(paths)),
        Mode::Serve if has_model => Ok(Knowledge::None),
        Mode::Index => Err(ConfigError::new(
            "no documents are named",
            "name a directory of documents, or one file: rapport index DIR",
        )),
        Mode::Serve => Err(ConfigError::new(
            "there is nothing to answer from: neither --knowledge nor --llm-url is given",
            "add --knowledge DIR with documents (.json, .md, .txt, .html, .pdf); `rapport demo` shows a sample",
        )),
    }
}
