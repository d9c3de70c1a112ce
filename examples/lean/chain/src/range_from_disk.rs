//! The answer to a request for a range of slots, with blocks from the disk.

use std::iter;
use std::ops::Range;
use std::sync::Arc;

use consensus::{SignedBlock, Slot};
use storage::{ReadChain, StorageError};

/// The blocks read from the disk at once. The answer may end before the range does, so few blocks
/// are in memory.
const READ_AT_ONCE: usize = 16;

/// Returns the blocks of a range: those on the disk in `on_disk`, then `rest`. Each block is the
/// child of the one before, because a peer takes a hole for a denial, or for a broken chain. So the
/// answer begins after the newest block that is missing or has no proof.
///
/// # Errors
///
/// Returns the reason for the peer if nothing is left, or if the disk cannot be read.
pub(crate) fn range_from_disk(
    reader: Arc<dyn ReadChain>,
    on_disk: Range<Slot>,
    rest: Vec<Arc<SignedBlock>>,
) -> Result<impl Iterator<Item = Arc<SignedBlock>>, &'static str> {
    let gap = reader.gaps(on_disk.clone(), 1).map_err(|error| unreadable(&error))?.pop();
    let slots = gap.map_or(on_disk.start, |gap| gap.slot + 1)..on_disk.end;
    let mut blocks = read_blocks(reader, slots).chain(rest.into_iter().map(Ok)).peekable();
    match blocks.peek() {
        Some(Err(error)) => return Err(unreadable(error)),
        None if gap.is_some() => return Err("the requested slots are before this node's history"),
        Some(Ok(_)) | None => {}
    }
    Ok(blocks.map_while(|block| block.inspect_err(|error| _ = unreadable(error)).ok()))
}

/// Reads the finalized blocks of some slots, a few at a time, up to the first fault.
fn read_blocks(
    reader: Arc<dyn ReadChain>,
    mut slots: Range<Slot>,
) -> impl Iterator<Item = Result<Arc<SignedBlock>, StorageError>> {
    let mut read = Vec::new().into_iter();
    iter::from_fn(move || {
        if read.len() == 0 && !slots.is_empty() {
            match reader.blocks(slots.clone(), READ_AT_ONCE) {
                Ok(blocks) => {
                    slots.start = blocks.last().map_or(slots.end, |last| last.block.slot + 1);
                    read = blocks.into_iter();
                }
                Err(error) => {
                    slots.start = slots.end;
                    return Some(Err(error));
                }
            }
        }
        read.next().map(Ok)
    })
}

fn unreadable(error: &StorageError) -> &'static str {
    tracing::error!(%error, "a range was not served");
    "the history cannot be read"
}
