//! What the API reads, and the one thing that it may ask for.

use std::fmt;
use std::sync::Arc;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Handle, Message};

use chain::verifier::WorkMeters;
use chain::wall_clock::WallClock;
use chain::{Chain, Published};
use consensus::SlotClock;
use network::NetworkCounters;

/// What others publish for the API to read.
#[derive(Debug)]
pub struct ApiSources {
    /// The node's name.
    pub name: String,
    /// The name of the runtime that the node's actors run on.
    pub runtime: &'static str,
    /// The chain's clock.
    pub clock: SlotClock,
    /// The wall clock, from which the current slot follows.
    pub wall: WallClock,
    /// When the node started, in Unix milliseconds.
    pub started_at: u64,
    /// What the chain's owner has published.
    pub published: Published,
    /// To have the role changed, and for the lanes' figures.
    pub chain: Chain,
    /// The other actors' mailboxes.
    pub watched: Vec<Watched>,
    /// What the network has counted.
    pub network: Arc<NetworkCounters>,
    /// What the verifiers' work took.
    pub work: Arc<WorkMeters>,
}

/// An actor's mailbox, to read its figures only.
pub struct Watched {
    /// The actor's name.
    pub actor: &'static str,
    stats: Box<dyn Fn() -> Vec<LaneStats> + Send>,
}

impl Watched {
    /// Watches the mailbox behind a handle, and keeps it from being thought of as unreachable.
    pub fn new<M: Message>(actor: &'static str, handle: Handle<M>) -> Self {
        Self { actor, stats: Box::new(move || handle.stats()) }
    }

    /// Returns the lanes' figures.
    pub fn stats(&self) -> Vec<LaneStats> {
        (self.stats)()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("actor", &self.actor).finish_non_exhaustive()
    }
}
