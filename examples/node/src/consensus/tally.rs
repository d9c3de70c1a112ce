//! Counting a block's votes: justification, and finalization by the rules of 3SF-mini.

use std::collections::{BTreeMap, HashSet};

use crate::consensus::attestation::{AggregatedAttestation, validator_indices};
use crate::consensus::checkpoint::Checkpoint;
use crate::consensus::constants::MAX_ATTESTATIONS_DATA;
use crate::consensus::rejection::Rejection;
use crate::consensus::root::Root;
use crate::consensus::slot::{Slot, is_justifiable_after, justified_index_after};
use crate::consensus::state::{BlockRoots, JustificationsValidators, JustifiedSlots, State, is_slot_justified};

/// Counts a block's votes in the state (`process_attestations`).
///
/// A vote that cannot count is passed over; only what no honest proposer writes refuses the block.
///
/// # Errors
///
/// [`Rejection::TooManyAttestationData`], [`Rejection::JustifiedSlotOutOfRange`],
/// [`Rejection::EmptyAggregationBits`] or [`Rejection::ValidatorIndexOutOfRange`], or
/// [`Rejection::HistoricalRootsLimitExceeded`] for a state with more tallies than a chain can have; the state is then as
/// it was.
pub(crate) fn process_attestations(state: &mut State, attestations: &[AggregatedAttestation]) -> Result<(), Rejection> {
    let distinct: HashSet<_> = attestations.iter().map(|attestation| &attestation.data).collect();
    if distinct.len() > MAX_ATTESTATIONS_DATA {
        return Err(Rejection::TooManyAttestationData);
    }
    let mut tally = Tally::unpack(state);
    for attestation in attestations {
        tally.count(attestation)?;
    }
    tally.pack()?.store_in(state);
    Ok(())
}

/// The part of a state that votes change, in a form that is easy to change.
struct Tally<'a> {
    history: &'a [Root],
    validators: usize,
    justified: Checkpoint,
    finalized: Checkpoint,
    /// One for each slot after the finalized one.
    justified_slots: Vec<bool>,
    /// Who has voted for each candidate root. Sorted, because the state holds them sorted.
    votes: BTreeMap<Root, Vec<bool>>,
}

impl<'a> Tally<'a> {
    fn unpack(state: &'a State) -> Self {
        let validators = state.validators.len();
        let bit = |index| state.justifications_validators.get(index) == Some(true);
        let votes = state
            .justifications_roots
            .iter()
            .enumerate()
            .map(|(place, root)| (*root, (place * validators..(place + 1) * validators).map(bit).collect()));
        let justified_slots =
            (0..state.justified_slots.len()).map(|index| state.justified_slots.get(index) == Some(true));
        Self {
            history: &state.historical_block_hashes,
            validators,
            justified: state.latest_justified,
            finalized: state.latest_finalized,
            justified_slots: justified_slots.collect(),
            votes: votes.collect(),
        }
    }

    fn count(&mut self, attestation: &AggregatedAttestation) -> Result<(), Rejection> {
        let data = &attestation.data;
        if !self.is_slot_justified(data.source.slot)?
            || self.is_slot_justified(data.target.slot)?
            || !data.lies_on_chain(self.history)
            || data.target.slot <= data.source.slot
            || !is_justifiable_after(data.target.slot, self.finalized.slot)
        {
            return Ok(());
        }

        let voters: Vec<usize> = validator_indices(&attestation.aggregation_bits).map(|index| index as usize).collect();
        if voters.is_empty() {
            return Err(Rejection::EmptyAggregationBits);
        }
        if voters.iter().any(|voter| *voter >= self.validators) {
            return Err(Rejection::ValidatorIndexOutOfRange);
        }
        let votes = self.votes.entry(data.target.root).or_insert_with(|| vec![false; self.validators]);
        for voter in voters {
            votes[voter] = true;
        }
        if 3 * votes.iter().filter(|vote| **vote).count() >= 2 * self.validators {
            self.justify(data.source, data.target);
        }
        Ok(())
    }

    /// Justifies a target, and finalizes its source when nothing in between could have been justified.
    fn justify(&mut self, source: Checkpoint, target: Checkpoint) {
        // A block may justify its targets out of order, and an earlier one must not drag the checkpoint back.
        self.justified = self.justified.advance_to(target);
        let index = justified_index_after(target.slot, self.finalized.slot)
            .expect("a target that is not justified yet is after the finalized slot");
        self.justified_slots[index as usize] = true;
        self.votes.remove(&target.root);

        let old = self.finalized.slot;
        let adjacent = !(source.slot + 1..target.slot).any(|slot| is_justifiable_after(slot, old));
        if source.slot > old && adjacent {
            self.finalize(source);
        }
    }

    fn finalize(&mut self, source: Checkpoint) {
        let delta = (source.slot - self.finalized.slot) as usize;
        self.finalized = source;
        self.justified_slots.drain(..delta.min(self.justified_slots.len()));
        let history = self.history;
        self.votes.retain(|root, _| {
            let slot = history.iter().rposition(|on_chain| on_chain == root);
            slot.is_some_and(|slot| slot as Slot > source.slot)
        });
    }

    fn is_slot_justified(&self, slot: Slot) -> Result<bool, Rejection> {
        is_slot_justified(|index| self.justified_slots.get(index).copied(), self.finalized.slot, slot)
    }

    /// Fails only for a state that did not come from this transition, with tallies for roots outside of its history.
    fn pack(self) -> Result<Packed, Rejection> {
        let roots: Vec<Root> = self.votes.keys().copied().collect();
        let votes: Vec<bool> = self.votes.into_values().flatten().collect();
        let too_long = |_| Rejection::HistoricalRootsLimitExceeded;
        Ok(Packed {
            justified: self.justified,
            finalized: self.finalized,
            justified_slots: JustifiedSlots::try_from(self.justified_slots).map_err(too_long)?,
            roots: BlockRoots::try_from(roots).map_err(too_long)?,
            votes: JustificationsValidators::try_from(votes).map_err(too_long)?,
        })
    }
}

/// A tally in the state's form, which no longer borrows the state.
struct Packed {
    justified: Checkpoint,
    finalized: Checkpoint,
    justified_slots: JustifiedSlots,
    roots: BlockRoots,
    votes: JustificationsValidators,
}

impl Packed {
    fn store_in(self, state: &mut State) {
        state.latest_justified = self.justified;
        state.latest_finalized = self.finalized;
        state.justified_slots = self.justified_slots;
        state.justifications_roots = self.roots;
        state.justifications_validators = self.votes;
    }
}
