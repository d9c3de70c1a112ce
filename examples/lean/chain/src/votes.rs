//! Votes and aggregates: checked, verified by a worker, and inserted into the store's pools; or
//! held for a block, or dropped for a stated reason.

use std::sync::Arc;

use crate::base::Base;
use crate::decoder::Origin;
use crate::in_flight::{InFlight, Line};
use crate::pending_votes::{HeldVote, PendingVotes, evicted, missing_block, pending_votes};
use crate::refusal::{Refusal, verdict};
use crate::sender::Sender;
use crate::shares::Shares;
use crate::verifier::{AGGREGATES, Job, JobId, STRANGER_AGGREGATES, STRANGER_VOTES, Turn, VOTES};
use consensus::{
    AttestationData, Checkpoint, Interval, Rejection, Root, SignedAggregatedAttestation,
    SignedAttestation, VALIDATOR_REGISTRY_LIMIT,
};

/// Votes held for a block: those of one slot of a full registry, because all of them wait while the
/// slot's block is verified or late.
pub(super) const PENDING_VOTES: usize = VALIDATOR_REGISTRY_LIMIT;

/// Votes of strangers held for a block.
pub(super) const PENDING_STRANGER_VOTES: usize = 1024;

/// Votes of one stranger in flight.
const SHARE_OF_VOTES: usize = 128;

/// Aggregates of one stranger in flight.
const SHARE_OF_AGGREGATES: usize = 16;

/// The largest total size of the held votes. The proof of an aggregate may have half a megabyte.
const PENDING_BYTES: usize = 64 << 20;

/// The largest total size of the votes in flight, and of the aggregates in flight.
const IN_FLIGHT_BYTES: usize = 64 << 20;

/// The votes held for a block, and those in flight.
#[derive(Debug)]
pub(super) struct Votes {
    pending: PendingVotes,
    /// The votes of strangers held for a block.
    of_strangers: PendingVotes,
    /// The votes and the aggregates of each stranger in flight.
    single_shares: Shares,
    aggregate_shares: Shares,
    aggregates: InFlight<VoteInFlight, Result<(), Refusal>>,
    single: InFlight<VoteInFlight, Result<(), Refusal>>,
}

/// A vote with its signature, or its proof, being verified.
#[derive(Debug)]
struct VoteInFlight {
    vote: HeldVote,
    /// The gossip message to report on, or `None` if it has its verdict.
    origin: Option<Origin>,
    sender: Sender,
    /// The finalized checkpoint at the time of the check.
    finalized: Checkpoint,
}

impl Votes {
    pub(super) fn new() -> Self {
        Self {
            pending: pending_votes(PENDING_VOTES, PENDING_BYTES),
            of_strangers: pending_votes(PENDING_STRANGER_VOTES, PENDING_BYTES / 4),
            single_shares: Shares::new(STRANGER_VOTES, SHARE_OF_VOTES),
            aggregate_shares: Shares::new(STRANGER_AGGREGATES, SHARE_OF_AGGREGATES),
            aggregates: InFlight::new(AGGREGATES + STRANGER_AGGREGATES, IN_FLIGHT_BYTES),
            single: InFlight::new(VOTES + STRANGER_VOTES, IN_FLIGHT_BYTES),
        }
    }

    /// Returns the number of held votes.
    pub(super) fn held(&self) -> usize {
        self.pending.len() + self.of_strangers.len()
    }

    /// Returns the number of held votes evicted for lack of room.
    pub(super) fn evicted(&self) -> u64 {
        evicted(&self.pending) + evicted(&self.of_strangers)
    }

    /// Processes a gossiped vote or aggregate. Its verdict follows now, or with the result of its
    /// verification.
    pub(super) fn gossiped(&mut self, vote: HeldVote, origin: Origin, base: &mut Base) {
        let sender = origin.sender;
        self.process(vote, Some(origin), sender, base);
    }

