//! The passing of time: the store's intervals, and the duties in them.

use crate::effect::Effect;
use crate::state::ChainState;
use consensus::{INTERVALS_PER_SLOT, Interval, Slot};

/// Intervals until a request for blocks counts as lost.
const FETCH_PATIENCE: Interval = 25;

/// Intervals until a verification counts as lost.
const VERIFICATION_PATIENCE: Interval = 25;

/// The interval of a slot with the aggregation of its votes.
const AGGREGATION: Interval = 2;

/// The interval of a slot in which the new votes are counted.
const ACCEPTANCE: Interval = 4;

impl ChainState {
    /// Begins in the middle of the chain. The intervals before this node's time do not count as
    /// missed.
    pub(crate) fn begin_at(&mut self, now: Interval) -> Vec<Effect> {
        self.base.store.skip_to(now.saturating_sub(INTERVALS_PER_SLOT));
        self.tick(now)
    }

    /// Does the work of the interval that has begun, and of the missed ones before it.
    ///
    /// | delay | the store's work | our validators' duties |
    /// |---|---|---|
    /// | none | this interval | this interval's |
    /// | up to a slot | each of the (at most 5) intervals since, in order | those still due |
    /// | more | the last 5 intervals; the others are left out and counted | those still due |
    ///
    /// Nothing is lost by leaving intervals out: the last slot's intervals count all votes
    /// received, and compute the head and the safe target again (the specification's `_tick_to`). A
    /// block is proposed in interval 0 or not at all. Votes are cast once in a slot, from interval
    /// 1 on, also late. An interval does not begin twice after the clock was set back: the store's
    /// time stands still until the clock has caught up.
    pub fn tick(&mut self, now: Interval) -> Vec<Effect> {
        if now < self.base.now() || (now == self.base.now() && now > 0) {
            return Vec::new();
        }
        let left_out = (now - self.base.now()).saturating_sub(INTERVALS_PER_SLOT);
        if left_out > 0 {
            self.base.counters.missed_intervals += left_out;
            self.base.store.skip_to(now - INTERVALS_PER_SLOT);
        }
        let (slot, interval) = (now / INTERVALS_PER_SLOT, now % INTERVALS_PER_SLOT);
        let finalized = self.base.store.latest_finalized();
        self.advance(now.saturating_sub(1));
        if interval == 0 {
            self.blocks.records.forgive(slot);
            self.history.forget_unservable(slot);
            let late =
                if self.keeping.is_on() { self.base.store.uncounted_votes() } else { Vec::new() };
            self.duties.propose(slot, &mut self.base);
            if self.base.now() == now {
                // A block was produced. It has counted the votes since the last acceptance. A
                // failed production restores the store's time.
                self.keeping.votes(late);
            }
        }
        self.advance(now);
        if self.base.store.latest_finalized() != finalized {
            self.base.counters.meters.finalizations += 1;
            self.base.store.prune_stale_attestation_data();
            self.forget_finalized();
        }
        self.blocks.use_early(&mut self.sync, &mut self.base);
        if interval >= 1 {
            self.duties.vote_or_wait(slot, &mut self.base);
        }
        self.give_up_overdue(now.saturating_sub(VERIFICATION_PATIENCE));
        self.base.fork_choice_moved();
        self.sync.expire(now.saturating_sub(FETCH_PATIENCE), now);
        self.continue_sync();
        self.base.effects.publish_snapshot();
        self.end_turn()
    }

    /// Votes without the slot's block, if it has still not arrived.
    pub(crate) fn vote_anyway(&mut self, slot: Slot) -> Vec<Effect> {
        self.duties.vote_if_waiting(slot, &mut self.base);
        self.end_turn()
    }

    /// Advances the store's time interval by interval. An aggregation starts in its interval, and
    /// its proofs are made by the prover.
    fn advance(&mut self, to: Interval) {
        let Self { base, keeping, proving, .. } = self;
        while base.now() < to {
            if keeping.is_on() && (base.now() + 1) % INTERVALS_PER_SLOT == ACCEPTANCE {
                keeping.votes(base.store.uncounted_votes());
            }
            base.store.tick_interval(false, false, &*base.proofs);
            if base.now() % INTERVALS_PER_SLOT != AGGREGATION {
                continue;
            }
            if base.role.is_aggregator {
                proving.aggregate(base);
            } else {
                base.counters.meters.rounds_not_aggregator += 1;
            }
        }
    }
}
