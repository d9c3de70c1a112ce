//! The Status message: the state of a node's chain.

use crate::{Root, WireError};

/// The bytes of an encoded [`Status`].
pub const STATUS_SIZE: usize = 80;

/// The state of a node's chain: its latest finalized checkpoint and its head.
///
/// The specification's `Status`: two checkpoints, each a root and a slot, 80 bytes in SSZ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The root of the latest finalized block.
    pub finalized_root: Root,
    /// The slot of the latest finalized block.
    pub finalized_slot: u64,
    /// The root of the head block.
    pub head_root: Root,
    /// The slot of the head block.
    pub head_slot: u64,
}

impl Status {
    /// Returns the SSZ encoding.
    #[must_use]
    pub fn to_ssz(&self) -> [u8; STATUS_SIZE] {
        let mut ssz = [0; STATUS_SIZE];
        ssz[..32].copy_from_slice(&self.finalized_root);
        ssz[32..40].copy_from_slice(&self.finalized_slot.to_le_bytes());
        ssz[40..72].copy_from_slice(&self.head_root);
        ssz[72..].copy_from_slice(&self.head_slot.to_le_bytes());
        ssz
    }

    /// Reads the SSZ encoding.
    ///
    /// # Errors
    ///
    /// Returns [`WireError::NotSsz`] unless `ssz` has exactly [`STATUS_SIZE`] bytes.
    pub fn from_ssz(ssz: &[u8]) -> Result<Self, WireError> {
        const NOT_STATUS: WireError = WireError::NotSsz("Status");
        if ssz.len() != STATUS_SIZE {
            return Err(NOT_STATUS);
        }
        let (finalized, head) = ssz.split_at(STATUS_SIZE / 2);
        let (finalized_root, finalized_slot) = read_checkpoint(finalized).ok_or(NOT_STATUS)?;
        let (head_root, head_slot) = read_checkpoint(head).ok_or(NOT_STATUS)?;
        Ok(Self { finalized_root, finalized_slot, head_root, head_slot })
    }
}

fn read_checkpoint(ssz: &[u8]) -> Option<(Root, u64)> {
    let (root, slot) = ssz.split_first_chunk()?;
    Some((*root, u64::from_le_bytes(slot.try_into().ok()?)))
}
