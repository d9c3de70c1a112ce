//! Time passes: the store's intervals, and our validators' duties in them.

use crate::chain::effect::Effect;
use crate::chain::state::ChainState;
use crate::consensus::{INTERVALS_PER_SLOT, Interval, Slot, proposer_for_slot};

/// How many intervals a request for blocks may take before its outcome counts as lost.
const FETCH_PATIENCE: Interval = 25;

impl ChainState {
    /// Begins in the middle of the chain. What was before this node's time was not missed by it.
    pub(crate) fn begin_at(&mut self, now: Interval) -> Vec<Effect> {
        self.store.skip_to(now.saturating_sub(INTERVALS_PER_SLOT));
        self.interval(now)
    }

    /// Does what the interval that has begun asks for, and what the ones before it did if they were missed.
    ///
    /// A node that is late by more than a slot leaves out all but the last slot's intervals, and counts them: what they
    /// would have done, the last slot's do. Only duties of the interval that has begun are done, and those before it in
    /// its slot that are not bound to an instant: a block is proposed in interval 0 or not at all, and votes are cast
    /// from interval 1 on.
    pub(crate) fn interval(&mut self, now: Interval) -> Vec<Effect> {
        if now < self.store.time() || (now == self.store.time() && now > 0) {
            // The wall clock was set back, by so little perhaps that this interval begins again: its duties are done.
            // Time stands until the clock has caught up.
            return Vec::new();
        }
        let late = now.saturating_sub(self.store.time() + 1);
        if late > INTERVALS_PER_SLOT {
            self.missed_intervals += late - INTERVALS_PER_SLOT;
            self.store.skip_to(now - INTERVALS_PER_SLOT);
        }
        let (slot, interval) = (now / INTERVALS_PER_SLOT, now % INTERVALS_PER_SLOT);
        let finalized = self.store.latest_finalized();
        let mut effects = match interval {
            0 => self.propose(slot),
            _ => Vec::new(),
        };
        let aggregates = self.store.on_tick(now, false, self.role.is_aggregator, &*self.proofs);
        effects.extend(aggregates.into_iter().map(|vote| Effect::PublishAggregate(Box::new(vote))));
        if self.store.latest_finalized() != finalized {
            self.store.prune_stale_attestation_data();
            self.forget_finalized();
        }
        if interval >= 1 && self.newest_voted_slot.is_none_or(|voted| voted < slot) {
            effects.extend(self.vote_or_wait(slot));
        }
        self.sync.expire(now.saturating_sub(FETCH_PATIENCE), now);
        effects.extend(self.fetch());
        effects.push(Effect::Publish);
        effects
    }

    /// Votes although the slot's block has not come, if it still has not.
    pub(crate) fn vote_anyway(&mut self, slot: Slot) -> Vec<Effect> {
        if self.vote_waits_for == Some(slot) { self.vote(slot) } else { Vec::new() }
    }

    /// Proposes a block if it is the turn of a validator of ours.
    fn propose(&mut self, slot: Slot) -> Vec<Effect> {
        // Slot 0 is the genesis block's.
        let proposer = proposer_for_slot(slot, self.store.head_state().validators.len()).filter(|_| slot > 0);
        let Some(proposer) = proposer.filter(|proposer| self.role.validators.contains(proposer)) else {
            return Vec::new();
        };
        if !self.may_do_duties(slot) {
            return Vec::new();
        }
        match self.store.produce_block(slot, proposer, &*self.proofs) {
            Ok(produced) => {
                self.unsigned_block = Some((slot, produced.root()));
                vec![Effect::SignBlock(Box::new(produced))]
            }
            Err(rejection) => {
                self.count(rejection.name());
                tracing::warn!(slot, %rejection, "no block was proposed");
                Vec::new()
            }
        }
    }

    /// Votes if the slot's block is there, or else gives it some more time.
    fn vote_or_wait(&mut self, slot: Slot) -> Vec<Effect> {
        let has_duties = !self.role.validators.is_empty() && self.vote_waits_for != Some(slot);
        if !has_duties || !self.may_do_duties(slot) {
            return Vec::new();
        }
        if self.store.newest_block_slot() >= slot {
            return self.vote(slot);
        }
        self.vote_waits_for = Some(slot);
        vec![Effect::VoteAfterPatience(slot)]
    }

    /// Votes with all our validators, once in a slot.
    pub(super) fn vote(&mut self, slot: Slot) -> Vec<Effect> {
        self.vote_waits_for = None;
        self.newest_voted_slot = Some(slot);
        self.store.update_head();
        match self.store.produce_attestation_data(slot) {
            Ok(data) => self.role.validators.iter().map(|&validator| Effect::SignVote(validator, data)).collect(),
            Err(rejection) => {
                self.count(rejection.name());
                tracing::warn!(slot, %rejection, "no vote was cast");
                Vec::new()
            }
        }
    }

    fn may_do_duties(&mut self, slot: Slot) -> bool {
        slot >= self.role.first_duty_slot
            && self.gate.allows(slot, self.store.head_slot(), self.store.newest_block_slot())
    }
}
