//! The protobuf messages of gossipsub: subscriptions, messages, and control of the mesh.
//!
//! libp2p reads and writes these messages on the node's streams, with its own private definitions.
//! The definitions here are for code that handles the bytes without a swarm: tools, and tests of
//! other clients' messages.

use prost::Message as _;

use crate::{MAX_PAYLOAD_SIZE, WireError, raw_snappy};

/// The most bytes of an RPC accepted for decoding: the largest message, and [`MAX_PAYLOAD_SIZE`]
/// bytes for everything else.
pub const MAX_RPC_SIZE: usize = raw_snappy::MAX_COMPRESSED_SIZE + MAX_PAYLOAD_SIZE;

/// The content of one RPC.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Rpc {
    /// Topics the peer subscribes to or unsubscribes from.
    #[prost(message, repeated, tag = "1")]
    pub subscriptions: Vec<Subscription>,
    /// The messages.
    #[prost(message, repeated, tag = "2")]
    pub publish: Vec<Published>,
    /// Control of the mesh.
    #[prost(message, optional, tag = "3")]
    pub control: Option<Control>,
}

/// A topic the peer subscribes to or unsubscribes from.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Subscription {
    /// `true` to subscribe, `false` to unsubscribe.
    #[prost(bool, optional, tag = "1")]
    pub subscribe: Option<bool>,
    /// The topic's name.
    #[prost(string, optional, tag = "2")]
    pub topic_id: Option<String>,
}

/// A message. Lean's messages have only data and a topic.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Published {
    /// The publisher.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub from: Option<Vec<u8>>,
    /// The payload.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub data: Option<Vec<u8>>,
    /// The message's number among the publisher's messages.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub seqno: Option<Vec<u8>>,
    /// The topic's name.
    #[prost(string, optional, tag = "4")]
    pub topic: Option<String>,
    /// The publisher's signature.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub signature: Option<Vec<u8>>,
    /// The publisher's key.
    #[prost(bytes = "vec", optional, tag = "6")]
    pub key: Option<Vec<u8>>,
}

/// Control of the mesh.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Control {
    /// Messages the peer has.
    #[prost(message, repeated, tag = "1")]
    pub ihave: Vec<IHave>,
    /// Messages the peer wants.
    #[prost(message, repeated, tag = "2")]
    pub iwant: Vec<MessageIds>,
    /// Topics whose mesh the peer adds this node to.
    #[prost(message, repeated, tag = "3")]
    pub graft: Vec<Graft>,
    /// Topics whose mesh the peer removes this node from.
    #[prost(message, repeated, tag = "4")]
    pub prune: Vec<Prune>,
    /// Messages the peer does not want.
    #[prost(message, repeated, tag = "5")]
    pub idontwant: Vec<MessageIds>,
}

/// Messages of one topic on the peer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct IHave {
    /// The topic's name.
    #[prost(string, optional, tag = "1")]
    pub topic_id: Option<String>,
    /// The messages' ids.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub message_ids: Vec<Vec<u8>>,
}

/// A list of message ids, wanted or unwanted by the peer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MessageIds {
    /// The messages' ids.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub message_ids: Vec<Vec<u8>>,
}

/// A topic whose mesh the peer adds this node to.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Graft {
    /// The topic's name.
    #[prost(string, optional, tag = "1")]
    pub topic_id: Option<String>,
}

/// A topic whose mesh the peer removes this node from.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Prune {
    /// The topic's name.
    #[prost(string, optional, tag = "1")]
    pub topic_id: Option<String>,
    /// The number of seconds before this node may ask to be added again.
    #[prost(uint64, optional, tag = "3")]
    pub backoff: Option<u64>,
}

/// Reads an RPC.
///
/// # Errors
///
/// Returns [`WireError::TooLarge`] for more than [`MAX_RPC_SIZE`] bytes. Returns
/// [`WireError::NotProtobuf`] if a length exceeds the remaining bytes, a field has an unknown kind,
/// or a name is not UTF-8.
pub fn decode_rpc(bytes: &[u8]) -> Result<Rpc, WireError> {
    if bytes.len() > MAX_RPC_SIZE {
        return Err(WireError::TooLarge(bytes.len() as u64));
    }
    Rpc::decode(bytes).map_err(|_| WireError::NotProtobuf)
}

/// Returns the encoded RPC, its fields in the order of their numbers.
#[must_use]
pub fn encode_rpc(rpc: &Rpc) -> Vec<u8> {
    rpc.encode_to_vec()
}
