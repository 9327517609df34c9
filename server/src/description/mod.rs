//! Who stands there: clients of description services, and the cache with one fetch in flight a session.

mod cache;
mod image;
mod replicas;
mod service;
mod vision;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::llm::http::{self, Transport};
use crate::llm::{self, LlmError};
use crate::observe::UpstreamMetrics;
use crate::prompts::Prompts;
use crate::upstream::{Failure, Verdict};
use replicas::Replicas;

pub use cache::{Descriptions, Flight, Landed, Landing, Look, Sight};
pub use image::{Image, ImageError};
pub use service::{Contract, Service};
pub use vision::Vision;

/// A description's limit in characters; what a VLM says beyond it is not read.
pub const MAX_DESCRIPTION: usize = 1000;

/// Where visitors are described, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// The base URLs of its replicas.
    pub urls: Vec<String>,
    /// What is spoken there.
    pub api: Api,
    /// The vision model; by default the first that `/models` lists.
    pub model: Option<String>,
    /// The vision model's bearer key.
    pub key: Option<String>,
    /// Whether a vision model is asked for the visitor's expression.
    pub expression: bool,
    /// How it is spoken to.
    pub transport: Transport,
}

impl Endpoint {
    /// An endpoint without a model of its own name or a key.
    pub fn new(url: String, api: Api) -> Self {
        let transport = Transport::default();
        Self { urls: vec![url], api, model: None, key: None, expression: false, transport }
    }
}

/// What is spoken with a description service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// One of the services that have a camera of their own.
    Service(Contract),
    /// An OpenAI-compatible vision model, shown the client's stills.
    OpenAi,
    /// The demo's simulator: a vision model for stills, a service for all who have no camera.
    Simulator,
}

impl Api {
    /// Those of real services, as flags name them.
    pub const NAMES: [(&str, Self); 3] = [
        ("description", Self::Service(Contract::Description)),
        ("visual-context", Self::Service(Contract::VisualContext)),
        ("openai", Self::OpenAi),
    ];
}

/// Prepares clients of all of an endpoint's URLs; nothing is sent yet. `timeout`: how long a description is waited for.
/// An error names the URL, and what is wrong with it or with the key.
pub fn client(
    endpoint: &Endpoint,
    prompts: &Arc<Prompts>,
    timeout: Duration,
    metrics: UpstreamMetrics,
) -> Result<Arc<dyn Vlm>, (String, String)> {
    let services = endpoint.urls.iter().map(|url| {
        let service = service(endpoint, url, prompts).map_err(|reason| (url.clone(), reason))?;
        Ok::<_, (String, String)>((http::shown(url), service))
    });
    Ok(Arc::new(Replicas::new(services.collect::<Result<_, _>>()?, timeout, metrics)))
}

fn service(endpoint: &Endpoint, url: &str, prompts: &Arc<Prompts>) -> Result<Arc<dyn Vlm>, String> {
    let Endpoint { api, model, key, expression, transport, .. } = endpoint;
    let vision = |is_simulator| {
        let client = llm::vision::Vision::new(url, model.clone(), key.as_deref(), transport)?;
        Ok::<_, String>(Vision::new(client, Arc::clone(prompts), *expression, is_simulator))
    };
    let service = |contract| Service::new(url, contract, transport);
    Ok(match api {
        Api::Service(contract) => Arc::new(service(*contract)?),
        Api::OpenAi => Arc::new(vision(false)?),
        Api::Simulator => Arc::new(Both { camera: service(Contract::Description)?, vision: vision(true)? }),
    })
}

/// What a description service is to look at.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The session whose visitor it is.
    pub session_id: Arc<str>,
    /// Counts the session's visitors from 0: what was seen of an earlier one is of no use.
    pub visitor: u32,
    /// The still that the client sent, if the service has a use for it.
    pub image: Option<Image>,
}

