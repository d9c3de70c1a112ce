//! Raw snappy blocks, the compression of gossip payloads.

use crate::{MAX_PAYLOAD_SIZE, WireError};

/// The most compressed bytes that an acceptable gossip payload takes: what snappy makes of [`MAX_PAYLOAD_SIZE`] bytes
/// that it cannot compress.
pub const MAX_COMPRESSED_SIZE: usize = 32 + MAX_PAYLOAD_SIZE + MAX_PAYLOAD_SIZE / 6;

/// Compresses `ssz` into one raw snappy block.
///
/// # Errors
///
/// [`WireError::TooLarge`] when `ssz` is longer than [`MAX_PAYLOAD_SIZE`]: every peer would refuse it.
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
/// Those of [`decompress_at_most`].
pub fn decompress(compressed: &[u8]) -> Result<Vec<u8>, WireError> {
    decompress_at_most(compressed, MAX_PAYLOAD_SIZE)
}

/// Decompresses one raw snappy block of at most `most` bytes.
///
/// The length that the block declares is checked before memory is set aside for it.
///
/// # Errors
///
/// [`WireError::TooLarge`] when the declared length is more than `most`, otherwise [`WireError::NotSnappy`].
pub fn decompress_at_most(compressed: &[u8], most: usize) -> Result<Vec<u8>, WireError> {
    let length = snap::raw::decompress_len(compressed).map_err(|_| WireError::NotSnappy)?;
    if length > most {
        return Err(WireError::TooLarge(length as u64));
    }
    snap::raw::Decoder::new().decompress_vec(compressed).map_err(|_| WireError::NotSnappy)
}
