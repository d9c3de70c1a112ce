//! The API's data sources, and the chain's owner for changes of role.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use actor_lanes::inspect::{Inspection, Inspector};
use actor_lanes::observe::Gauge;
use actor_lanes::view::{self, View};
use actor_lanes::{Handle, Message};

use crate::health::{Condition, Lifecycle};
use crate::lost_lines::LostLines;
use crate::sync_state::{Peers, Readiness, SyncState};
use crate::warnings::Alerts;
use chain::decoder::{GossipMeters, Undecodable};
use chain::verifier::WorkMeters;
use chain::wall_clock::WallClock;
use chain::{Chain, Snapshot};
use consensus::SlotClock;
use network::{NetworkCounters, NetworkFront, PeerTable};
use storage::Durable;

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
    pub published: View<Snapshot>,
    /// For changes of role, and for the statistics of its lanes.
    pub chain: Chain,
    /// The other actors' mailboxes.
    pub watched: Vec<Watched>,
    /// What the network has counted.
    pub network: Arc<NetworkCounters>,
    /// What the verifiers' work took.
    pub work: Arc<WorkMeters>,
    /// Sizes and arrival times of gossip.
    pub gossip: Arc<GossipMeters>,
    /// What the node knows about its own condition.
    pub supervision: Supervision,
    /// Data for the events alone.
    pub shown: EventSources,
}

/// Data for the events alone. By default, of a node without actors and peers.
#[derive(Debug)]
pub struct EventSources {
    /// For looks at the actors.
    pub inspector: Option<Inspector>,
    /// Connected peers and bans.
    pub peers: View<PeerTable>,
    /// Gossip that is not SSZ.
    pub undecodable: Undecodable,
}

impl Default for EventSources {
    fn default() -> Self {
        let (_publisher, peers) = view::publisher(PeerTable::default());
        Self { inspector: None, peers, undecodable: Undecodable::default() }
    }
}

impl EventSources {
    /// Returns what the actors do now.
    pub(super) fn look(&self) -> Inspection {
        self.inspector.as_ref().map(Inspector::inspect).unwrap_or_default()
    }
}

/// What the node knows about its own condition. By default, a running node without peers.
#[derive(Clone, Debug, Default)]
pub struct Supervision {
    /// Whether the node runs, stops or has failed.
    pub lifecycle: Lifecycle,
    /// The lines of log and report that could not be written.
    pub lost_lines: LostLines,
    /// The warnings for the operator.
    pub alerts: Arc<Alerts>,
    /// The condition of the store on disk, if there is one.
    pub stored: Option<View<Durable>>,
}

impl ApiSources {
    /// Returns the condition of the node now.
    pub(super) fn condition(&self) -> Condition {
        let now = self.clock.total_intervals(self.wall.now());
        self.supervision.lifecycle.condition(&self.published.get(), now)
    }

    /// Returns the node's progress along the chain now.
    pub(super) fn sync_state(&self) -> SyncState {
        let chain = self.published.get();
        let peers = Peers::read(&chain, &self.network);
        SyncState::of(&chain, self.clock.current_slot(self.wall.now()), peers)
    }

    /// Returns whether the node is ready now.
    pub(super) fn readiness(&self) -> Readiness {
        let has_published = self.published.get().finalized_state.is_some();
        let wait = self.clock.slot_start(0).saturating_sub(self.wall.now());
        Readiness::of(&self.condition(), has_published, wait.div_ceil(1000), self.sync_state())
    }
}

/// An actor, to read its figures only.
pub struct Watched {
    /// The actor's name.
    pub actor: String,
    /// Its figures.
    pub gauge: Gauge,
    /// What keeps the actor reachable.
    _handle: Box<dyn Any + Send + Sync>,
}

impl Watched {
    /// Watches the mailbox behind a handle. The handle is kept, so the mailbox stays open.
    pub fn new<M: Message>(actor: &str, handle: Handle<M>) -> Self {
        Self { actor: actor.to_owned(), gauge: handle.gauge(), _handle: Box::new(handle) }
    }

    /// Watches the mailbox of the network thread.
    pub fn network(front: NetworkFront) -> Self {
        let gauge = front.gauge();
        Self { actor: "network".to_owned(), gauge, _handle: Box::new(front) }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("actor", &self.actor).finish_non_exhaustive()
    }
}