    /// Publishes the vote of one of this node's validators, and inserts it into the store if this
    /// node aggregates. Gossip does not return a node's own messages. The vote is not verified,
    /// because this node's own signer made its signature.
    pub(super) fn own_vote(&mut self, vote: Box<SignedAttestation>, base: &mut Base) {
        match base.store.check_attestation(&vote) {
            Ok(_) => insert_signature(&vote, base),
            Err(rejection) => {
                count_refusal(&HeldVote::Single(Arc::new((*vote).clone())), rejection.into(), base)
            }
        }
        base.effects.publish_vote(vote);
    }

    /// Processes the votes held for an imported block. They got their verdict when they arrived.
    pub(super) fn replay(&mut self, imported: Root, base: &mut Base) {
        let held = self.pending.release(&imported).chain(self.of_strangers.release(&imported));
        for (vote, sender) in held.collect::<Vec<_>>() {
            self.process(vote, None, sender, base);
        }
    }

    /// Processes the result of a single vote, unless the vote was abandoned.
    pub(super) fn vote_result(
        &mut self,
        number: u64,
        result: Result<(), Refusal>,
        base: &mut Base,
    ) {
        if let Some(vote) = self.single.take(number) {
            self.finish(vote, result, base);
        }
    }

    /// Notes the result of an aggregate. [`finish_aggregates`](Self::finish_aggregates) processes
    /// it in its turn.
    pub(super) fn aggregate_result(&mut self, number: u64, result: Result<(), Refusal>) {
        self.aggregates.settle(number, result);
    }

    /// Processes the results of aggregates, in the order of their jobs' start in each line.
    pub(super) fn finish_aggregates(&mut self, base: &mut Base) {
        while let Some((vote, result)) = self.aggregates.next() {
            self.finish(vote, result, base);
        }
    }

    /// Returns the jobs started before `oldest` and without a result.
    pub(super) fn overdue(&self, oldest: Interval) -> impl Iterator<Item = JobId> + use<> {
        let single = self.single.overdue(oldest).into_iter().map(JobId::Vote);
        single.chain(self.aggregates.overdue(oldest).into_iter().map(JobId::Aggregate))
    }

    /// Checks a vote against the store and starts its verification.
    fn process(&mut self, vote: HeldVote, origin: Option<Origin>, sender: Sender, base: &mut Base) {
        match self.check(&vote, sender, base) {
            Ok(job) => {
                let (bytes, now) = (vote.encoded_len(), base.now());
                let is_single = matches!(vote, HeldVote::Single(_));
                self.shares(is_single).begin(sender);
                let finalized = base.store.latest_finalized();
                let in_flight = VoteInFlight { vote, origin, sender, finalized };
                let (turn, line) = if sender.is_configured {
                    (Turn::First, Line::First)
                } else {
                    (Turn::Stranger(sender.peer), Line::Stranger)
                };
                let id = if is_single {
                    JobId::Vote(self.single.begin(in_flight, bytes, now, line))
                } else {
                    JobId::Aggregate(self.aggregates.begin(in_flight, bytes, now, line))
                };
                base.effects.job(id, job, turn);
            }
            Err(refusal) => {
                self.refuse(vote, refusal, sender, base);
                report(origin, &Err(refusal), base);
            }
        }
    }

    /// Returns the verification job of a vote without a reason to refuse it.
    fn check(&self, vote: &HeldVote, sender: Sender, base: &Base) -> Result<Job, Refusal> {
        let (job, line, shares, most) = match vote {
            HeldVote::Single(vote) => {
                if vote.signature.scheme() != base.role.scheme {
                    return Err(Rejection::InvalidSignature.into());
                }
                let claim = base.store.check_attestation(vote)?;
                if base.store.pools().has_signature(&vote.data, vote.validator_index) {
                    return Err(Refusal::DuplicateVote);
                }
                let job = Job::Vote(claim, Arc::clone(vote));
                (job, &self.single, &self.single_shares, VOTES)
            }
            HeldVote::Aggregate(vote) => {
                let statement = base.store.check_aggregated_attestation(vote)?;
                let job = Job::Aggregate(statement, Arc::clone(vote));
                (job, &self.aggregates, &self.aggregate_shares, AGGREGATES)
            }
        };
        let has_share = if sender.is_configured {
            line.len() - shares.total() < most
        } else {
            shares.have_room_for(sender)
        };
        let bytes = vote.encoded_len();
        if has_share && line.has_room(bytes) { Ok(job) } else { Err(Refusal::VerificationFull) }
    }

