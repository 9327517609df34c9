//! What is held of one session.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Flight, IMAGE_TTL, Landing, Sight};
use crate::description::{Eyes, Image, Scene};

#[derive(Default)]
pub(super) struct Slot {
    /// How many visitors the session had before this one.
    pub(super) visitor: u32,
    /// When the VLM was last asked, whoever stood there and whatever came of it.
    pub(super) asked: Option<Instant>,
    pub(super) cached: Option<Sight>,
    pub(super) flight: Option<(Flight, DropGuard)>,
    /// Told of the look at a still that came while another was looked at.
    pub(super) next: Option<Landing>,
    /// Ends looks outside the cache when the visitor changes.
    pub(super) looking: Option<CancellationToken>,
    /// The session's client has shown a still: a camera that is simulated would see somebody else.
    pub(super) has_shown: bool,
    /// What the client's camera took; gone when it is looked at, or after [`IMAGE_TTL`]. Boxed: few hold one.
    pub(super) still: Option<Box<Still>>,
}

#[derive(Debug)]
pub(super) struct Still {
    pub(super) image: Image,
    pub(super) came: Instant,
    /// Ends the task that would drop it.
    pub(super) _kept: DropGuard,
}

impl Slot {
    /// What a VLM with such eyes is to look at now, if there is anything. Takes the still.
    pub(super) fn scene(&mut self, session_id: &Arc<str>, eyes: Eyes) -> Option<(Scene, Option<Instant>)> {
        let still = self.still.take_if(|_| eyes != Eyes::Camera);
        let sees = still.is_some() || self.has_camera(eyes);
        let (image, came) = still.map(|still| (still.image, still.came)).unzip();
        sees.then(|| (Scene { session_id: Arc::clone(session_id), visitor: self.visitor, image }, came))
    }

    /// Whether somebody is seen without a still.
    pub(super) fn has_camera(&self, eyes: Eyes) -> bool {
        eyes == Eyes::Camera || eyes == Eyes::Both && !self.has_shown
    }

    /// What a still that was looked at has brought, while it is as young as a still may be.
    pub(super) fn of_last_still(&self, eyes: Eyes) -> Option<&Sight> {
        self.cached.as_ref().filter(|sight| !self.has_camera(eyes) && sight.age() < IMAGE_TTL)
    }

    pub(super) fn flight(&self) -> Option<&Flight> {
        self.flight.as_ref().map(|(flight, _)| flight).filter(|flight| flight.is_alive())
    }
}
