//! The decoder's input and output.

use actor_lanes::{Lane, Message};

use consensus::{SignedAggregatedAttestation, SignedAttestation, SignedBlock};
use network::{BlocksResponse, GossipMessage, MessageId, PeerId, RequestFailure, TopicKind};
use wire::response::ResponseCode;

/// Undecoded input, from the network thread.
#[derive(Debug)]
pub enum DecoderMessage {
    /// A decompressed gossip message.
    Gossip(GossipMessage),
    /// The result of a request for blocks.
    Blocks(BlocksResponse),
}

impl Message for DecoderMessage {
    const LANES: &'static [Lane] = &[
        Lane::fifo("blocks", 256).weight(4),
        Lane::fifo("responses", 64).weight(4),
        Lane::newest_first("aggregates", 1024).weight(4),
        Lane::newest_first("votes", 4096).weight(4),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::Gossip(GossipMessage { kind: TopicKind::Block, .. }) => 0,
            Self::Blocks(_) => 1,
            Self::Gossip(GossipMessage { kind: TopicKind::Aggregation, .. }) => 2,
            Self::Gossip(GossipMessage { kind: TopicKind::Attestation { .. }, .. }) => 3,
        }
    }
}

/// Decoded output, for the chain.
#[derive(Debug)]
pub enum Decoded {
    /// A gossiped block.
    Block(Box<SignedBlock>, Origin),
    /// A gossiped aggregate.
    Aggregate(Box<SignedAggregatedAttestation>, Origin),
    /// A gossiped vote.
    Vote(Box<SignedAttestation>, Origin),
    /// The result of the request with this number.
    Fetched(u64, Fetched),
}

/// The origin of a gossip message, needed to report a verdict.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The message's identifier.
    pub id: MessageId,
    /// The first peer to send it.
    pub source: PeerId,
    /// Whether the node's configuration names that peer.
    pub is_configured: bool,
}

/// The result of a request for blocks.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// An answer. The peer may have returned fewer blocks than requested.
    Blocks(Vec<SignedBlock>),
    /// An unreadable answer. Its sender was penalised by the decoder or the network.
    Malformed,
    /// An error from the peer: it does not have the blocks, or is busy. The two cases look the
    /// same.
    Refused,
    /// The peer does not speak the protocol.
    Unsupported,
    /// No answer in time.
    Stalled,
    /// The request did not reach the peer, or the connection closed.
    Lost,
}

impl Fetched {
    /// Classifies a failed request.
    pub fn failed(failure: &RequestFailure) -> Self {
        match failure {
            RequestFailure::Malformed => Self::Malformed,
            RequestFailure::Unsupported => Self::Unsupported,
            RequestFailure::Timeout => Self::Stalled,
            // The request was valid, so a peer rejecting it as invalid speaks another version of
            // the protocol.
            RequestFailure::Answered(error) if error.code == ResponseCode::InvalidRequest => {
                Self::Unsupported
            }
            RequestFailure::Answered(_) => Self::Refused,
            RequestFailure::InvalidRequest
            | RequestFailure::NotConnected
            | RequestFailure::TooMany
            | RequestFailure::ConnectionLost => Self::Lost,
        }
    }
}
