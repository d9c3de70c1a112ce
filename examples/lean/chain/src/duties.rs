//! The duties of our validators: blocks to propose and votes to cast.

use crate::base::Base;
use crate::signer::NotSigned;
use crate::snapshot::NOTES;
use consensus::{DutyGate, Root, Slot, ValidatorIndex, proposer_for_slot};

/// The duties done and pending.
#[derive(Debug, Default)]
pub(super) struct Duties {
    gate: DutyGate,
    /// Our block in the store without a signature yet, with its slot.
    unsigned_block: Option<(Slot, Root)>,
    /// The newest slot with our votes cast or skipped.
    newest_voted_slot: Option<Slot>,
    /// The slot of the block awaited before we vote.
    vote_waits_for: Option<Slot>,
    /// Notes for a person, at most one for each validator, the newest last.
    notes: Vec<String>,
}

impl Duties {
    /// Proposes a block, if the slot's proposer is one of our validators.
    pub(super) fn propose(&mut self, slot: Slot, base: &mut Base) {
        // Slot 0 has the genesis block.
        let proposer =
            proposer_for_slot(slot, base.store.head_state().validators.len()).filter(|_| slot > 0);
        let Some(proposer) = proposer.filter(|proposer| base.role.validators.contains(proposer))
        else {
            return;
        };
        if !self.is_allowed(slot, base) {
            return;
        }
        match base.store.produce_block(slot, proposer, &*base.proofs) {
            Ok(produced) => {
                let payloads = produced.block().body.attestations.len();
                base.counters.meters.blocks_built += 1;
                base.counters.meters.block_payloads.observe(payloads as u64);
                self.unsigned_block = Some((slot, produced.root()));
                base.effects.sign_block(produced);
            }
            Err(rejection) => {
                base.counters.meters.blocks_not_built += 1;
                base.counters.drop_for(rejection.name());
                tracing::warn!(slot, %rejection, "no block was proposed");
            }
        }
    }

    /// Notes the signature of our block. The block now stays in the store.
    pub(super) fn own_block(&mut self) {
        self.unsigned_block = None;
    }

    /// Votes immediately if the slot's block is in the store, and otherwise waits half an interval
    /// for it. Does nothing if the slot's votes are cast.
    pub(super) fn vote_or_wait(&mut self, slot: Slot, base: &mut Base) {
        if self.newest_voted_slot.is_some_and(|voted| voted >= slot) {
            return;
        }
        let has_duties = !base.role.validators.is_empty() && self.vote_waits_for != Some(slot);
        if !has_duties || !self.is_allowed(slot, base) {
            return;
        }
        if base.store.tree().newest_slot() >= slot {
            self.vote(slot, base);
        } else {
            self.vote_waits_for = Some(slot);
            base.effects.vote_anyway(slot);
        }
    }

    /// Votes in this slot if its votes are still waiting for a block: the block is in the store, or
    /// the wait is over.
    pub(super) fn vote_if_waiting(&mut self, slot: Slot, base: &mut Base) {
        if self.vote_waits_for == Some(slot) {
            self.vote(slot, base);
        }
    }

    /// Counts a missed signature, and adds a note.
    pub(super) fn not_signed(
        &mut self,
        validator: ValidatorIndex,
        slot: Slot,
        why: &NotSigned,
        base: &mut Base,
    ) {
        base.counters.drop_for(why.name());
        // A slot's block is signed before its votes, so while a block is unsigned the failure is
        // the block's. It will never be published. Votes for it, and blocks on top of it, would be
        // lost.
        if let Some((_, root)) = self.unsigned_block.take_if(|(of, _)| *of == slot) {
            base.withdraw_block(&root);
        }
        // The newest note of a validator replaces its older one.
        let prefix = format!("validator {validator}: ");
        self.notes.retain(|note| !note.starts_with(&prefix));
        if self.notes.len() == NOTES {
            self.notes.remove(0);
        }
        self.notes.push(format!("{prefix}nothing signed in slot {slot}: {why}"));
        base.effects.publish_snapshot();
    }

    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Votes with all our validators, once in a slot.
    fn vote(&mut self, slot: Slot, base: &mut Base) {
        self.vote_waits_for = None;
        self.newest_voted_slot = Some(slot);
        base.store.update_head();
        base.fork_choice_moved();
        let data = base.store.produce_attestation_data(slot);
        for &validator in &base.role.validators {
            base.effects.sign_vote(validator, data);
        }
    }

    fn is_allowed(&mut self, slot: Slot, base: &Base) -> bool {
        slot >= base.role.first_duty_slot
            && self.gate.allows(slot, base.store.head_slot(), base.store.tree().newest_slot())
    }
}
