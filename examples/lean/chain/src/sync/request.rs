//! What is asked of peers, and what becomes of it.

use std::sync::Arc;

use network::PeerId;

use consensus::{Root, SignedBlock};
use network::{Offence, RequestFailure, SlotRange};
use wire::response::ResponseCode;

/// One request to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The number under which its outcome comes back.
    pub id: u64,
    /// The peer to ask.
    pub peer: PeerId,
    /// What to ask for.
    pub wanted: Wanted,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One block.
    Block(Root),
    /// The blocks of the peer's chain in these slots.
    Range(SlotRange),
}

/// How a request ended.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// With an answer, of as many blocks as the peer had or would give.
    Blocks(Vec<SignedBlock>),
    /// With an answer that cannot be read; its sender was charged where that was found.
    Malformed,
    /// With a refusal: the peer does not have the blocks, or is busy. The two cannot be told apart.
    Refused,
    /// The peer does not speak the protocol.
    Unsupported,
    /// Without an answer in time.
    Stalled,
    /// The request did not reach the peer, or the connection went away.
    Lost,
}

impl Fetched {
    /// Reads why a request failed.
    pub fn failed(failure: &RequestFailure) -> Self {
        match failure {
            RequestFailure::Malformed => Self::Malformed,
            RequestFailure::Unsupported => Self::Unsupported,
            RequestFailure::Timeout => Self::Stalled,
            // The request was valid, so a peer that calls it invalid speaks the protocol otherwise.
            RequestFailure::Answered(error) if error.code == ResponseCode::InvalidRequest => Self::Unsupported,
            RequestFailure::Answered(_) => Self::Refused,
            RequestFailure::InvalidRequest
            | RequestFailure::NotConnected
            | RequestFailure::TooMany
            | RequestFailure::ConnectionLost => Self::Lost,
        }
    }
}

/// Something that synchronization wants done.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Ask a peer.
    Ask(Request),
    /// Import a block, which is known to be next: its parent is known, or was given before.
    Import(Arc<SignedBlock>, PeerId),
    /// Hold something against a peer.
    Charge(PeerId, Offence),
    /// Ranges have come to an end. What still waits for its parent has to be fetched by root.
    RangesEnded,
}
