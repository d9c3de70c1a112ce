//! Gossip: compression, topics, message ids, and payloads.

use std::sync::{Arc, LazyLock};

use libp2p::gossipsub::{DataTransform as _, RawMessage, TopicHash};

use crate::split_choice;
use crate::ssz::{ssz_aggregate, ssz_block, ssz_vote};
use network::{
    HostKey, MessageId, NetworkConfig, NetworkCounters, SnappyTransform, TopicKind, Topics,
};
use wire::gossip_rpc::{decode_rpc, encode_rpc};
use wire::raw_snappy::{
    MAX_COMPRESSED_SIZE, compress, decompress, decompress_at_most, max_compressed_size,
};
use wire::topic::Topic;
use wire::{MAX_PAYLOAD_SIZE, WireError};

/// The smaller of the two output limits in [`raw_snappy`], in bytes.
const SMALL: usize = 4096;

/// The node's transform between gossipsub and the wire.
static TRANSFORM: LazyLock<SnappyTransform> = LazyLock::new(|| {
    let key = HostKey::from_secret([1; 32]).expect("a small number is a secret");
    let config =
        NetworkConfig::new(key, "/ip4/127.0.0.1/udp/0/quic-v1".parse().expect("it is an address"));
    SnappyTransform::new(Arc::new(Topics::new(&config)), Arc::new(NetworkCounters::default()))
});

/// Checks raw snappy decompression, with the payload limit and with a smaller limit.
pub fn raw_snappy(bytes: &[u8]) {
    let small = decompress_at_most(bytes, SMALL);
    match decompress(bytes) {
        Ok(data) => {
            assert!(data.len() <= MAX_PAYLOAD_SIZE);
            let compressed = compress(&data).expect("it is no larger than a payload");
            assert!(compressed.len() <= MAX_COMPRESSED_SIZE);
            assert_eq!(decompress(&compressed).as_ref(), Ok(&data), "something else comes back");
            let expected = if bytes.len() > max_compressed_size(SMALL) {
                Err(WireError::TooLarge(bytes.len() as u64))
            } else if data.len() <= SMALL {
                Ok(data)
            } else {
                Err(WireError::TooLarge(data.len() as u64))
            };
            assert_eq!(small, expected, "the limit decides something else");
        }
        Err(error) => assert!(small.is_err(), "{error} without a limit, and with one it is fine"),
    }
}

/// Checks the whole inbound path of a gossip message. The first byte selects the topic.
pub fn gossip_message(bytes: &[u8]) {
    const KINDS: [TopicKind; 4] = [
        TopicKind::Block,
        TopicKind::Aggregation,
        TopicKind::Attestation { subnet: 0 },
        // A subnet without a subscription of the node.
        TopicKind::Attestation { subnet: 7 },
    ];
    let (choice, data) = split_choice(bytes);
    let kind = KINDS[usize::from(choice) % KINDS.len()];
    let topic = Topic::new("12345678", kind).to_string();
    let hash = TopicHash::from_raw(topic.clone());
    let message = RawMessage {
        source: None,
        data: data.to_vec(),
        sequence_number: None,
        topic: hash.clone(),
        signature: None,
        key: None,
        validated: false,
    };
    let Ok(message) = TRANSFORM.inbound_transform(message) else { return };
    assert_ne!(kind, KINDS[3], "a topic that is not followed");
    assert!(message.data.len() <= kind.max_payload_size());
    let id = MessageId::of_valid(topic.as_bytes(), &message.data);
    assert_ne!(id, MessageId::of_invalid(topic.as_bytes(), &message.data));
    let sent = TRANSFORM
        .outbound_transform(&hash, message.data.clone())
        .expect("it is no larger than a payload");
    // A different compression of the same payload has the same message id.
    let again = decompress(&sent).expect("it was just compressed");
    assert_eq!(id, MessageId::of_valid(topic.as_bytes(), &again));
    match kind {
        TopicKind::Block => ssz_block(&message.data),
        TopicKind::Aggregation => ssz_aggregate(&message.data),
        TopicKind::Attestation { .. } => ssz_vote(&message.data),
    }
}

/// Checks this crate's decoder of gossipsub RPCs. In a node, libp2p decodes them.
pub fn gossip_rpc(bytes: &[u8]) {
    let Ok(rpc) = decode_rpc(bytes) else { return };
    let encoded = encode_rpc(&rpc);
    assert_eq!(decode_rpc(&encoded).as_ref(), Ok(&rpc), "another RPC comes back");
}

/// Checks the parser of topic names.
pub fn topic(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(topic) = text.parse::<Topic>() else { return };
    let written = topic.to_string();
    assert_eq!(written.parse().as_ref(), Ok(&topic), "another topic comes back");
    assert!(!topic.network_name.contains('/'));
    // A subnet number may have leading zeros. For the mesh this is a different topic, without
    // subscribers.
    assert!(written.len() <= text.len(), "{written} is longer than {text}");
    assert_ne!(MessageId::of_valid(bytes, b""), MessageId::of_invalid(bytes, b""));
}
