//! What gossipsub peers send each other: subscriptions, messages, and control of the mesh, in protobuf.
//!
//! libp2p reads and writes these on the node's own streams, with a copy of its own that nobody else may use. This one is
//! for whoever has the bytes and no swarm: tools, and tests of what other clients send.

use prost::Message as _;

use crate::{MAX_PAYLOAD_SIZE, WireError, raw_snappy};

/// The most bytes of an RPC that is read: a message as large as one may be, and as much again for everything else.
pub const MAX_RPC_SIZE: usize = raw_snappy::MAX_COMPRESSED_SIZE + MAX_PAYLOAD_SIZE;

/// Everything that is sent at once.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Rpc {
    /// Topics that the peer begins or ceases to listen to.
    #[prost(message, repeated, tag = "1")]
    pub subscriptions: Vec<Subscription>,
    /// Messages.
    #[prost(message, repeated, tag = "2")]
    pub publish: Vec<Published>,
    /// What concerns the mesh.
    #[prost(message, optional, tag = "3")]
    pub control: Option<Control>,
}

/// A topic that the peer begins or ceases to listen to.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Subscription {
    /// Whether it begins.
    #[prost(bool, optional, tag = "1")]
    pub subscribe: Option<bool>,
    /// The topic's name.
    #[prost(string, optional, tag = "2")]
    pub topic_id: Option<String>,
}

/// A message. Lean's have data and a topic only.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Published {
    /// Who has published it.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub from: Option<Vec<u8>>,
    /// The payload.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub data: Option<Vec<u8>>,
    /// Its number among the publisher's messages.
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

/// What concerns the mesh.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Control {
    /// Messages that the peer has.
    #[prost(message, repeated, tag = "1")]
    pub ihave: Vec<IHave>,
    /// Messages that the peer wants.
    #[prost(message, repeated, tag = "2")]
    pub iwant: Vec<MessageIds>,
    /// Topics whose mesh the peer takes this node into.
    #[prost(message, repeated, tag = "3")]
    pub graft: Vec<Graft>,
    /// Topics whose mesh the peer puts this node out of.
    #[prost(message, repeated, tag = "4")]
    pub prune: Vec<Prune>,
    /// Messages that the peer does not want.
    #[prost(message, repeated, tag = "5")]
    pub idontwant: Vec<MessageIds>,
}

/// Messages of one topic that the peer has.
#[derive(Clone, PartialEq, prost::Message)]
pub struct IHave {
    /// The topic's name.
    #[prost(string, optional, tag = "1")]
    pub topic_id: Option<String>,
    /// The messages.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub message_ids: Vec<Vec<u8>>,
}

/// Messages by their ids, which the peer wants, or does not want.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MessageIds {
    /// The messages.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub message_ids: Vec<Vec<u8>>,
}

/// A topic whose mesh the peer takes this node into.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Graft {
    /// The topic's name.
    #[prost(string, optional, tag = "1")]
    pub topic_id: Option<String>,
}

/// A topic whose mesh the peer puts this node out of.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Prune {
    /// The topic's name.
    #[prost(string, optional, tag = "1")]
    pub topic_id: Option<String>,
    /// For how many seconds this node must not ask to be taken in again.
    #[prost(uint64, optional, tag = "3")]
    pub backoff: Option<u64>,
}

/// Reads an RPC.
///
/// # Errors
///
/// [`WireError::TooLarge`] for more than [`MAX_RPC_SIZE`] bytes; [`WireError::NotProtobuf`] when a length runs past the
/// end, a field is of an unknown kind, or a name is not UTF-8.
pub fn decode_rpc(bytes: &[u8]) -> Result<Rpc, WireError> {
    if bytes.len() > MAX_RPC_SIZE {
        return Err(WireError::TooLarge(bytes.len() as u64));
    }
    Rpc::decode(bytes).map_err(|_| WireError::NotProtobuf)
}

/// Writes an RPC, field by field in the order of their numbers.
#[must_use]
pub fn encode_rpc(rpc: &Rpc) -> Vec<u8> {
    rpc.encode_to_vec()
}
