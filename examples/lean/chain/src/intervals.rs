//! Time passes: the store's intervals, and our validators' duties in them.

use crate::effect::Effect;
use crate::state::ChainState;
use consensus::{INTERVALS_PER_SLOT, Interval, Slot, proposer_for_slot};

/// How many intervals a request for blocks may take before its outcome counts as lost.
const FETCH_PATIENCE: Interval = 25;

/// How many intervals a verification may take before its outcome counts as lost.
const VERIFICATION_PATIENCE: Interval = 25;

/// The interval of a slot in which aggregators prove its votes.
const AGGREGATION: Interval = 2;

impl ChainState {
    /// Begins in the middle of the chain. What was before this node's time was not missed by it.
    pub(crate) fn begin_at(&mut self, now: Interval) -> Vec<Effect> {
        self.store.skip_to(now.saturating_sub(INTERVALS_PER_SLOT));
        self.interval(now)
    }

    /// Does what the interval that has begun asks for, and what the ones before it did if they were missed.
    ///
    /// | how late | what the store does | what our validators do |
    /// |---|---|---|
    /// | in time | this interval | this interval's duties |
    /// | by up to a slot (5 intervals to do at most) | each interval on the way, in order | what this slot still asks for |
    /// | by more | the last 5 intervals; the others are left out and counted | the same |
    ///
    /// Leaving out loses nothing: votes that have come are counted by the last slot's intervals, and the head and the safe
    /// target are found anew (the specification's `_tick_to`). A block is proposed in interval 0 or not at all; votes are
    /// cast once in a slot, from interval 1 on, also late. An interval that has begun before, because the clock was set
    /// back, is not begun again: time stands until the clock has caught up.
    pub fn interval(&mut self, now: Interval) -> Vec<Effect> {
        if now < self.store.time() || (now == self.store.time() && now > 0) {
            return Vec::new();
        }
        let left_out = (now - self.store.time()).saturating_sub(INTERVALS_PER_SLOT);
        if left_out > 0 {
            self.missed_intervals += left_out;
            self.store.skip_to(now - INTERVALS_PER_SLOT);
        }
        let (slot, interval) = (now / INTERVALS_PER_SLOT, now % INTERVALS_PER_SLOT);
        let finalized = self.store.latest_finalized();
        let mut effects = self.advance(now.saturating_sub(1));
        if interval == 0 {
            self.forget_unservable(slot);
            effects.extend(self.propose(slot));
        }
        effects.extend(self.advance(now));
        if self.store.latest_finalized() != finalized {
            self.store.prune_stale_attestation_data();
            self.forget_finalized();
        }
        if interval >= 1 && self.newest_voted_slot.is_none_or(|voted| voted < slot) {
            effects.extend(self.vote_or_wait(slot));
        }
        effects.extend(self.give_up_overdue(now.saturating_sub(VERIFICATION_PATIENCE)));
        self.fork_choice_moved();
        self.sync.expire(now.saturating_sub(FETCH_PATIENCE), now);
        effects.extend(self.fetch());
        effects.push(Effect::Publish);
        effects
    }

    /// Advances the store's time interval by interval. Aggregation is begun at its interval, and proved elsewhere.
    fn advance(&mut self, to: Interval) -> Vec<Effect> {
        let mut effects = Vec::new();
        while self.store.time() < to {
            self.store.tick_interval(false, false, &*self.proofs);
            if self.role.is_aggregator && self.store.time() % INTERVALS_PER_SLOT == AGGREGATION {
                effects.extend(self.aggregate());
            }
        }
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
        if self.store.tree().newest_slot() >= slot {
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
        self.fork_choice_moved();
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
            && self.gate.allows(slot, self.store.head_slot(), self.store.tree().newest_slot())
    }
}
