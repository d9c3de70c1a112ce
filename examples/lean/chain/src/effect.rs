//! What the chain's state wants done. It decides; the actor does, in order.

use std::sync::Arc;

use network::PeerId;

use crate::Origin;
use crate::sync::Request;
use crate::verifier::{Job, JobId};
use consensus::{
    AttestationData, ProducedBlock, SignedAggregatedAttestation, SignedAttestation, SignedBlock, Slot, ValidatorIndex,
};
use network::{Offence, Verdict};

/// One thing to do outside of the state.
#[derive(Debug)]
pub enum Effect {
    /// Have one of our validators sign a vote.
    SignVote(ValidatorIndex, AttestationData),
    /// Have the proposer sign our block.
    SignBlock(Box<ProducedBlock>),
    /// Gossip our block.
    PublishBlock(Arc<SignedBlock>),
    /// Gossip our vote.
    PublishVote(Box<SignedAttestation>),
    /// Gossip our aggregate.
    PublishAggregate(Box<SignedAggregatedAttestation>),
    /// Have a job done elsewhere; its outcome comes back to [`ChainState::done`](super::ChainState::done).
    Work(JobId, Job),
    /// Ask a peer for blocks.
    Fetch(Request),
    /// Tell the network what became of a gossip message.
    Report(Origin, Verdict),
    /// Hold something against a peer.
    Charge(PeerId, Offence),
    /// Go on with synchronization once other messages have had their turn.
    Synchronize,
    /// Vote in this slot after half an interval, if its block has not come by then.
    VoteAfterPatience(Slot),
    /// Publish a new snapshot.
    Publish,
}
