//! The state after a block, and the genesis state.

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_types::SszBitlist;

use crate::block::{Block, BlockBody, BlockHeader};
use crate::block_roots::BlockRoots;
use crate::checkpoint::Checkpoint;
use crate::constants::{HISTORICAL_ROOTS_LIMIT, JUSTIFICATION_VALIDATORS_LIMIT};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Slot, justified_index_after};
use crate::validator::Validators;

/// One bit per slot after the finalized one, set if the slot is justified.
pub type JustifiedSlots = SszBitlist<HISTORICAL_ROOTS_LIMIT>;

/// The tallies of all candidate roots, concatenated, with one bit per validator each.
pub type JustificationsValidators = SszBitlist<JUSTIFICATION_VALIDATORS_LIMIT>;

/// The configuration agreed on by all nodes of a chain from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct GenesisConfig {
    /// The start of slot 0, in Unix seconds.
    pub genesis_time: u64,
}

/// The agreed state of a chain after one of its blocks.
///
/// States of a chain share their registry and most of their history, including the hashes. The cost
/// of a clone, or of the root after a block, therefore depends almost only on the changes made by
/// votes.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct State {
    /// The chain's configuration.
    pub config: GenesisConfig,
    /// The current slot of the state.
    pub slot: Slot,
    /// The newest block's header.
    pub latest_block_header: BlockHeader,
    /// The newest justified checkpoint.
    pub latest_justified: Checkpoint,
    /// The newest finalized checkpoint.
    pub latest_finalized: Checkpoint,
    /// The root of each slot's block before the newest block, or zero for a slot without a block.
    pub historical_block_hashes: BlockRoots,
    /// The justified slots after the finalized one. Bit 0 is the first slot after it.
    pub justified_slots: JustifiedSlots,
    /// All validators.
    pub validators: Validators,
    /// The candidate roots with votes, sorted.
    pub justifications_roots: BlockRoots,
    /// The voters for each candidate root.
    pub justifications_validators: JustificationsValidators,
}

impl State {
    /// Returns whether a slot is justified or finalized in this state.
    ///
    /// # Errors
    ///
    /// Returns [`Rejection::JustifiedSlotOutOfRange`] if the state does not track the slot yet.
    pub fn is_slot_justified(&self, slot: Slot) -> Result<bool, Rejection> {
        is_slot_justified(|index| self.justified_slots.get(index), self.latest_finalized.slot, slot)
    }

    /// Checks that the tallies can be read: there are validators, each candidate root has one bit
    /// per validator, and no candidate root is the zero hash.
    ///
    /// The transition never produces another state. But a state from elsewhere, such as a
    /// checkpoint, can have any content.
    ///
    /// # Errors
    ///
    /// [`Rejection::EmptyValidatorRegistry`], [`Rejection::JustificationVotesLengthMismatch`] or
    /// [`Rejection::ZeroHashJustificationRoot`], the first one in this order.
    pub fn check_justification_votes(&self) -> Result<(), Rejection> {
        let (roots, validators) = (&self.justifications_roots, self.validators.len());
        if validators == 0 {
            return Err(Rejection::EmptyValidatorRegistry);
        }
        if roots.len().checked_mul(validators) != Some(self.justifications_validators.len()) {
            return Err(Rejection::JustificationVotesLengthMismatch);
        }
        if roots.iter().any(|root| root.is_zero()) {
            return Err(Rejection::ZeroHashJustificationRoot);
        }
        Ok(())
    }
}

/// Looks up a slot in the bits after the finalized slot. Finalized slots count as justified.
pub(crate) fn is_slot_justified(
    bit: impl FnOnce(usize) -> Option<bool>,
    finalized: Slot,
    slot: Slot,
) -> Result<bool, Rejection> {
    let Some(index) = justified_index_after(slot, finalized) else {
        return Ok(true);
    };
    usize::try_from(index).ok().and_then(bit).ok_or(Rejection::JustifiedSlotOutOfRange)
}

/// Returns the initial state of a chain, and its genesis block with the root of that state.
///
/// # Examples
///
/// ```
/// use consensus::{Root, Validators, genesis};
///
/// let (state, block) = genesis(1_700_000_000, Validators::default());
/// assert_eq!(block.state_root, Root::of(&state));
/// assert_eq!(state.slot, 0);
/// ```
pub fn genesis(genesis_time: u64, validators: Validators) -> (State, Block) {
    let body_root = Root::of(&BlockBody::default());
    let state = State {
        config: GenesisConfig { genesis_time },
        latest_block_header: BlockHeader { body_root, ..BlockHeader::default() },
        validators,
        ..State::default()
    };
    let block = Block { state_root: Root::of(&state), ..Block::default() };
    (state, block)
}
