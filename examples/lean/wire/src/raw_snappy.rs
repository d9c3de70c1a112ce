//! Raw snappy blocks, the compression of gossip payloads.

use crate::{MAX_PAYLOAD_SIZE, WireError};

/// The most compressed bytes of an acceptable gossip payload: [`MAX_PAYLOAD_SIZE`] incompressible
/// bytes in snappy's encoding.
pub const MAX_COMPRESSED_SIZE: usize = max_compressed_size(MAX_PAYLOAD_SIZE);

/// Returns the most compressed bytes of `size` decompressed bytes.
#[must_use]
pub const fn max_compressed_size(size: usize) -> usize {
    32 + size + size / 6
}

/// Compresses `ssz` into one raw snappy block.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] if `ssz` is longer than [`MAX_PAYLOAD_SIZE`]. Every peer would
/// refuse it.
pub fn compress(ssz: &[u8]) -> Result<Vec<u8>, WireError> {
    if ssz.len() > MAX_PAYLOAD_SIZE {
        return Err(WireError::TooLarge(ssz.len() as u64));
    }
    snap::raw::Encoder::new().compress_vec(ssz).map_err(|_| WireError::TooLarge(ssz.len() as u64))
}

/// Decompresses one raw snappy block of at most [`MAX_PAYLOAD_SIZE`] bytes.
///
/// # Errors
///
/// Returns the errors of [`decompress_at_most`].
pub fn decompress(compressed: &[u8]) -> Result<Vec<u8>, WireError> {
    decompress_at_most(compressed, MAX_PAYLOAD_SIZE)
}

/// Decompresses one raw snappy block of at most `most` bytes.
///
/// Both lengths are checked before anything is decompressed.
///
/// # Errors
///
/// Returns the errors of [`declared_size`], otherwise [`WireError::NotSnappy`].
pub fn decompress_at_most(compressed: &[u8], most: usize) -> Result<Vec<u8>, WireError> {
    declared_size(compressed, most)?;
    snap::raw::Decoder::new().decompress_vec(compressed).map_err(|_| WireError::NotSnappy)
}

/// Returns the number of decompressed bytes declared in the header of a raw snappy block, without
/// decompressing it.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] if the declared size is over `most`, or the block is longer than
/// `most` bytes compress to. Returns [`WireError::NotSnappy`] if the header is invalid.
pub fn declared_size(compressed: &[u8], most: usize) -> Result<usize, WireError> {
    if compressed.len() > max_compressed_size(most) {
        return Err(WireError::TooLarge(compressed.len() as u64));
    }
    let declared = snap::raw::decompress_len(compressed).map_err(|_| WireError::NotSnappy)?;
    if declared > most {
        return Err(WireError::TooLarge(declared as u64));
    }
    Ok(declared)
}
