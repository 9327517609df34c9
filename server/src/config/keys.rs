//! Every key: its name, its default and what it is for. A key is a flag (`--refresh-after`), an environment
//! variable (`RAPPORT_REFRESH_AFTER`) and an entry of `rapport.toml` (`refresh_after`), in that order.

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// With underscores, as in `rapport.toml`.
    pub(super) name: &'static str,
    /// What stands for its value in the help; empty for a switch.
    pub(super) value: &'static str,
    /// As it would be written; empty if there is none.
    pub(super) default: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum Kind {
    Single,
    Repeatable,
    Switch,
    /// `rapport demo` sets it itself.
    NotInDemo,
    RepeatableNotInDemo,
    /// Never shown; not in the demo either.
    Secret,
}

const fn key(name: &'static str, value: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { name, value, default, help, kind: Kind::Single }
}

impl Key {
    const fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    pub(super) fn variable(&self) -> String {
        format!("RAPPORT_{}", self.name.to_uppercase())
    }

    pub(super) const fn is_repeatable(&self) -> bool {
        matches!(self.kind, Kind::Repeatable | Kind::RepeatableNotInDemo)
    }

    pub(super) fn is_of_documents(&self) -> bool {
        ["knowledge", "index"].contains(&self.name) || self.name.starts_with("embeddings_")
    }

    pub(super) const fn is_in_demo(&self) -> bool {
        !matches!(self.kind, Kind::NotInDemo | Kind::RepeatableNotInDemo | Kind::Secret)
    }
}

pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// All keys, in the order of the help.
pub(super) const KEYS: &[Key] = &[
    key("listen", "ADDRESS", "127.0.0.1:5002", "Where to listen"),
    key("allow_anonymous", "", "false", "Listen on an address that is not loopback without any token")
        .kind(Kind::Switch),
    key("token_file", "FILE", "", "Clients must show one of these tokens, one a line"),
    key("tls_cert", "FILE", "", "Speak TLS with this certificate (its chain, in PEM); read again when it changes"),
    key("tls_key", "FILE", "", "The certificate's key, in PEM"),
    key(
        "allow_origin",
        "ORIGIN",
        "",
        "Also accept WebSockets from pages of this origin, e.g. https://example.org",
    )
    .kind(Kind::Repeatable),
    key("web", "DIR", "", "Serve another page than the built-in one"),
    key("log_format", "text|json", "text", "How logs are written to stderr; RUST_LOG filters them"),
    // What is known
    key("knowledge", "DIR", "", "Documents to answer from: .json, .md, .txt, .html, .pdf")
        .kind(Kind::RepeatableNotInDemo),
    key("passage_chars", "N", "2500", "Characters of passages an answer may use"),
    key(
        "reload",
        "DURATION",
        "2s",
        "How often the documents are looked at for changes, which are then served; 0: never",
    )
    .kind(Kind::NotInDemo),
    key(
        "embeddings_url",
        "URL",
        "",
        "An OpenAI-compatible base ending in /v1 with /embeddings; without it the search goes by words",
    )
    .kind(Kind::NotInDemo),
    key("embeddings_ca", "FILE", "", "The authority of its certificate, in PEM, beside those that are known")
        .kind(Kind::NotInDemo),
    key("embeddings_client_cert", "FILE", "", "The certificate that is shown to it, in PEM")
        .kind(Kind::NotInDemo),
    key("embeddings_client_key", "FILE", "", "That certificate's key, in PEM").kind(Kind::NotInDemo),
    key("embeddings_model", "NAME", "", "The embeddings' model; by default the first that /models lists")
        .kind(Kind::NotInDemo),
    key(
        "embeddings_query_prefix",
        "TEXT",
        "",
        "Written before a question that is embedded; by default `query: ` for E5 models",
    )
    .kind(Kind::NotInDemo),
    key(
        "embeddings_passage_prefix",
        "TEXT",
        "",
        "Written before a passage that is embedded; by default `passage: ` for E5 models",
    )
    .kind(Kind::NotInDemo),
    key(
        "index",
        "FILE",
        "",
        "Where the passages' embeddings are kept; by default `.rapport-index` beside the first documents",
    )
    .kind(Kind::NotInDemo),
    // The models
    key(
        "llm_url",
        "URL",
        "",
        "An OpenAI-compatible base ending in /v1; without it the built-in engine answers. Key: OPENAI_API_KEY",
    )
    .kind(Kind::Repeatable),
    key("llm_connect_timeout", "DURATION", "5s", "How long a connection to a model may take"),
    key("llm_first_token_timeout", "DURATION", "", "How long a reply's first token may take; by default half of turn_timeout"),
    key("llm_idle_timeout", "DURATION", "30s", "How long a reply may pause"),
    key("llm_timeout", "DURATION", "", "A reply's bound; by default turn_timeout"),
    key("llm_ca", "FILE", "", "The authority of the models' certificates, in PEM, beside those that are known"),
    key("llm_client_cert", "FILE", "", "The certificate that is shown to the models, in PEM"),
    key("llm_client_key", "FILE", "", "Its key, in PEM"),
    key(
        "llm_model",
        "NAME",
        "",
        "The model of all roles without one of their own; by default the first that /models lists",
    ),
    key("convert_model", "NAME", "", "The model that converts answers into tones"),
    key("select_model", "NAME", "", "The model that selects tones"),
    key("rewrite_model", "NAME", "", "The model that makes follow-up questions stand alone"),
    key(
        "context_tokens",
        "N",
        "4096",
        "The model's context; over it, the oldest history goes first, then the lowest passages",
    ),
    // Ollama puts a model away that nobody has asked for 5 minutes.
    key("warmup", "DURATION", "4m", "How often models that nobody asks are called to stay loaded; 0: never"),
    key("prompts", "DIR", "", "Prompts that replace the built-in ones, by file name"),
    // The visitor
    key("user_description_server", "URL", "", "The description service; without it nobody is described")
        .kind(Kind::RepeatableNotInDemo),
    key("vlm_ca", "FILE", "", "The authority of its certificate, in PEM, beside those that are known")
        .kind(Kind::NotInDemo),
    key("vlm_client_cert", "FILE", "", "The certificate that is shown to it, in PEM").kind(Kind::NotInDemo),
    key("vlm_client_key", "FILE", "", "That certificate's key, in PEM").kind(Kind::NotInDemo),
    key(
        "vlm_api",
        "description|visual-context|openai",
        "description",
        "What it speaks; openai: a vision model, which is shown the stills that clients send",
    )
    .kind(Kind::NotInDemo),
    key("vlm_model", "NAME", "", "The vision model; by default the first that /models lists")
        .kind(Kind::NotInDemo),
    key(
        "vlm_key",
        "KEY",
        "",
        "The vision model's bearer key; by default OPENAI_API_KEY, where it may go there",
    )
    .kind(Kind::Secret),
    key("vlm_expression", "BOOL", "false", "A vision model is asked for the visitor's expression too"),
    key("elder_age", "YEARS", "55", "From how many years a visitor counts as an elder"),
    key(
        "select",
        "auto|rules|model",
        "auto",
        "Who selects tones; auto: a model only where the rules abstain",
    ),
    key(
        "mention_first",
        "BOOL",
        "true",
        "The first message that has a description mentions the visitor's appearance",
    ),
    key("mention_rate", "0..1", "0.2", "The share of later messages that do"),
    key("seed", "N", "", "Makes the draw of mentions repeatable"),
    // The race
    key("strategy", "sequential|parallel|race|direct", "race", "How a turn's stages are arranged"),
    key("prefetch", "BOOL", "true", "Ask for descriptions before a message needs them"),
    key("refresh_after", "DURATION", "3s", "A younger description is not prefetched again"),
    key("description_ttl", "DURATION", "30s", "An older description is not used"),
    key("vlm_timeout", "DURATION", "5s", "A description's bound, from its request"),
    key("grace", "DURATION", "1s", "How long past the answer's end a description is waited for"),
    key("on_overlap", "interrupt|queue|reject", "interrupt", "What a message does to a running turn"),
    key("fact_guard", "off|flag|strict", "flag", "What is done about facts that a conversion loses"),
    key("turns", "adaptive|unlimited|N", "adaptive", "How many turns run at once; adaptive: what the models take"),
    key("turn_timeout", "DURATION", "120s", "A whole turn's bound"),
    // Most replies end within 10 s; with the 5 s that the rest of a stop takes at most, it fits into the 30 s that
    // Kubernetes gives a pod before it kills it.
    key("drain_timeout", "DURATION", "10s", "How long turns may go on after SIGTERM; 0: they end at once"),
    // Limits; what each is for stands where it is used
    key("max_message", "SIZE", "64KiB", "The largest text message"),
    key("max_image", "SIZE", "2MiB", "The largest binary message"),
    key("images_per_minute", "N", "8", "Images a minute and session; 0: unlimited"),
    key("max_sockets", "N", "0", "Sockets at once; 0: unlimited"),
    key("max_sockets_per_address", "N", "0", "Sockets at once from one address; 0: unlimited"),
    key("visits_per_minute_per_address", "N", "0", "New sockets and HTTP requests a minute from one address; 0: unlimited"),
    key("messages_per_minute_per_address", "N", "0", "Messages a minute from one address; 0: unlimited"),
    key("trusted_proxy", "CIDR", "", "A proxy whose X-Forwarded-For says where visitors come from, e.g. 10.0.0.0/8")
        .kind(Kind::Repeatable),
    key("messages_per_minute", "N", "30", "Messages a minute and session; 0: unlimited"),
    key("ping_interval", "DURATION", "20s", "How often a client is pinged"),
    key("pong_timeout", "DURATION", "10s", "How long a ping may stay unanswered"),
    key("handshake_timeout", "DURATION", "5s", "How long a connection may take to say what it wants"),
    key("outbound_queue", "SIZE", "256KiB", "What may wait for a client that reads slowly"),
    key("replay_bytes", "SIZE", "256KiB", "What a session keeps of frames that it may have to send again"),
    key("session_ttl", "DURATION", "2m", "How long a session is kept without a socket"),
    // Many nodes
    key(
        "store",
        "memory|redis://HOST",
        "memory",
        "Where sessions are kept: in this process, or in a Redis or Valkey that nodes share",
    ),
    key("store_prefix", "TEXT", "rapport:", "What all keys in the store begin with"),
    key(
        "store_outage",
        "memory|refuse",
        "memory",
        "What becomes of new sessions while the store is away: this node serves them alone, or refuses them",
    ),
    key("advertise", "HOST:PORT", "", "Where other nodes find this one; by default where it listens"),
];
