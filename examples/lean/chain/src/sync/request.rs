//! Requests to peers, and the actions of synchronization.

use std::sync::Arc;

use network::PeerId;

use consensus::{Root, SignedBlock};
use network::{Offence, SlotRange};

/// One request to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The number of the request. Its result carries the same number.
    pub id: u64,
    /// The peer to ask.
    pub peer: PeerId,
    /// The content of the request.
    pub wanted: Wanted,
}

/// The content of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One block.
    Block(Root),
    /// The blocks of the peer's chain in these slots.
    Range(SlotRange),
}

/// An action requested by synchronization.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Send a request.
    Ask(Request),
    /// Import a block. If it is of a range, its parent is in the store, or was returned before.
    Import(Arc<SignedBlock>, PeerId),
    /// Penalise a peer.
    Penalise(PeerId, Offence),
    /// The ranges have ended. The missing parents of held blocks must now be fetched by root.
    RangesEnded,
}
