//! The effects of the chain's decisions. `ChainState` decides; the actor carries the effects out,
//! in order.

use std::sync::Arc;

use network::PeerId;

use crate::decoder::Origin;
use crate::sync::Request;
use crate::verifier::{Job, JobId, Turn};
use consensus::{
    AttestationData, ProducedBlock, SignedAggregatedAttestation, SignedAttestation, SignedBlock,
    Slot, ValidatorIndex,
};
use network::{Offence, Verdict};

/// One action outside of the state.
#[derive(Debug)]
pub enum Effect {
    /// Sign a vote with the key of one of our validators.
    SignVote(ValidatorIndex, AttestationData),
    /// Sign our block with its proposer's key.
    SignBlock(Box<ProducedBlock>),
    /// Gossip our block.
    PublishBlock(Arc<SignedBlock>),
    /// Gossip our vote.
    PublishVote(Box<SignedAttestation>),
    /// Gossip our aggregate.
    PublishAggregate(Box<SignedAggregatedAttestation>),
    /// Assign a job to a worker. Its result returns to
    /// [`ChainState::jobs_done`](super::ChainState::jobs_done).
    Job(JobId, Job, Turn),
    /// Request blocks from a peer. The result returns to
    /// [`ChainState::fetched`](super::ChainState::fetched).
    Fetch(Request),
    /// Report the verdict on a gossip message to the network.
    Report(Origin, Verdict),
    /// Penalise a peer.
    Penalise(PeerId, Offence),
    /// Call [`ChainState::synchronize`](super::ChainState::synchronize) again, after other messages
    /// have had their turn.
    Synchronize,
    /// Call `ChainState::vote_anyway` after half an interval.
    VoteAnyway(Slot),
    /// Send the collected changes to the store on disk.
    Store,
    /// Publish a new snapshot.
    PublishSnapshot,
}

/// Collects the effects of one turn, in order. A turn handles one message.
///
/// However often a turn asks for a snapshot, it publishes one, after all other effects. It then
/// shows the whole turn. The changes of a turn are sent to the store once, before the snapshot.
#[derive(Debug, Default)]
pub(super) struct Effects {
    list: Vec<Effect>,
    needs_store: bool,
    needs_snapshot: bool,
}

impl Effects {
    pub(super) fn sign_vote(&mut self, validator: ValidatorIndex, data: AttestationData) {
        self.list.push(Effect::SignVote(validator, data));
    }

    pub(super) fn sign_block(&mut self, produced: ProducedBlock) {
        self.list.push(Effect::SignBlock(Box::new(produced)));
    }

    pub(super) fn publish_block(&mut self, block: Arc<SignedBlock>) {
        self.list.push(Effect::PublishBlock(block));
    }

    pub(super) fn publish_vote(&mut self, vote: Box<SignedAttestation>) {
        self.list.push(Effect::PublishVote(vote));
    }

    pub(super) fn publish_aggregate(&mut self, vote: SignedAggregatedAttestation) {
        self.list.push(Effect::PublishAggregate(Box::new(vote)));
    }

    pub(super) fn job(&mut self, id: JobId, job: Job, turn: Turn) {
        self.list.push(Effect::Job(id, job, turn));
    }

    pub(super) fn fetch(&mut self, request: Request) {
        self.list.push(Effect::Fetch(request));
    }

    pub(super) fn report(&mut self, origin: Origin, verdict: Verdict) {
        self.list.push(Effect::Report(origin, verdict));
    }

    pub(super) fn penalise(&mut self, peer: PeerId, offence: Offence) {
        self.list.push(Effect::Penalise(peer, offence));
    }

    pub(super) fn synchronize(&mut self) {
        self.list.push(Effect::Synchronize);
    }

    pub(super) fn vote_anyway(&mut self, slot: Slot) {
        self.list.push(Effect::VoteAnyway(slot));
    }

    pub(super) fn store(&mut self) {
        self.needs_store = true;
    }

    pub(super) fn publish_snapshot(&mut self) {
        self.needs_snapshot = true;
    }

    /// Ends the turn and returns its effects.
    pub(super) fn take(&mut self) -> Vec<Effect> {
        if std::mem::take(&mut self.needs_store) {
            self.list.push(Effect::Store);
        }
        if std::mem::take(&mut self.needs_snapshot) {
            self.list.push(Effect::PublishSnapshot);
        }
        std::mem::take(&mut self.list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_sends_its_changes_once_and_publishes_one_snapshot_last() {
        let mut effects = Effects::default();
        assert!(effects.take().is_empty());
        effects.publish_snapshot();
        effects.store();
        effects.synchronize();
        effects.store();
        effects.publish_snapshot();
        assert!(matches!(
            effects.take()[..],
            [Effect::Synchronize, Effect::Store, Effect::PublishSnapshot]
        ));
        assert!(effects.take().is_empty(), "the next turn begins empty");
    }
}
