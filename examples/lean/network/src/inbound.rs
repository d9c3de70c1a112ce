//! Events from the network for the node.

use libp2p::PeerId;

use crate::{AnswerCredit, BlocksReply};
use wire::{
    Root, message_id::MessageId, request::SlotRange, response::ErrorChunk, status::Status,
    topic::TopicKind,
};

/// The receiver of the network thread's events.
///
/// Every method is called on the network thread and must return immediately: until it returns, the
/// network receives nothing, sends nothing and keeps no connection alive. A method without room for
/// its argument returns [`Refused`]. The refusal is counted, and refused gossip is not forwarded to
/// other peers.
pub trait Inbound: Send + 'static {
    /// Takes a new gossip message. Its SSZ is unchecked.
    ///
    /// The network forwards it to other peers only after
    /// [`NetworkFront::report`](crate::NetworkFront::report) with
    /// [`Accept`](crate::Verdict::Accept), within six heartbeats and at least 4.2 seconds.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] if there is no room.
    fn gossip(&self, message: GossipMessage) -> Result<(), Refused>;

    /// Takes the outcome of a request for blocks. Each accepted request has exactly one outcome.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] if there is no room.
    fn blocks(&self, response: BlocksResponse) -> Result<(), Refused>;

    /// Takes a peer's status, from its request or its answer.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] if there is no room.
    fn status(&self, peer: PeerId, status: Status) -> Result<(), Refused>;

    /// Handles a peer's first connection. `is_configured` is whether the node's configuration names
    /// the peer.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] if there is no room.
    fn peer_connected(&self, peer: PeerId, is_configured: bool) -> Result<(), Refused>;

    /// Handles the loss of a peer's last connection.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] if there is no room.
    fn peer_disconnected(&self, peer: PeerId) -> Result<(), Refused>;

    /// Takes a peer's request for the blocks with these roots, at most 1024.
    ///
    /// Any thread may answer. Dropping `reply` answers with the error "blocks not available".
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] if there is no room.
    fn serve_blocks(
        &self,
        peer: PeerId,
        roots: Vec<Root>,
        reply: BlocksReply,
    ) -> Result<(), Refused>;

    /// Takes a peer's request for the blocks of this node's chain in 1 to 1024 slots.
    ///
    /// Any thread may answer. Dropping `reply` answers with the error "blocks not available".
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] if there is no room.
    fn serve_range(
        &self,
        peer: PeerId,
        range: SlotRange,
        reply: BlocksReply,
    ) -> Result<(), Refused>;

    /// Returns the status of this node's chain, from a published snapshot.
    fn our_status(&self) -> Status;
}

/// An error: the node has no room for an event from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node's lane refused it")]
pub struct Refused;

/// A gossip message, decompressed and not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GossipMessage {
    /// The expected type of the SSZ.
    pub kind: TopicKind,
    /// The decompressed payload, at most 10 MiB.
    pub ssz: Vec<u8>,
    /// The message's id, for [`NetworkFront::report`](crate::NetworkFront::report).
    pub id: MessageId,
    /// The first peer to send the message, not necessarily its author.
    pub source: PeerId,
    /// Whether the node's configuration names that peer.
    pub is_configured: bool,
}

/// The outcome of a request for blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlocksResponse {
    /// The caller's number for the request.
    pub request_id: u64,
    /// The peer asked.
    pub peer: PeerId,
    /// The SSZ of the peer's signed blocks, unverified, up to the number asked for; or the reason
    /// for having none.
    pub outcome: Result<Vec<Vec<u8>>, RequestFailure>,
    /// Returns when this is dropped. Until then it counts as one of the peer's requests.
    pub credit: AnswerCredit,
}

/// The reason why a request returned no blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFailure {
    /// The request asked for no block or for more than 1024 blocks; nothing was sent.
    #[error("a request asks for 1 to 1024 blocks")]
    InvalidRequest,
    /// The peer is not connected; nothing was sent.
    #[error("the peer is not connected")]
    NotConnected,
    /// Too many requests are in flight or their answers not decoded, of this peer (8) or in total
    /// (64); nothing was sent.
    #[error("too many requests are under way")]
    TooMany,
    /// The peer does not support the protocol.
    #[error("the peer does not answer such requests")]
    Unsupported,
    /// The answer was not complete before the timeout.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The connection was lost before the answer was complete.
    #[error("the connection was lost")]
    ConnectionLost,
    /// The answer was malformed: not snappy, cut short, too large, or with more blocks than asked
    /// for.
    #[error("the peer's answer was malformed")]
    Malformed,
    /// The peer answered with an error and no block.
    #[error("the peer refused: {0}")]
    Answered(ErrorChunk),
}
