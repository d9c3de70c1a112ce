//! What travels between Lean clients, byte by byte: no sockets, no libp2p.
//!
//! ```text
//! gossip    topic name + raw snappy(ssz)                             topic, raw_snappy, message_id
//! request   varint(ssz length) + snappy frames(ssz)                  payload, frames, varint
//! response  chunk*  where chunk = code + varint(length) + frames     response
//! ```
//!
//! Everything that a peer fills is bounded before memory is set aside for it: [`MAX_PAYLOAD_SIZE`] decompressed bytes a
//! payload, and what snappy can make of that compressed.

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

/// The most decompressed bytes that one gossip message, request or response chunk may hold: 10 MiB.
///
/// The specification's `MAX_PAYLOAD_SIZE`.
pub const MAX_PAYLOAD_SIZE: usize = 10 * 1024 * 1024;

/// The most blocks that one request may ask for, and so the most chunks of an answer.
///
/// The specification's `MAX_REQUEST_BLOCKS`.
pub const MAX_REQUEST_BLOCKS: usize = 1024;

/// How many slots before the current one a node answers requests for ranges of.
///
/// The specification's `MIN_SLOTS_FOR_BLOCK_REQUESTS`; a range that begins earlier is unavailable.
pub const MIN_SLOTS_FOR_BLOCK_REQUESTS: u64 = 3600;

/// A 32-byte hash tree root.
pub type Root = [u8; 32];

/// Why bytes from a peer are not what the specification says they should be.
///
/// None of these is the local node's fault, and none leaves anything behind: the message is refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end in the middle of something.
    #[error("the message is truncated")]
    Truncated,
    /// A variable-length integer has more than ten bytes, or more than 64 bits.
    #[error("a length prefix does not fit in 64 bits")]
    VarintTooLong,
    /// More decompressed bytes are declared, or would come out, than [`MAX_PAYLOAD_SIZE`].
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
    /// The SSZ inside is not of the type that the protocol carries.
    #[error("the payload is not a valid {0}")]
    NotSsz(&'static str),
}
