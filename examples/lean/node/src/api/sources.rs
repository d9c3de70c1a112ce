//! What the API reads, and the one thing that it may ask for.

use std::fmt;
use std::sync::Arc;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Handle, Message};

use crate::chain::{Chain, Published};
use crate::consensus::SlotClock;
use crate::network::NetworkCounters;
use crate::verifier::WorkMeters;
use crate::wall_clock::WallClock;

/// What others publish for the API to read.
pub(crate) struct ApiSources {
    pub(crate) name: String,
    pub(crate) runtime: &'static str,
    pub(crate) clock: SlotClock,
    pub(crate) wall: WallClock,
    /// When the node started, in Unix milliseconds.
    pub(crate) started_at: u64,
    pub(crate) published: Published,
    /// To have the role changed, and for the lanes' figures.
    pub(crate) chain: Chain,
    /// The other actors' mailboxes.
    pub(crate) watched: Vec<Watched>,
    pub(crate) network: Arc<NetworkCounters>,
    /// What the verifiers' work took.
    pub(crate) work: Arc<WorkMeters>,
}

/// An actor's mailbox, to read its figures only.
pub(crate) struct Watched {
    pub(crate) actor: &'static str,
    stats: Box<dyn Fn() -> Vec<LaneStats> + Send>,
}

impl Watched {
    /// Watches the mailbox behind a handle, and keeps it from being thought of as unreachable.
    pub(crate) fn new<M: Message>(actor: &'static str, handle: Handle<M>) -> Self {
        Self { actor, stats: Box::new(move || handle.stats()) }
    }

    /// Returns the lanes' figures.
    pub(crate) fn stats(&self) -> Vec<LaneStats> {
        (self.stats)()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("actor", &self.actor).finish_non_exhaustive()
    }
}
