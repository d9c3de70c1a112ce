//! One step of pruning, in a transaction of its own.

use consensus::{Checkpoint, Root, Slot};
use redb::{Database, ReadableDatabase as _, ReadableTable as _};

use super::fault::Fault;
use super::schema;
use super::tables::{BLOCKS, CHAIN, META, SLOTS, STATES, SlotKey, parts_of, slot_key};
use crate::store::{Keep, Pruned};

/// Removes at most `most` entries. Scans from `from` on for blocks of other branches, and moves it
/// behind the scanned slots.
pub(super) fn prune(
    database: &Database,
    keep: Keep,
    most: usize,
    from: &mut Slot,
) -> Result<Pruned, Fault> {
    let Some(Superfluous { blocks, states, scanned_to, is_all }) =
        superfluous(database, keep, most, *from)?
    else {
        return Ok(Pruned { removed: 0, is_done: true });
    };
    let removed = blocks.len() + states.len();
    if removed > 0 {
        let transaction = schema::begin(database)?;
        {
            let mut table = transaction.open_table(BLOCKS)?;
            let mut slots = transaction.open_table(SLOTS)?;
            for (slot, root) in blocks {
                table.remove(&slot_key(slot, &root))?;
                slots.remove(root.as_bytes())?;
            }
            let mut table = transaction.open_table(STATES)?;
            for slot in states {
                table.remove(slot)?;
            }
        }
        transaction.commit()?;
    }
    *from = scanned_to;
    Ok(Pruned { removed, is_done: is_all })
}

/// Entries to remove, at most as many as asked for.
#[derive(Debug, Default)]
struct Superfluous {
    blocks: Vec<(Slot, Root)>,
    states: Vec<Slot>,
    /// The first slot that may have a block of another branch.
    scanned_to: Slot,
    /// Whether there are no others.
    is_all: bool,
}

fn superfluous(
    database: &Database,
    keep: Keep,
    most: usize,
    from: Slot,
) -> Result<Option<Superfluous>, Fault> {
    let transaction = database.begin_read()?;
    let Some(finalized) = schema::finalized(&transaction.open_table(META)?)? else {
        return Ok(None);
    };
    let mut found = Superfluous { scanned_to: from, is_all: true, ..Superfluous::default() };
    let oldest_kept = keep.blocks_from.min(finalized.slot);
    let blocks = transaction.open_table(BLOCKS)?;
    let chain = transaction.open_table(CHAIN)?;

    let old = slot_key(oldest_kept, &Root::ZERO);
    for entry in blocks.range::<&SlotKey>(..&old)? {
        if !found.has_room(most) {
            return Ok(Some(found));
        }
        found.blocks.push(parts_of(entry?.0.value()));
    }
    let first = slot_key(from.max(oldest_kept), &Root::ZERO);
    let end = slot_key(finalized.slot.saturating_add(1), &Root::ZERO);
    if first < end {
        for entry in blocks.range::<&SlotKey>(&first..&end)? {
            let (slot, root) = parts_of(entry?.0.value());
            // The slots before this one have no block of another branch left after this step.
            found.scanned_to = slot;
            let is_final = chain.get(slot)?.is_some_and(|kept| *kept.value() == *root.as_bytes());
            if is_final {
                continue;
            }
            if !found.has_room(most) {
                return Ok(Some(found));
            }
            found.blocks.push((slot, root));
        }
        found.scanned_to = finalized.slot.saturating_add(1);
    }
    let states = transaction.open_table(STATES)?;
    let mut last_span = None;
    for entry in states.iter()? {
        let slot = entry?.0.value();
        if is_kept(slot, finalized, keep, &mut last_span) {
            continue;
        }
        if !found.has_room(most) {
            return Ok(Some(found));
        }
        found.states.push(slot);
    }
    Ok(Some(found))
}

impl Superfluous {
    /// Returns whether another entry has room. If not, there are others.
    fn has_room(&mut self, most: usize) -> bool {
        self.is_all = self.blocks.len() + self.states.len() < most;
        self.is_all
    }
}

/// Returns whether a state is the newest one, or the first one of its span.
fn is_kept(slot: Slot, finalized: Checkpoint, keep: Keep, last_span: &mut Option<Slot>) -> bool {
    if slot == finalized.slot {
        return true;
    }
    let span = slot / Keep::SPAN;
    slot >= keep.states_from && last_span.replace(span) != Some(span)
}
