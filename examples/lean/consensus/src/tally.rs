//! Counts a block's votes: justification, and finalization by the rules of 3SF-mini.

use std::collections::{BTreeMap, HashSet};

use crate::attestation::AggregatedAttestation;
use crate::bits::{BitWriter, words};
use crate::block_roots::BlockRoots;
use crate::checkpoint::Checkpoint;
use crate::constants::MAX_ATTESTATIONS_DATA;
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Slot, is_justifiable_after, justified_index_after};
use crate::state::{JustificationsValidators, JustifiedSlots, State, is_slot_justified};
use crate::voters::Voters;

/// Counts a block's votes in the state (`process_attestations`).
///
/// Votes that cannot count are skipped. Only content never written by an honest proposer rejects
/// the block.
///
/// # Errors
///
/// * [`Rejection::TooManyAttestationData`], [`Rejection::JustifiedSlotOutOfRange`],
///   [`Rejection::EmptyAggregationBits`] or [`Rejection::ValidatorIndexOutOfRange`] for such a
///   block.
/// * A [`Rejection`] of [`State::check_justification_votes`] for a malformed state.
/// * [`Rejection::HistoricalRootsLimitExceeded`] for a state with more tallies than possible on a
///   chain.
///
/// After an error the state is unchanged.
pub(crate) fn process_attestations(
    state: &mut State,
    attestations: &[AggregatedAttestation],
) -> Result<(), Rejection> {
    let distinct: HashSet<_> = attestations.iter().map(|attestation| &attestation.data).collect();
    if distinct.len() > MAX_ATTESTATIONS_DATA {
        return Err(Rejection::TooManyAttestationData);
    }
    state.check_justification_votes()?;
    let mut tally = Tally::unpack(state);
    for attestation in attestations {
        tally.count(attestation)?;
    }
    tally.pack()?.store_in(state);
    Ok(())
}

/// The part of a state changed by votes, in a form that is easy to update.
struct Tally<'a> {
    history: &'a BlockRoots,
    validators: usize,
    justified: Checkpoint,
    finalized: Checkpoint,
    /// One bit per slot after the finalized one.
    justified_slots: JustifiedSlots,
    /// The voters for each candidate root. Sorted, because the state stores the roots sorted.
    votes: BTreeMap<Root, Voters>,
}

impl<'a> Tally<'a> {
    fn unpack(state: &'a State) -> Self {
        let validators = state.validators.len();
        let packed = state.justifications_validators.as_bytes();
        let voters = |place: usize| Voters::of_bits(packed, place * validators, validators);
        Self {
            history: &state.historical_block_hashes,
            validators,
            justified: state.latest_justified,
            finalized: state.latest_finalized,
            justified_slots: state.justified_slots.clone(),
            votes: state.justifications_roots.iter().copied().zip((0..).map(voters)).collect(),
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

        let voters = Voters::of(&attestation.aggregation_bits);
        if voters.is_empty() {
            return Err(Rejection::EmptyAggregationBits);
        }
        if !voters.are_below(self.validators) {
            return Err(Rejection::ValidatorIndexOutOfRange);
        }
        let votes = self.votes.entry(data.target.root).or_default();
        votes.join(&voters);
        if 3 * votes.len() >= 2 * self.validators {
            self.justify(data.source, data.target);
        }
        Ok(())
    }

    /// Justifies a target, and finalizes its source if no slot in between was justifiable.
    fn justify(&mut self, source: Checkpoint, target: Checkpoint) {
        // A block may justify its targets out of order. An earlier target must not move the
        // checkpoint back.
        self.justified = self.justified.advance_to(target);
        let index = justified_index_after(target.slot, self.finalized.slot)
            .expect("a target that is not justified yet is after the finalized slot");
        self.justified_slots.set(index as usize, true).expect("a slot that is asked for has a bit");
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
        self.justified_slots = without_first(&self.justified_slots, delta);
        let history = self.history;
        let newer = source.slot as usize + 1..history.len();
        self.votes
            .retain(|root, _| newer.clone().rev().any(|slot| history.get(slot) == Some(root)));
    }

    fn is_slot_justified(&self, slot: Slot) -> Result<bool, Rejection> {
        is_slot_justified(|index| self.justified_slots.get(index), self.finalized.slot, slot)
    }

    /// Fails only for a state with tallies for roots outside its history. This transition never
    /// produces such a state.
    fn pack(self) -> Result<Packed, Rejection> {
        let mut roots = BlockRoots::default();
        let mut votes = BitWriter::with_capacity(self.votes.len() * self.validators);
        for (root, voters) in &self.votes {
            roots.push(*root).map_err(|_| Rejection::HistoricalRootsLimitExceeded)?;
            votes.append(voters.words(), self.validators);
        }
        Ok(Packed {
            justified: self.justified,
            finalized: self.finalized,
            justified_slots: self.justified_slots,
            roots,
            votes: votes.finish().ok_or(Rejection::HistoricalRootsLimitExceeded)?,
        })
    }
}

fn without_first(bits: &JustifiedSlots, count: usize) -> JustifiedSlots {
    let left = bits.len().saturating_sub(count);
    let mut rest = BitWriter::with_capacity(left);
    rest.append(words(bits.as_bytes(), count, left), left);
    rest.finish().expect("it is shorter than what it was taken from")
}

/// A tally in the form stored in a state. It no longer borrows the state.
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
