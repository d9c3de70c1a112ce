//! The decoder's input and output.

use actor_lanes::Message;

use crate::decoder::origin::Origin;
use crate::sender::source_of;
use consensus::{SignedAggregatedAttestation, SignedAttestation, SignedBlock};
use network::{BlocksResponse, GossipMessage, RequestFailure, TopicKind};
use wire::response::ResponseCode;

/// Undecoded input, from the network thread.
///
/// Every lane refuses the newest message when it is full, so the network always learns of a
/// message without a verdict. Strangers have lanes of their own, and each peer has a share.
#[derive(Debug, Message)]
pub enum DecoderMessage {
    /// A decompressed gossip message.
    #[lane(fifo = "blocks", 256, share = 64, weight = 8, when = |it| is_block(it, true))]
    #[lane(fifo = "aggregates", 1024, share = 256, weight = 4, when = |it| is_aggregate(it, true))]
    #[lane(fifo = "votes", 4096, share = 1024, weight = 4, when = |it| it.is_configured)]
    #[lane(fifo = "stranger_blocks", 256, share = 8, when = |it| is_block(it, false))]
    #[lane(fifo = "stranger_aggregates", 1024, share = 32, weight = 2,
           when = |it| is_aggregate(it, false))]
    #[lane(fifo = "stranger_votes", 4096, share = 128, weight = 2)]
    Gossip(#[source(|gossip| source_of(&gossip.source))] GossipMessage),
    /// The result of a request for blocks.
    #[lane(fifo = "responses", 64, weight = 4)]
    Blocks(BlocksResponse),
}

// Each function names all kinds, so that a new kind does not compile without a lane.

fn is_block(gossip: &GossipMessage, is_configured: bool) -> bool {
    let is_block = match gossip.kind {
        TopicKind::Block => true,
        TopicKind::Aggregation | TopicKind::Attestation { .. } => false,
    };
    is_block && gossip.is_configured == is_configured
}

fn is_aggregate(gossip: &GossipMessage, is_configured: bool) -> bool {
    let is_aggregate = match gossip.kind {
        TopicKind::Aggregation => true,
        TopicKind::Block | TopicKind::Attestation { .. } => false,
    };
    is_aggregate && gossip.is_configured == is_configured
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
