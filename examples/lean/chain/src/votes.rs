//! Votes come: they are checked, verified elsewhere, and taken into the store's pools; or they wait for a block, or are
//! dropped for a stated reason.

use std::sync::Arc;

use crate::Origin;
use crate::effect::Effect;
use crate::pending_votes::{HeldVote, missing_block};
use crate::refusal::{Refusal, verdict};
use crate::state::ChainState;
use crate::verifier::{Job, JobId};
use consensus::{AttestationData, Checkpoint, Rejection, Root, SignedAggregatedAttestation, SignedAttestation};

/// A vote whose signature, or whose proof, is being verified.
#[derive(Debug)]
pub(super) struct VoteUnderWay {
    vote: HeldVote,
    /// The gossip message to report on; none if it was reported on when it came.
    origin: Option<Origin>,
    /// What was final when it was checked.
    finalized: Checkpoint,
}

impl ChainState {
    /// Takes a gossiped vote. What to tell the network of it follows at once, or when it has been verified.
    pub fn gossiped_vote(&mut self, vote: SignedAttestation, origin: Origin) -> Vec<Effect> {
        self.take_vote(HeldVote::Single(Arc::new(vote)), Some(origin))
    }

    /// Takes a gossiped aggregate. What to tell the network of it follows at once, or when it has been verified.
    pub fn gossiped_aggregate(&mut self, vote: SignedAggregatedAttestation, origin: Origin) -> Vec<Effect> {
        self.take_vote(HeldVote::Aggregate(Arc::new(vote)), Some(origin))
    }

    /// Takes the vote of one of our validators, and gossips it. It does not come back by gossip, so it is counted here. Our
    /// own signer has made its signature, which is not verified.
    pub(crate) fn own_vote(&mut self, vote: Box<SignedAttestation>) -> Vec<Effect> {
        match self.store.check_attestation(&vote) {
            Ok(_) => self.insert_signature(&vote),
            Err(rejection) => drop(self.refuse_vote(HeldVote::Single(Arc::new((*vote).clone())), rejection.into())),
        }
        vec![Effect::PublishVote(vote)]
    }

    /// Takes the votes that waited for a block. What they lead to was said to the network when they came.
    pub(super) fn replay_votes(&mut self, imported: Root) -> Vec<Effect> {
        let votes = self.pending_votes.take(imported);
        votes.into_iter().flat_map(|vote| self.take_vote(vote, None)).collect()
    }

    /// Acts on what was found of a validator's vote, unless it was given up.
    pub(super) fn single_vote_found(&mut self, number: u64, found: Result<(), Refusal>) -> Vec<Effect> {
        self.votes.take(number).map(|vote| self.vote_found(vote, found)).unwrap_or_default()
    }

    /// Acts on what was found of a vote or an aggregate.
    pub(super) fn vote_found(&mut self, under_way: VoteUnderWay, found: Result<(), Refusal>) -> Vec<Effect> {
        let VoteUnderWay { vote, origin, finalized } = under_way;
        let taken = found.and_then(|()| self.check_again(vote.data(), finalized));
        if taken.is_ok() {
            *self.vote_count(&vote, true) += 1;
        }
        match (&taken, &vote) {
            (Ok(()), HeldVote::Single(vote)) => self.insert_signature(vote),
            (Ok(()), HeldVote::Aggregate(vote)) => {
                self.store.insert_aggregated_attestation(SignedAggregatedAttestation::clone(vote));
            }
            (Err(_), _) => {}
        }
        let taken = taken.map_err(|refusal| self.refuse_vote(vote, refusal));
        report(origin, &taken)
    }

    /// Checks a vote against the store, and sends it away to be verified.
    fn take_vote(&mut self, vote: HeldVote, origin: Option<Origin>) -> Vec<Effect> {
        match self.check_vote(&vote) {
            Ok(job) => {
                let (bytes, now) = (vote.encoded_len(), self.store.time());
                let is_single = matches!(vote, HeldVote::Single(_));
                let under_way = VoteUnderWay { vote, origin, finalized: self.store.latest_finalized() };
                let id = if is_single {
                    JobId::Vote(self.votes.begin(under_way, bytes, now))
                } else {
                    JobId::Aggregate(self.aggregates.begin(under_way, bytes, now))
                };
                vec![Effect::Work(id, job)]
            }
            Err(refusal) => {
                let refusal = self.refuse_vote(vote, refusal);
                report(origin, &Err(refusal))
            }
        }
    }

    /// Says what is to be verified of a vote, if the store has nothing against it.
    fn check_vote(&self, vote: &HeldVote) -> Result<Job, Refusal> {
        let (job, line) = match vote {
            HeldVote::Single(vote) => {
                if vote.signature.scheme() != self.role.scheme {
                    return Err(Rejection::InvalidSignature.into());
                }
                let claim = self.store.check_attestation(vote)?;
                if self.store.pools().has_signature(&vote.data, vote.validator_index) {
                    return Err(Refusal::DuplicateVote);
                }
                (Job::Vote(claim, Arc::clone(vote)), &self.votes)
            }
            HeldVote::Aggregate(vote) => {
                let statement = self.store.check_aggregated_attestation(vote)?;
                (Job::Aggregate(statement, Arc::clone(vote)), &self.aggregates)
            }
        };
        if line.has_room(vote.encoded_len()) { Ok(job) } else { Err(Refusal::VerificationFull) }
    }

    /// Checks what may have changed while a vote was verified.
    fn check_again(&self, data: &AttestationData, finalized: Checkpoint) -> Result<(), Refusal> {
        if !self.store.contains_block(&data.head.root) {
            // It was a block of ours that nobody has signed.
            return Err(Rejection::UnknownHeadBlock.into());
        }
        if self.store.latest_finalized() != finalized && !self.store.is_above_finalized(data) {
            return Err(Refusal::VoteOvertakenByFinality);
        }
        Ok(())
    }

    /// Keeps a verified signature, if this node aggregates.
    fn insert_signature(&mut self, vote: &SignedAttestation) {
        if self.role.is_aggregator {
            self.store.insert_attestation(vote);
        }
    }

    /// Holds a vote that misses a block; counts any other that is not taken.
    fn refuse_vote(&mut self, vote: HeldVote, refusal: Refusal) -> Refusal {
        let missing = match refusal {
            Refusal::Rejected(rejection) => missing_block(rejection, vote.data()),
            _ => None,
        };
        if let Some(missing) = missing {
            self.pending_votes.hold(missing, vote);
        } else {
            if matches!(refusal, Refusal::Rejected(_)) {
                *self.vote_count(&vote, false) += 1;
            }
            self.count(refusal.name());
            tracing::debug!(refusal = refusal.name(), "a vote was not taken");
        }
        refusal
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

fn report(origin: Option<Origin>, taken: &Result<(), Refusal>) -> Vec<Effect> {
    origin.map(|origin| Effect::Report(origin, verdict(taken))).into_iter().collect()
}
