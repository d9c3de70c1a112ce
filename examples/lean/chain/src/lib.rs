//! The chain: one pinned actor owns blocks, fork choice and votes. All other threads send it
//! messages.
//!
//! ```text
//!  network ── peers, requests ───────────▶ ┌────────────┐ ── gossip, requests, verdicts ─▶ network
//!  decoder ── blocks, aggregates, votes ─▶ │            │ ── duties to sign ─▶ signer
//!  signer ── our votes and blocks ───────▶ │ ChainActor │ ── jobs ─▶ verifiers, prover
//!  verifiers, prover ── results of jobs ─▶ │            │ ── Snapshot ─▶ readers
//!  its own timer ── intervals ───────────▶ └────────────┘
//! ```
//!
//! `ChainState` is pure: it takes a message and returns [`Effect`]s. `ChainActor` carries them out
//! in order. The stages of a block or a vote on its way into the store are described in the module
//! `verifier`.

mod actor;
#[cfg(test)]
mod actor_tests;
mod base;
mod blocks;
mod counters;
pub mod decoder;
mod duties;
mod effect;
#[cfg(test)]
mod fault_tests;
mod histogram;
mod history;
mod imports;
mod in_flight;
#[cfg(test)]
mod in_flight_tests;
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
pub mod verifier;
mod votes;
pub mod wall_clock;

use std::time::Duration;

use actor_lanes::mailbox::{LaneStats, Variant};
use actor_lanes::{Handle, Mailbox, Recipient, TryTellError, mailbox};
use consensus::Root;
use network::{BlocksReply, PeerId, SlotRange, Status};

pub use self::actor::ChainActor;
pub use decoder::{Fetched, Origin};
pub use effect::Effect;
pub use histogram::{Buckets, Histogram, SharedHistogram};
pub use message::{ChainHead, ChainMessage};
pub use meters::{Busy, Meters};
pub use snapshot::{NOTES, Published, Snapshot};
pub use solitary::Solitary;
pub use state::{ChainState, Role};
pub use sync::{Request, Wanted};

/// The reason for a refused message to the chain.
///
/// The message is dropped, and its lane has counted the refusal. No sender could do better: gossip
/// is stale before a second try, and a late duty is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The message's lane is full.
    Full,
    /// The chain's actor has ended or is ending.
    Closed,
}

/// The result of a send to the chain.
pub(crate) type Sent = Result<(), Refused>;

/// The chain's actor, as seen by other threads. Cheap to clone and usable from any thread. Only
/// [`head`](Self::head) and [`set_aggregator`](Self::set_aggregator) wait.
#[derive(Clone, Debug)]
pub struct Chain {
    handle: Handle<ChainMessage>,
}

impl Chain {
    /// Creates the front and the actor's mailbox, before the actor runs.
    pub fn new() -> (Self, Mailbox<ChainMessage>) {
        let (handle, mailbox) = mailbox();
        (Self { handle }, mailbox)
    }

    /// Returns a recipient for one kind of message: the results of the decoder, the signer or the
    /// verifiers.
    pub fn recipient<T: Send + 'static>(&self) -> Recipient<T>
    where
        ChainMessage: Variant<T>,
    {
        self.handle.recipient()
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

    pub(crate) fn serve_blocks(&self, roots: Vec<Root>, reply: BlocksReply) -> Sent {
        self.send(ChainMessage::ServeBlocks(roots, reply))
    }

    pub(crate) fn serve_range(&self, range: SlotRange, reply: BlocksReply) -> Sent {
        self.send(ChainMessage::ServeRange(range, reply))
    }

    /// Returns the chain's checkpoints, or `None` without an answer in time. Parks the calling
    /// thread.
    pub fn head(&self, timeout: Duration) -> Option<ChainHead> {
        self.handle.ask_blocking(ChainMessage::Head, timeout).ok()
    }

    /// Starts or stops aggregating, and returns the previous setting.
    ///
    /// The reply is sent after the new setting is published.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the control lane is full, or if the actor ends before its reply.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels a request still in its lane.
    pub async fn set_aggregator(&self, enabled: bool) -> Result<bool, Refused> {
        let asked = self.handle.try_ask(|reply| ChainMessage::SetAggregator(enabled, reply));
        asked.map_err(refused)?.await.map_err(|_dropped| Refused::Closed)
    }

    fn send(&self, message: ChainMessage) -> Sent {
        self.handle.try_tell(message).map_err(refused)
    }

    /// Returns the statistics of the mailbox's lanes.
    pub fn stats(&self) -> Vec<LaneStats> {
        self.handle.stats()
    }
}

fn refused(error: TryTellError<ChainMessage>) -> Refused {
    match error {
        TryTellError::Full(_) => Refused::Full,
        TryTellError::Closed(_) => Refused::Closed,
    }
}
