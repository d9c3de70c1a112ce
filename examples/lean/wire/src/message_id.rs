//! The 20-byte id of a gossip message in the mesh.

use std::fmt;

use sha2::{Digest, Sha256};

/// The prefix of the hash for a payload of valid snappy.
const DOMAIN_VALID_SNAPPY: [u8; 4] = [1, 0, 0, 0];

/// The prefix of the hash for a payload of invalid snappy.
const DOMAIN_INVALID_SNAPPY: [u8; 4] = [0, 0, 0, 0];

/// The id of a gossip message: the first 20 bytes of a SHA-256 over its topic and payload.
///
/// The hash covers the decompressed payload, so two compressions of one block have the same id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub [u8; 20]);

impl MessageId {
    /// Returns the id of a message with the decompressed payload `ssz`.
    #[must_use]
    pub fn of_valid(topic: &[u8], ssz: &[u8]) -> Self {
        Self::of(DOMAIN_VALID_SNAPPY, topic, ssz)
    }

    /// Returns the id of a message with a `payload` of invalid snappy.
    #[must_use]
    pub fn of_invalid(topic: &[u8], payload: &[u8]) -> Self {
        Self::of(DOMAIN_INVALID_SNAPPY, topic, payload)
    }

    fn of(domain: [u8; 4], topic: &[u8], data: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(domain)
            .chain_update((topic.len() as u64).to_le_bytes())
            .chain_update(topic)
            .chain_update(data)
            .finalize();
        let mut id = [0; 20];
        id.copy_from_slice(&digest[..20]);
        Self(id)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}
