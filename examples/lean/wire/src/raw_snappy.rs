//! Raw snappy blocks, the compression of gossip payloads.

use crate::{MAX_PAYLOAD_SIZE, WireError};

/// The most compressed bytes of an acceptable gossip payload: [`MAX_PAYLOAD_SIZE`] incompressible
/// bytes in snappy's encoding.
pub const MAX_COMPRESSED_SIZE: usize = 32 + MAX_PAYLOAD_SIZE + MAX_PAYLOAD_SIZE / 6;

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
/// The declared length is checked before memory is allocated for it.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] if the declared length is over `most`, otherwise
/// [`WireError::NotSnappy`].
pub fn decompress_at_most(compressed: &[u8], most: usize) -> Result<Vec<u8>, WireError> {
    let length = snap::raw::decompress_len(compressed).map_err(|_| WireError::NotSnappy)?;
    if length > most {
        return Err(WireError::TooLarge(length as u64));
    }
    snap::raw::Decoder::new().decompress_vec(compressed).map_err(|_| WireError::NotSnappy)
}
