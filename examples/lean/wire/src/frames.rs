//! The snappy frame format, the compression of requests and responses.
//!
//! A payload of frames is a stream identifier and then chunks, each with a type byte, a 3-byte length and a checksum.
//! Nothing in it says where it ends; the length prefix in front of it does, in decompressed bytes. So a reader of a
//! stream goes from chunk to chunk and asks [`ChunkHeader`] how much each adds.

use std::io::{Read, Write};

use crate::{MAX_PAYLOAD_SIZE, WireError};

/// The chunk that every payload of frames begins with.
pub const STREAM_IDENTIFIER: [u8; 10] = *b"\xff\x06\x00\x00sNaPpY";

/// The bytes of a chunk's type and length.
pub const HEADER_SIZE: usize = 4;

/// The bytes of the checksum at the front of a data chunk's body.
const CHECKSUM_SIZE: usize = 4;

/// The longest chunk body that can be valid: what snappy makes of 64 KiB that it cannot compress, and a checksum.
const MAX_BODY_SIZE: usize = 76_490 + CHECKSUM_SIZE;

/// Returns the most bytes of frames that `declared` decompressed bytes may arrive in.
///
/// The specification's bound: snappy's worst case and 1 KiB.
#[must_use]
pub fn max_framed_size(declared: usize) -> usize {
    declared + declared / 6 + 1024
}

/// The front of a chunk: what it is and how long its body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkHeader {
    kind: u8,
    body_size: usize,
}

impl ChunkHeader {
    /// Reads the type and the length of a chunk.
    ///
    /// # Errors
    ///
    /// [`WireError::NotSnappy`] for a type that a decoder must not skip (0x02 to 0x7f) and for a body longer than any
    /// valid one.
    pub fn read(bytes: [u8; HEADER_SIZE]) -> Result<Self, WireError> {
        let [kind, low, middle, high] = bytes;
        let body_size = u32::from_le_bytes([low, middle, high, 0]) as usize;
        let reserved = (0x02..=0x7f).contains(&kind);
        if reserved || body_size > MAX_BODY_SIZE {
            return Err(WireError::NotSnappy);
        }
        Ok(Self { kind, body_size })
    }

    /// Returns the number of bytes that follow the header.
    #[must_use]
    pub fn body_size(self) -> usize {
        self.body_size
    }

    /// Returns how many decompressed bytes the chunk with this `body` says it holds; 0 for one that holds no data.
    ///
    /// # Errors
    ///
    /// [`WireError::NotSnappy`] when a data chunk has no room for its checksum or its snappy block has no valid length.
    pub fn decompressed_size(self, body: &[u8]) -> Result<usize, WireError> {
        let data = || body.get(CHECKSUM_SIZE..).ok_or(WireError::NotSnappy);
        match self.kind {
            0x00 => snap::raw::decompress_len(data()?).map_err(|_| WireError::NotSnappy),
            0x01 => Ok(data()?.len()),
            _ => Ok(0),
        }
    }
}

/// Compresses `ssz` into frames.
///
/// Nothing at all becomes the stream identifier alone, as the specification's encoder has it.
///
/// # Errors
///
/// [`WireError::TooLarge`] when `ssz` is longer than [`MAX_PAYLOAD_SIZE`].
///
/// # Panics
///
/// Never: writing into memory does not fail.
pub fn compress(ssz: &[u8]) -> Result<Vec<u8>, WireError> {
    if ssz.len() > MAX_PAYLOAD_SIZE {
        return Err(WireError::TooLarge(ssz.len() as u64));
    }
    if ssz.is_empty() {
        return Ok(STREAM_IDENTIFIER.to_vec());
    }
    let mut encoder = snap::write::FrameEncoder::new(Vec::with_capacity(ssz.len() / 2 + HEADER_SIZE));
    encoder.write_all(ssz).expect("a vector takes every write");
    Ok(encoder.into_inner().expect("a vector takes every write"))
}

/// Decompresses frames to at most `limit` bytes.
///
/// # Errors
///
/// [`WireError::Truncated`] without a stream identifier, [`WireError::TooLarge`] when more than `limit` bytes come out,
/// [`WireError::NotSnappy`] when a chunk or its checksum is wrong or cut short.
pub fn decompress(framed: &[u8], limit: usize) -> Result<Vec<u8>, WireError> {
    if framed.len() < STREAM_IDENTIFIER.len() {
        return Err(WireError::Truncated);
    }
    let mut ssz = Vec::new();
    // One byte past the limit tells "exactly full" from "too much" without reading on.
    snap::read::FrameDecoder::new(framed)
        .take(limit as u64 + 1)
        .read_to_end(&mut ssz)
        .map_err(|_| WireError::NotSnappy)?;
    if ssz.len() > limit {
        return Err(WireError::TooLarge(ssz.len() as u64));
    }
    Ok(ssz)
}
