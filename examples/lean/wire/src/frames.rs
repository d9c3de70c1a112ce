//! The snappy frame format, the compression of requests and responses.
//!
//! A framed payload is a stream identifier followed by chunks. Each chunk has a type byte, a 3-byte
//! length and a checksum. The format has no end mark; the end follows from the length prefix in
//! front of the payload, in decompressed bytes. A reader of a stream therefore reads chunk by chunk
//! and adds up their decompressed sizes with [`ChunkHeader`].

use std::io::{Read, Write};

use crate::{MAX_PAYLOAD_SIZE, WireError};

/// The first chunk of every framed payload.
pub const STREAM_IDENTIFIER: [u8; 10] = *b"\xff\x06\x00\x00sNaPpY";

/// The bytes of a chunk's type and length.
pub const HEADER_SIZE: usize = 4;

/// The bytes of the checksum at the beginning of a data chunk's body.
const CHECKSUM_SIZE: usize = 4;

/// The longest valid chunk body: 64 KiB of incompressible bytes in snappy's encoding, and a
/// checksum.
const MAX_BODY_SIZE: usize = 76_490 + CHECKSUM_SIZE;

/// Returns the most framed bytes for `declared` decompressed bytes.
///
/// The specification's bound: snappy's worst case and 1 KiB.
#[must_use]
pub fn max_framed_size(declared: usize) -> usize {
    declared + declared / 6 + 1024
}

/// The header of a chunk: its type and the length of its body.
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
    /// Returns [`WireError::NotSnappy`] for the reserved types 0x02 to 0x7f, because a decoder must
    /// not skip them, and for a body longer than any valid one.
    pub fn read(bytes: [u8; HEADER_SIZE]) -> Result<Self, WireError> {
        let [kind, low, middle, high] = bytes;
        let body_size = u32::from_le_bytes([low, middle, high, 0]) as usize;
        let reserved = (0x02..=0x7f).contains(&kind);
        if reserved || body_size > MAX_BODY_SIZE {
            return Err(WireError::NotSnappy);
        }
        Ok(Self { kind, body_size })
    }

    /// Returns the number of bytes after the header.
    #[must_use]
    pub fn body_size(self) -> usize {
        self.body_size
    }

    /// Returns the decompressed size declared in the chunk's `body`, or 0 for a chunk without data.
    ///
    /// # Errors
    ///
    /// Returns [`WireError::NotSnappy`] if a data chunk is too short for its checksum or its snappy
    /// block has no valid length.
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
/// An empty `ssz` results in the stream identifier alone, as in the specification's encoder.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] if `ssz` is longer than [`MAX_PAYLOAD_SIZE`].
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
    let mut encoder =
        snap::write::FrameEncoder::new(Vec::with_capacity(ssz.len() / 2 + HEADER_SIZE));
    encoder.write_all(ssz).expect("a vector takes every write");
    Ok(encoder.into_inner().expect("a vector takes every write"))
}

/// Decompresses frames to at most `limit` bytes.
///
/// # Errors
///
/// Returns [`WireError::Truncated`] without a stream identifier, [`WireError::TooLarge`] for more
/// than `limit` decompressed bytes, and [`WireError::NotSnappy`] if a chunk or its checksum is
/// wrong or cut short.
pub fn decompress(framed: &[u8], limit: usize) -> Result<Vec<u8>, WireError> {
    if framed.len() < STREAM_IDENTIFIER.len() {
        return Err(WireError::Truncated);
    }
    let mut ssz = Vec::new();
    // One byte over the limit distinguishes "exactly full" from "too much" without reading further.
    snap::read::FrameDecoder::new(framed)
        .take(limit as u64 + 1)
        .read_to_end(&mut ssz)
        .map_err(|_| WireError::NotSnappy)?;
    if ssz.len() > limit {
        return Err(WireError::TooLarge(ssz.len() as u64));
    }
    Ok(ssz)
}
