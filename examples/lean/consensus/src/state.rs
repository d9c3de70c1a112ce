//! The state after a block, and genesis.

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

/// One bit for each slot after the finalized one, set when the slot is justified.
pub type JustifiedSlots = SszBitlist<HISTORICAL_ROOTS_LIMIT>;

/// The tallies of all candidate roots end to end, one bit for each validator.
pub type JustificationsValidators = SszBitlist<JUSTIFICATION_VALIDATORS_LIMIT>;

/// What all nodes of a chain agree on from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct GenesisConfig {
    /// When slot 0 begins, in Unix seconds.
    pub genesis_time: u64,
}

/// What a chain has agreed on after one of its blocks.
///
/// States of a chain share their registry and most of their history, whose hashes are kept; so a clone, and the root
/// after a block, cost what votes have changed and little else.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct State {
    /// The chain's configuration.
    pub config: GenesisConfig,
    /// The slot that the state has been advanced to.
    pub slot: Slot,
    /// The newest block's header.
    pub latest_block_header: BlockHeader,
    /// The newest justified checkpoint.
    pub latest_justified: Checkpoint,
    /// The newest finalized checkpoint.
    pub latest_finalized: Checkpoint,
    /// The root of each slot's block before the newest one; zero where a slot has none.
    pub historical_block_hashes: BlockRoots,
    /// Which slots after the finalized one are justified; bit 0 is the first of them.
    pub justified_slots: JustifiedSlots,
    /// All validators.
    pub validators: Validators,
    /// The roots that votes are being counted for, sorted.
    pub justifications_roots: BlockRoots,
    /// Who has voted for each of them.
    pub justifications_validators: JustificationsValidators,
}

impl State {
    /// Says whether a slot is justified, or finalized, as this state sees it.
    ///
    /// # Errors
    ///
    /// [`Rejection::JustifiedSlotOutOfRange`] when the slot is past those that the state tracks.
    pub fn is_slot_justified(&self, slot: Slot) -> Result<bool, Rejection> {
        is_slot_justified(|index| self.justified_slots.get(index), self.latest_finalized.slot, slot)
    }
}

/// Looks a slot up in bits that start after the finalized slot; finalized slots are justified.
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

/// Makes the state that a chain starts from, and its block, which names that state.
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
