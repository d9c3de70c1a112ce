//! The decoder's input and output.

use actor_lanes::{Lane, Message};

use crate::decoder::origin::Origin;
use crate::sender::source_of;
use consensus::{SignedAggregatedAttestation, SignedAttestation, SignedBlock};
use network::{BlocksResponse, GossipMessage, RequestFailure, TopicKind};
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
    // Every lane refuses the newest message when it is full, so the network always learns of a
    // message without a verdict. Strangers have lanes of their own, and each peer has a share.
    const LANES: &'static [Lane] = &[
        Lane::fifo("blocks", 256).share(64).weight(8),
        Lane::fifo("responses", 64).weight(4),
        Lane::fifo("aggregates", 1024).share(256).weight(4),
        Lane::fifo("votes", 4096).share(1024).weight(4),
        Lane::fifo("stranger_blocks", 256).share(8),
        Lane::fifo("stranger_aggregates", 1024).share(32).weight(2),
        Lane::fifo("stranger_votes", 4096).share(128).weight(2),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::Blocks(_) => 1,
            Self::Gossip(GossipMessage { kind, is_configured, .. }) => {
                match (kind, is_configured) {
                    (TopicKind::Block, true) => 0,
                    (TopicKind::Aggregation, true) => 2,
                    (TopicKind::Attestation { .. }, true) => 3,
                    (TopicKind::Block, false) => 4,
                    (TopicKind::Aggregation, false) => 5,
                    (TopicKind::Attestation { .. }, false) => 6,
                }
            }
        }
    }

    fn source(&self) -> Option<u64> {
        match self {
            Self::Gossip(GossipMessage { source, .. }) => Some(source_of(source)),
            Self::Blocks(_) => None,
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
