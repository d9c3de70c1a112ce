//! The wire formats between Lean clients, byte by byte: no sockets, no libp2p.
//!
//! ```text
//! gossip    topic name + raw snappy(ssz)                             topic, raw_snappy, message_id
//! request   varint(ssz length) + snappy frames(ssz)                  payload, frames, varint
//! response  chunk*  where chunk = code + varint(length) + frames     response
//! ```
//!
//! The size of all input from a peer is bounded before memory is allocated for it:
//! [`MAX_PAYLOAD_SIZE`] decompressed bytes per payload, and snappy's worst case of compressed
//! bytes.

pub mod frames;
pub mod gossip_rpc;
pub mod message_id;
pub mod payload;
pub mod raw_snappy;
pub mod request;
pub mod response;
pub mod status;
pub mod topic;
pub mod varint;

/// The most decompressed bytes of one gossip message, request or response chunk: 10 MiB.
///
/// The specification's `MAX_PAYLOAD_SIZE`.
pub const MAX_PAYLOAD_SIZE: usize = 10 * 1024 * 1024;

/// The most blocks asked for by one request, and so the most chunks of an answer.
///
/// The specification's `MAX_REQUEST_BLOCKS`.
pub const MAX_REQUEST_BLOCKS: usize = 1024;

/// The number of slots before the current one for which a node answers requests for ranges.
///
/// The specification's `MIN_SLOTS_FOR_BLOCK_REQUESTS`. A range with an earlier start is
/// unavailable.
pub const MIN_SLOTS_FOR_BLOCK_REQUESTS: u64 = 3600;

/// A 32-byte hash tree root.
pub type Root = [u8; 32];

/// The reason why a peer's bytes violate the specification.
///
/// No variant is a fault of the local node. The message is refused as a whole, so no partial result
/// remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends early.
    #[error("the message is truncated")]
    Truncated,
    /// A variable-length integer has more than ten bytes, or more than 64 bits.
    #[error("a length prefix does not fit in 64 bits")]
    VarintTooLong,
    /// The declared or actual number of decompressed bytes is over [`MAX_PAYLOAD_SIZE`].
    #[error("{0} bytes are more than a payload may hold")]
    TooLarge(u64),
    /// The decompressed bytes are fewer or more than the length prefix declared.
    #[error("the payload is not as long as declared")]
    LengthMismatch,
    /// The bytes are not snappy, or their checksum is wrong.
    #[error("the payload is not valid snappy")]
    NotSnappy,
    /// The bytes are not the protobuf of a gossipsub RPC.
    #[error("the message is not a gossipsub RPC")]
    NotProtobuf,
    /// The payload is not valid SSZ of the protocol's type.
    #[error("the payload is not a valid {0}")]
    NotSsz(&'static str),
}
