//! The chain: one pinned actor owns blocks, fork choice and votes; everyone else sends to it.
//!
//! ```text
//!  network thread ── peers, requests ──────────────────▶ ┌────────────┐ ── gossip, requests, verdicts ──▶ network
//!  decoder ───────── blocks, aggregates, votes ─────────▶│ ChainActor │ ── what to sign ───────────────▶ signer
//!  signer ────────── our votes and blocks ──────────────▶│            │ ── what to verify and prove ───▶ verifiers
//!  verifiers ─────── what they found ───────────────────▶│            │ ── Snapshot ───────────────────▶ everyone
//!  its own timer ─── intervals ─────────────────────────▶└────────────┘
//! ```
//!
//! `ChainState` decides and is pure; `ChainActor` carries out what it decided, in order. What a block or a vote goes
//! through on its way into the store is written down in the module `verifier`.

mod actor;
#[cfg(test)]
mod actor_tests;
mod at_once;
mod blocks;
pub mod decoder;
mod effect;
#[cfg(test)]
mod fault_tests;
mod imports;
pub mod ingress;
#[cfg(test)]
mod interleaving_tests;
mod intervals;
#[cfg(test)]
mod intervals_tests;
mod message;
mod meters;
mod pending_blocks;
mod pending_votes;
mod proving;
mod refusal;
pub mod signer;
mod snapshot;
mod solitary;
mod state;
#[cfg(test)]
mod state_tests;
mod sync;
mod synchronization;
#[cfg(test)]
mod synchronization_tests;
mod under_way;
#[cfg(test)]
mod under_way_tests;
pub mod verifier;
mod votes;
pub mod wall_clock;

use std::time::Duration;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Handle, Mailbox, TryTellError, mailbox};
use network::PeerId;

use crate::verifier::Done;
use consensus::{Root, SignedAggregatedAttestation, SignedAttestation, SignedBlock, Slot, ValidatorIndex};
use network::{BlocksReply, SlotRange, Status};

pub use self::actor::ChainActor;
pub use effect::Effect;
pub use message::ChainMessage;
pub use message::{ChainHead, Origin};
pub use meters::{Buckets, Busy, Histogram, Meters};
pub use snapshot::{NOTES, Published, Snapshot};
pub use solitary::Solitary;
pub use state::{ChainState, Role};
pub use sync::{Fetched, Request, Wanted};

/// Says why the chain did not take a message. Its lane has counted that; the message is dropped, for nobody who sends to
/// the chain could do anything else with it: gossip is stale by the next try, and a lost duty is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The message's lane is full.
    Full,
    /// The chain's owner has ended or is ending.
    Closed,
}

/// What a send to the chain comes to.
pub(crate) type Sent = Result<(), NotTaken>;

/// The chain's owner as everyone else sees it. Cloned freely, used from any thread; no method but [`head`](Self::head)
/// ever waits.
#[derive(Clone, Debug)]
pub struct Chain {
    handle: Handle<ChainMessage>,
}

impl From<Handle<ChainMessage>> for Chain {
    fn from(handle: Handle<ChainMessage>) -> Self {
        Self { handle }
    }
}

impl Chain {
    /// Makes the front and the mailbox behind it, before the owner runs.
    pub fn new() -> (Self, Mailbox<ChainMessage>) {
        let (handle, mailbox) = mailbox();
        (Self { handle }, mailbox)
    }

    pub(crate) fn peer_connected(&self, peer: PeerId) -> Sent {
        self.send(ChainMessage::PeerConnected(peer))
    }

    pub(crate) fn peer_disconnected(&self, peer: PeerId) -> Sent {
        self.send(ChainMessage::PeerDisconnected(peer))
    }

    pub(crate) fn peer_status(&self, peer: PeerId, status: Status) -> Sent {
        self.send(ChainMessage::PeerStatus(peer, status))
    }

    pub(crate) fn own_vote(&self, vote: SignedAttestation) -> Sent {
        self.send(ChainMessage::OwnVote(Box::new(vote)))
    }

    pub(crate) fn own_block(&self, block: SignedBlock) -> Sent {
        self.send(ChainMessage::OwnBlock(Box::new(block)))
    }

    pub(crate) fn not_signed(&self, validator: ValidatorIndex, slot: Slot, why: String) -> Sent {
        self.send(ChainMessage::NotSigned(validator, slot, why))
    }

    pub(crate) fn block(&self, block: SignedBlock, origin: Origin) -> Sent {
        self.send(ChainMessage::Block(Box::new(block), origin))
    }

    pub(crate) fn fetched(&self, request: u64, fetched: Fetched) -> Sent {
        self.send(ChainMessage::Fetched(request, fetched))
    }

    pub(crate) fn serve_blocks(&self, roots: Vec<Root>, reply: BlocksReply) -> Sent {
        self.send(ChainMessage::ServeBlocks(roots, reply))
    }

    pub(crate) fn serve_range(&self, range: SlotRange, reply: BlocksReply) -> Sent {
        self.send(ChainMessage::ServeRange(range, reply))
    }

    pub(crate) fn aggregate(&self, vote: SignedAggregatedAttestation, origin: Origin) -> Sent {
        self.send(ChainMessage::Aggregate(Box::new(vote), origin))
    }

    pub(crate) fn vote(&self, vote: SignedAttestation, origin: Origin) -> Sent {
        self.send(ChainMessage::Vote(Box::new(vote), origin))
    }

    pub(crate) fn done(&self, worker: usize, done: Vec<Done>) -> Sent {
        self.send(ChainMessage::Done(worker, done))
    }

    /// Asks where the chain stands, parking the calling thread. `None` if no answer came.
    pub fn head(&self, timeout: Duration) -> Option<ChainHead> {
        self.handle.ask_blocking(ChainMessage::Head, timeout).ok()
    }

    /// Has the owner take up the aggregator's role or lay it down, and says whether it had it before.
    ///
    /// The answer comes once everyone can see the new role.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] when the lane is full, or the owner has ended or ends before it answers.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes the request back if the owner has not come to it.
    pub async fn set_aggregator(&self, enabled: bool) -> Result<bool, NotTaken> {
        let asked = self.handle.try_ask(|reply| ChainMessage::SetAggregator(enabled, reply));
        asked.map_err(not_taken)?.await.map_err(|_dropped| NotTaken::Closed)
    }

    fn send(&self, message: ChainMessage) -> Sent {
        self.handle.try_tell(message).map_err(not_taken)
    }

    /// Returns what the lanes of the owner's mailbox have counted.
    pub fn stats(&self) -> Vec<LaneStats> {
        self.handle.stats()
    }
}

fn not_taken(refused: TryTellError<ChainMessage>) -> NotTaken {
    match refused {
        TryTellError::Full(_) => NotTaken::Full,
        TryTellError::Closed(_) => NotTaken::Closed,
    }
}
