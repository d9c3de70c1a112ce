//! Votes come: they are taken into the store's pools, wait for a block, or are dropped for a stated reason.

use crate::chain::Origin;
use crate::chain::effect::Effect;
use crate::chain::pending_votes::{HeldVote, missing_block};
use crate::chain::state::ChainState;
use crate::consensus::{AttestationData, Rejection, Root, SignedAggregatedAttestation, SignedAttestation};
use crate::network::Verdict;

impl ChainState {
    /// Takes a gossiped vote, and says what to tell the network of it.
    pub(crate) fn gossiped_vote(&mut self, vote: SignedAttestation, origin: Origin) -> Vec<Effect> {
        let verdict = self.take_vote(HeldVote::Single(Box::new(vote)));
        vec![Effect::Report(origin, verdict)]
    }

    /// Takes a gossiped aggregate, and says what to tell the network of it.
    pub(crate) fn gossiped_aggregate(&mut self, vote: SignedAggregatedAttestation, origin: Origin) -> Vec<Effect> {
        let verdict = self.take_vote(HeldVote::Aggregate(Box::new(vote)));
        vec![Effect::Report(origin, verdict)]
    }

    /// Takes the vote of one of our validators, and gossips it. It does not come back by gossip, so it is counted here.
    pub(crate) fn own_vote(&mut self, vote: Box<SignedAttestation>) -> Vec<Effect> {
        self.take_vote(HeldVote::Single(vote.clone()));
        vec![Effect::PublishVote(vote)]
    }

    /// Takes the votes that waited for a block. What they lead to was said to the network when they came.
    pub(super) fn replay_votes(&mut self, imported: Root) {
        for vote in self.pending_votes.take(imported) {
            self.take_vote(vote);
        }
    }

    fn take_vote(&mut self, vote: HeldVote) -> Verdict {
        let taken = match &vote {
            HeldVote::Single(vote) if vote.signature.scheme() != self.role.scheme => Err(Rejection::InvalidSignature),
            HeldVote::Single(vote) => self.store.on_gossip_attestation(vote, self.role.is_aggregator),
            HeldVote::Aggregate(vote) => {
                self.store.on_gossip_aggregated_attestation(SignedAggregatedAttestation::clone(vote), &*self.proofs)
            }
        };
        match taken {
            Ok(_) => {
                *self.vote_count(&vote, true) += 1;
                Verdict::Accept
            }
            Err(rejection) => self.refuse_vote(vote, rejection),
        }
    }

    /// Holds a vote that misses a block; counts any other that is not taken.
    fn refuse_vote(&mut self, vote: HeldVote, rejection: Rejection) -> Verdict {
        if let Some(missing) = missing_block(rejection, vote_data(&vote)) {
            self.pending_votes.hold(missing, vote);
            return Verdict::Ignore;
        }
        *self.vote_count(&vote, false) += 1;
        self.count(rejection.name());
        tracing::debug!(%rejection, "a vote was rejected");
        if rejection.is_sender_at_fault() { Verdict::Reject } else { Verdict::Ignore }
    }

    /// Finds the count of votes of the same kind that have come to the same.
    fn vote_count(&mut self, vote: &HeldVote, is_valid: bool) -> &mut u64 {
        let meters = &mut self.meters;
        match (vote, is_valid) {
            (HeldVote::Single(_), true) => &mut meters.valid_votes,
            (HeldVote::Single(_), false) => &mut meters.invalid_votes,
            (HeldVote::Aggregate(_), true) => &mut meters.valid_aggregates,
            (HeldVote::Aggregate(_), false) => &mut meters.invalid_aggregates,
        }
    }
}

fn vote_data(vote: &HeldVote) -> &AttestationData {
    match vote {
        HeldVote::Single(vote) => &vote.data,
        HeldVote::Aggregate(vote) => &vote.data,
    }
}
