//! The API's data sources, and the chain's owner for changes of role.

use std::fmt;
use std::sync::Arc;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Handle, Message};

use chain::verifier::WorkMeters;
use chain::wall_clock::WallClock;
use chain::{Chain, Published};
use consensus::SlotClock;
use network::NetworkCounters;

/// Data published by the other parts of the node.
#[derive(Debug)]
pub struct ApiSources {
    /// The node's name.
    pub name: String,
    /// The name of the runtime of the node's actors.
    pub runtime: &'static str,
    /// The chain's clock.
    pub clock: SlotClock,
    /// The wall clock, which decides the current slot.
    pub wall: WallClock,
    /// The start time of the node, in Unix milliseconds.
    pub started_at: u64,
    /// The latest snapshots of the chain's owner.
    pub published: Published,
    /// For changes of role, and for the statistics of its lanes.
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
    /// Watches the mailbox behind a handle. The handle is kept, so the mailbox stays open.
    pub fn new<M: Message>(actor: &'static str, handle: Handle<M>) -> Self {
        Self { actor, stats: Box::new(move || handle.stats()) }
    }

    /// Returns the statistics of the lanes.
    pub fn stats(&self) -> Vec<LaneStats> {
        (self.stats)()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("actor", &self.actor).finish_non_exhaustive()
    }
}
