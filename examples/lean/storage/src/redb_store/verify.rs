//! The check of everything in a store, for an operator.

use std::collections::HashMap;

use consensus::{Checkpoint, Root, Slot};
use redb::{ReadTransaction, ReadableTable as _, ReadableTableMetadata as _};

use super::fault::Fault;
use super::read::{block_at, decoded_block, state_at};
use super::tables::{BLOCKS, CHAIN, SLOTS, STATES, parts_of};
use crate::progress::Progress;

/// The checked entries of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The blocks, each with the root that it is stored under.
    pub blocks: u64,
    /// The blocks of the finalized chain that name the block before them.
    pub links: u64,
    /// The states, each with the root in its block.
    pub states: u64,
}

/// Checks all blocks, the links of the finalized chain, and all states. `progress` receives the
/// checked blocks.
pub(super) fn verify(
    transaction: &ReadTransaction,
    progress: &Progress,
) -> Result<Verified, Fault> {
    let mut verified = Verified::default();
    let mut parents: HashMap<Root, Root> = HashMap::new();
    let blocks = transaction.open_table(BLOCKS)?;
    let slots = transaction.open_table(SLOTS)?;
    let all = blocks.len()?;
    for entry in blocks.iter()? {
        let (key, bytes) = entry?;
        let (slot, root) = parts_of(key.value());
        let block = decoded_block(Checkpoint { root, slot }, bytes.value())?;
        let is_found = slots.get(root.as_bytes())?.is_some_and(|kept| kept.value() == slot);
        if !is_found {
            return Err(Fault::damaged(format!("block {root} is stored under a wrong slot")));
        }
        parents.insert(root, block.block.parent_root);
        verified.blocks += 1;
        progress.at(verified.blocks, all);
    }
    let mut before: Option<Root> = None;
    for entry in transaction.open_table(CHAIN)?.iter()? {
        let (slot, root) = entry?;
        let root = Root::new(*root.value());
        // The parent of a pruned block is not known any more.
        if let (Some(before), Some(parent)) = (before, parents.get(&root)) {
            if *parent != before {
                let slot = slot.value();
                return Err(Fault::damaged(format!(
                    "the finalized chain is broken in slot {slot}"
                )));
            }
            verified.links += 1;
        }
        before = Some(root);
    }
    for entry in transaction.open_table(STATES)?.iter()? {
        let slot = entry?.0.value();
        verify_state(transaction, slot)?;
        verified.states += 1;
    }
    Ok(verified)
}

fn verify_state(transaction: &ReadTransaction, slot: Slot) -> Result<(), Fault> {
    let damaged =
        || Fault::damaged(format!("the state of slot {slot} is not the one in its block"));
    let root = transaction.open_table(CHAIN)?.get(slot)?.ok_or_else(damaged)?;
    let place = Checkpoint { root: Root::new(*root.value()), slot };
    let state = state_at(transaction, slot)?.ok_or_else(damaged)?;
    match block_at(transaction, place)? {
        Some(block) if block.block.state_root != Root::of(&state) => Err(damaged()),
        _ => Ok(()),
    }
}