/// What a description service looks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// A camera of its own.
    Camera,
    /// The stills that clients send; without one it sees nothing.
    Stills,
    /// A client's still where there is one, else its own camera.
    Both,
}

/// A description service.
pub trait Vlm: Send + Sync {
    /// Describes whoever stands before a session's camera; an empty text says that nobody does.
    fn describe(&self, scene: Scene) -> BoxFuture<'_, Result<String, VlmError>>;

    /// What it looks with.
    fn eyes(&self) -> Eyes {
        Eyes::Camera
    }

    /// Whether the service answers at all.
    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>>;
}

/// Why there is no description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VlmError {
    /// There was no still to look at.
    NoImage,
    /// No connection.
    Unreachable(String),
    /// An HTTP status that is not 200.
    Refused(u16),
    /// Something else than a description.
    Garbage(&'static str),
    /// A vision model gave none.
    Model(LlmError),
    /// It took longer than `vlm_timeout`.
    TimedOut(Duration),
    /// It is left alone at present; why the last call to it failed.
    Away(String),
}

impl VlmError {
    /// Whether the connection failed, so that the same call may succeed in a moment.
    fn is_connection(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Model(LlmError::Unreachable { .. }))
    }

    /// Whether it is the VLM's own fault, rather than of what it was shown: the next visitor's call will fail too.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::TimedOut(_) | Self::Away(_) => true,
            Self::Refused(status) | Self::Model(LlmError::Refused { status, .. }) => {
                matches!(status, 401 | 403 | 404 | 408 | 429 | 500..=599)
            }
            _ => self.is_connection(),
        }
    }

    /// What became of the call, as metrics have it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TimedOut(_) | Self::Model(LlmError::Stalled(_)) => "timed_out",
            Self::Refused(_) | Self::Model(LlmError::Refused { .. }) => "refused",
            Self::Away(_) => "unreachable",
            _ if self.is_connection() => "unreachable",
            _ => "garbage",
        }
    }
}

impl fmt::Display for VlmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImage => f.write_str("there is no image to describe"),
            Self::Unreachable(reason) => write!(f, "the description service can't be reached: {reason}"),
            Self::Refused(status) => write!(f, "the description service answered {status}"),
            Self::Garbage(what) => write!(f, "the description service sent {what}"),
            Self::Model(error) => error.fmt(f),
            Self::Away(reason) => write!(f, "the description service is left alone for now: {reason}"),
            Self::TimedOut(after) => write!(f, "the VLM took over {} ms", after.as_millis()),
        }
    }
}

impl std::error::Error for VlmError {}

impl Failure for VlmError {
    /// Only a call that met nobody is made again: a visitor stands there for a moment.
    fn verdict(&self) -> Verdict {
        if self.is_connection() {
            Verdict::Failed { retry_after: None }
        } else if self.is_fault() {
            Verdict::Unfit
        } else {
            Verdict::Innocent
        }
    }

    fn away(reason: String, _: Duration) -> Self {
        Self::Away(reason)
    }

    fn late(after: Duration) -> Self {
        Self::TimedOut(after)
    }
}

/// Makes a description safe to pass on as data: one line, no control characters, of bounded length.
pub fn clean(text: &str) -> String {
    let line: String = text
        .chars()
        .filter(|c| !crate::language::is_bidi_control(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_DESCRIPTION)
        .collect();
    line.trim().to_owned()
}

/// A camera and stills: a vision model where the client sends stills, a service with a camera of its own for all others.
#[derive(Debug)]
struct Both {
    /// Asked without a still.
    camera: Service,
    /// Asked with one.
    vision: Vision,
}

impl Vlm for Both {
    fn describe(&self, scene: Scene) -> BoxFuture<'_, Result<String, VlmError>> {
        if scene.image.is_some() { self.vision.describe(scene) } else { self.camera.describe(scene) }
    }

    fn eyes(&self) -> Eyes {
        Eyes::Both
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>> {
        self.camera.reach()
    }
}