    fn shares(&mut self, is_single: bool) -> &mut Shares {
        if is_single { &mut self.single_shares } else { &mut self.aggregate_shares }
    }

    /// Processes the result of a vote or an aggregate.
    fn finish(&mut self, in_flight: VoteInFlight, result: Result<(), Refusal>, base: &mut Base) {
        let VoteInFlight { vote, origin, sender, finalized } = in_flight;
        self.shares(matches!(vote, HeldVote::Single(_))).end(sender);
        let accepted = result.and_then(|()| check_again(vote.data(), finalized, base));
        if accepted.is_ok() {
            *vote_count(&vote, true, base) += 1;
        }
        match (&accepted, &vote) {
            (Ok(()), HeldVote::Single(vote)) => insert_signature(vote, base),
            (Ok(()), HeldVote::Aggregate(vote)) => {
                base.store.insert_aggregated_attestation(SignedAggregatedAttestation::clone(vote));
            }
            (Err(_), _) => {}
        }
        if let Err(refusal) = accepted {
            self.refuse(vote, refusal, sender, base);
        }
        report(origin, &accepted, base);
    }

    /// Holds a vote with a missing block, and counts any other refused vote.
    fn refuse(&mut self, vote: HeldVote, refusal: Refusal, sender: Sender, base: &mut Base) {
        let missing = match refusal {
            Refusal::Rejected(rejection) => missing_block(rejection, vote.data()),
            _ => None,
        };
        let Some(missing) = missing else { return count_refusal(&vote, refusal, base) };
        let pending = if sender.is_configured { &mut self.pending } else { &mut self.of_strangers };
        pending.park(missing, (vote, sender));
    }
}

/// Counts a refused vote.
fn count_refusal(vote: &HeldVote, refusal: Refusal, base: &mut Base) {
    if matches!(refusal, Refusal::Rejected(_)) {
        *vote_count(vote, false, base) += 1;
    }
    base.counters.drop_for(refusal.name());
    tracing::debug!(refusal = refusal.name(), "a vote was refused");
}

/// Repeats the checks with an outcome that may have changed during the verification.
fn check_again(data: &AttestationData, finalized: Checkpoint, base: &Base) -> Result<(), Refusal> {
    if !base.store.contains_block(&data.head.root) {
        // It was our own block, withdrawn unsigned.
        return Err(Rejection::UnknownHeadBlock.into());
    }
    if base.store.latest_finalized() != finalized && !base.store.is_above_finalized(data) {
        return Err(Refusal::VoteOvertakenByFinality);
    }
    Ok(())
}

/// Inserts a verified signature, if this node aggregates.
fn insert_signature(vote: &SignedAttestation, base: &mut Base) {
    if base.role.is_aggregator {
        base.store.insert_attestation(vote);
    }
}

/// Returns the counter of votes of this kind and validity.
fn vote_count<'a>(vote: &HeldVote, is_valid: bool, base: &'a mut Base) -> &'a mut u64 {
    let meters = &mut base.counters.meters;
    match (vote, is_valid) {
        (HeldVote::Single(_), true) => &mut meters.valid_votes,
        (HeldVote::Single(_), false) => &mut meters.invalid_votes,
        (HeldVote::Aggregate(_), true) => &mut meters.valid_aggregates,
        (HeldVote::Aggregate(_), false) => &mut meters.invalid_aggregates,
    }
}

fn report(origin: Option<Origin>, accepted: &Result<(), Refusal>, base: &mut Base) {
    if let Some(origin) = origin {
        base.effects.report(origin, verdict(accepted));
    }
}
