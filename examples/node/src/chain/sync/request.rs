//! What is asked of peers, and what becomes of it.

use std::sync::Arc;

use libp2p::PeerId;

use crate::consensus::{Root, SignedBlock};
use crate::network::{Offence, SlotRange};

/// One request to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The number under which its outcome comes back.
    pub(crate) id: u64,
    pub(crate) peer: PeerId,
    pub(crate) wanted: Wanted,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// One block.
    Block(Root),
    /// The blocks of the peer's chain in these slots.
    Range(SlotRange),
}

/// Something that synchronization wants done.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Ask a peer.
    Ask(Request),
    /// Import a block, which is known to be next: its parent is known, or was given before.
    Import(Arc<SignedBlock>, PeerId),
    /// Hold something against a peer.
    Penalise(PeerId, Offence),
    /// Ranges have come to an end. What still waits for its parent has to be fetched by root.
    RangesEnded,
}
