//! The API's data sources, and the chain's owner for changes of role.

use std::fmt;
use std::sync::Arc;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Handle, Message};

use crate::chain::{Chain, Published};
use crate::consensus::SlotClock;
use crate::network::NetworkCounters;
use crate::verifier::WorkMeters;
use crate::wall_clock::WallClock;

/// Data published by the other parts of the node.
pub(crate) struct ApiSources {
    pub(crate) name: String,
    pub(crate) runtime: &'static str,
    pub(crate) clock: SlotClock,
    pub(crate) wall: WallClock,
    /// The start time of the node, in Unix milliseconds.
    pub(crate) started_at: u64,
    pub(crate) published: Published,
    /// For changes of role, and for the statistics of its lanes.
    pub(crate) chain: Chain,
    /// The other actors' mailboxes.
    pub(crate) watched: Vec<Watched>,
    pub(crate) network: Arc<NetworkCounters>,
    /// Measurements of the verifiers' work.
    pub(crate) work: Arc<WorkMeters>,
}

/// An actor's mailbox, for reading statistics only.
pub(crate) struct Watched {
    pub(crate) actor: &'static str,
    stats: Box<dyn Fn() -> Vec<LaneStats> + Send>,
}

impl Watched {
    /// Watches the mailbox behind a handle. The handle is kept, so the mailbox stays open.
    pub(crate) fn new<M: Message>(actor: &'static str, handle: Handle<M>) -> Self {
        Self { actor, stats: Box::new(move || handle.stats()) }
    }

    /// Returns the statistics of the lanes.
    pub(crate) fn stats(&self) -> Vec<LaneStats> {
        (self.stats)()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("actor", &self.actor).finish_non_exhaustive()
    }
}
