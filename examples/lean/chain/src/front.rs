//! The chain's actor, as seen by other threads.

use std::time::Duration;

use actor_lanes::mailbox::{LaneStats, Variant};
use actor_lanes::observe::Gauge;
use actor_lanes::{Handle, Mailbox, Recipient, TryTellError, mailbox};
use consensus::Root;
use network::{BlocksReply, PeerId, SlotRange, Status};

use crate::message::{ChainHead, ChainMessage};

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

    pub(crate) fn peer_connected(&self, peer: PeerId, is_configured: bool) -> Sent {
        self.send(ChainMessage::PeerConnected(peer, is_configured))
    }

    pub(crate) fn peer_disconnected(&self, peer: PeerId) -> Sent {
        self.send(ChainMessage::PeerDisconnected(peer))
    }

    pub(crate) fn peer_status(&self, peer: PeerId, status: Status) -> Sent {
        self.send(ChainMessage::PeerStatus(peer, status))
    }

    pub(crate) fn serve_blocks(&self, peer: PeerId, roots: Vec<Root>, reply: BlocksReply) -> Sent {
        self.send(ChainMessage::ServeBlocks(peer, roots, reply))
    }

    pub(crate) fn serve_range(&self, peer: PeerId, range: SlotRange, reply: BlocksReply) -> Sent {
        self.send(ChainMessage::ServeRange(peer, range, reply))
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

    /// Returns a reader of the actor's figures.
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        self.handle.gauge()
    }
}

fn refused(error: TryTellError<ChainMessage>) -> Refused {
    match error {
        TryTellError::Full(_) => Refused::Full,
        TryTellError::Closed(_) => Refused::Closed,
    }
}
