//! What the network tells the node.

use libp2p::PeerId;

use crate::BlocksReply;
use wire::{Root, message_id::MessageId, request::SlotRange, response::ErrorChunk, status::Status, topic::TopicKind};

/// Where the network thread delivers.
///
/// Every method is called on the network thread and must return at once: while it does not, nothing is received, sent or
/// kept alive. One that has no room for what it is given refuses it; the refusal is counted, and gossip that was refused
/// is not passed on to other peers.
pub trait Inbound: Send + 'static {
    /// Takes a gossip message that has not been seen before and whose SSZ nobody has looked at.
    ///
    /// It goes to other peers only once [`NetworkFront::report`](crate::NetworkFront::report) says
    /// [`Accept`](crate::Verdict::Accept), within six heartbeats and at least 4.2 seconds.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no room.
    fn gossip(&self, message: GossipMessage) -> Result<(), Refused>;

    /// Takes the outcome of a request for blocks; there is exactly one for each that was accepted.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no room.
    fn blocks(&self, response: BlocksResponse) -> Result<(), Refused>;

    /// Takes a peer's status, from its request or its answer.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no room.
    fn status(&self, peer: PeerId, status: Status) -> Result<(), Refused>;

    /// Learns that a peer is connected that was not before.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no room.
    fn peer_connected(&self, peer: PeerId) -> Result<(), Refused>;

    /// Learns that a peer's last connection is gone.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no room.
    fn peer_disconnected(&self, peer: PeerId) -> Result<(), Refused>;

    /// Takes a peer's request for the blocks with these roots, at most 1024.
    ///
    /// The answer may come from any thread. Dropping `reply` answers that the blocks are unavailable.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no room.
    fn serve_blocks(&self, roots: Vec<Root>, reply: BlocksReply) -> Result<(), Refused>;

    /// Takes a peer's request for the blocks of this node's chain in 1 to 1024 slots.
    ///
    /// The answer may come from any thread. Dropping `reply` answers that the blocks are unavailable.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no room.
    fn serve_range(&self, range: SlotRange, reply: BlocksReply) -> Result<(), Refused>;

    /// Returns where this node's chain stands, out of a published snapshot.
    fn our_status(&self) -> Status;
}

/// Says that the node has no room for what the network has to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node's lane refused it")]
pub struct Refused;

/// A gossip message, decompressed and not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GossipMessage {
    /// What the SSZ should be.
    pub kind: TopicKind,
    /// The decompressed payload, at most 10 MiB.
    pub ssz: Vec<u8>,
    /// The message's name, by which to report on it.
    pub id: MessageId,
    /// The peer that sent it first; not necessarily its author.
    pub source: PeerId,
}

/// How a request for blocks ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlocksResponse {
    /// The number that the asker gave the request.
    pub request_id: u64,
    /// The peer that was asked.
    pub peer: PeerId,
    /// The SSZ of the signed blocks that the peer had, unverified, in any number up to that asked for; or why there are
    /// none.
    pub outcome: Result<Vec<Vec<u8>>, RequestFailure>,
}

/// Why a request brought no blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFailure {
    /// No block or more than 1024 were asked for; nothing was sent.
    #[error("a request asks for 1 to 1024 blocks")]
    InvalidRequest,
    /// The peer is not connected; nothing was sent.
    #[error("the peer is not connected")]
    NotConnected,
    /// Too many requests are under way, to this peer (8) or altogether (64); nothing was sent.
    #[error("too many requests are under way")]
    TooMany,
    /// The peer does not speak the protocol.
    #[error("the peer does not answer such requests")]
    Unsupported,
    /// The answer was not complete in time.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The connection went away before the answer was complete.
    #[error("the connection was lost")]
    ConnectionLost,
    /// The answer was not one: not snappy, cut short, too large, or of more blocks than were asked for.
    #[error("the peer's answer was malformed")]
    Malformed,
    /// The peer answered with an error and no block.
    #[error("the peer refused: {0}")]
    Answered(ErrorChunk),
}
