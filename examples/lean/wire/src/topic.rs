//! Gossip topics: `/leanconsensus/<network name>/<kind>/ssz_snappy`.

use std::{fmt, str::FromStr};

const PREFIX: &str = "leanconsensus";
const ENCODING: &str = "ssz_snappy";
const BLOCK: &str = "block";
const AGGREGATION: &str = "aggregation";
const ATTESTATION: &str = "attestation_";

/// The bytes of a list's place in its container.
const OFFSET: usize = 4;

/// The most bytes of a proof: a `ByteList` of 512 KiB.
const PROOF: usize = 1 << 19;

/// The most bytes of a list of voters: a bit for each of 4096 validators, and the end mark.
const VOTERS: usize = 4096 / 8 + 1;

/// The bytes of an `AttestationData`: a slot, and three checkpoints of a root and a slot.
const VOTE_DATA: usize = 8 + 3 * (32 + 8);

/// The most votes in a block. The specification's `MAX_ATTESTATIONS_DATA`.
const VOTES: usize = 8;

/// The most bytes of a `SignedBlock`.
const BLOCK_SIZE: usize = {
    let header = 8 + 8 + 32 + 32;
    let votes = VOTES * (OFFSET + OFFSET + VOTE_DATA + VOTERS);
    // The offsets are those of block and proof, the block's body, its votes, and the proof's bytes.
    2 * OFFSET + header + OFFSET + OFFSET + votes + OFFSET + PROOF
};

/// The most bytes of a `SignedAggregatedAttestation`.
const AGGREGATE_SIZE: usize = VOTE_DATA + OFFSET + 2 * OFFSET + VOTERS + PROOF;

/// The most bytes of a `SignedAttestation`: a validator's index, the data, and a signature of the
/// production scheme.
const VOTE_SIZE: usize = 8 + VOTE_DATA + 2536;

/// The network name of the specification's devnets (its `GOSSIP_DIGEST`).
pub const DEFAULT_NETWORK_NAME: &str = "12345678";

/// The kind of a topic's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKind {
    /// Signed blocks.
    Block,
    /// Signed aggregated attestations.
    Aggregation,
    /// Signed attestations of one subnet.
    Attestation {
        /// The subnet: the validator's index modulo the number of committees.
        subnet: u64,
    },
}

impl TopicKind {
    /// Returns the most bytes of the SSZ of a message of this kind.
    ///
    /// The limits follow from those of the SSZ types. A larger message cannot be valid, so no time
    /// is spent on its decompression.
    #[must_use]
    pub const fn max_payload_size(self) -> usize {
        match self {
            Self::Block => BLOCK_SIZE,
            Self::Aggregation => AGGREGATE_SIZE,
            Self::Attestation { .. } => VOTE_SIZE,
        }
    }
}

impl fmt::Display for TopicKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block => f.write_str(BLOCK),
            Self::Aggregation => f.write_str(AGGREGATION),
            Self::Attestation { subnet } => write!(f, "{ATTESTATION}{subnet}"),
        }
    }
}

/// A topic: a kind of message on a network.
///
/// # Examples
///
/// ```
/// use wire::topic::{Topic, TopicKind};
///
/// let topic: Topic = "/leanconsensus/12345678/attestation_0/ssz_snappy".parse()?;
/// assert_eq!(topic.kind, TopicKind::Attestation { subnet: 0 });
/// # Ok::<(), wire::topic::TopicError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// The network's name, to distinguish forks; any text without a slash.
    pub network_name: String,
    /// The kind of the topic's messages.
    pub kind: TopicKind,
}

impl Topic {
    /// Returns the topic of `kind` on the network called `network_name`.
    #[must_use]
    pub fn new(network_name: &str, kind: TopicKind) -> Self {
        Self { network_name: network_name.to_owned(), kind }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{PREFIX}/{}/{}/{ENCODING}", self.network_name, self.kind)
    }
}

/// The reason why a text is not a topic of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// The text does not have four parts, or its first or last part does not belong to this
    /// protocol.
    #[error("not of the form /{PREFIX}/<network>/<kind>/{ENCODING}")]
    Form,
    /// The third part names no kind of message.
    #[error("no such kind of message")]
    Kind,
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        let mut parts = text.strip_prefix('/').ok_or(TopicError::Form)?.split('/');
        let (Some(PREFIX), Some(network_name), Some(kind), Some(ENCODING), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TopicError::Form);
        };
        Ok(Self::new(network_name, parse_kind(kind).ok_or(TopicError::Kind)?))
    }
}

fn parse_kind(text: &str) -> Option<TopicKind> {
    match text {
        BLOCK => Some(TopicKind::Block),
        AGGREGATION => Some(TopicKind::Aggregation),
        _ => {
            let subnet = text.strip_prefix(ATTESTATION)?;
            // `parse` alone would accept a sign, and then two texts would name the same topic.
            let digits = subnet.bytes().all(|byte| byte.is_ascii_digit());
            let subnet = digits.then(|| subnet.parse().ok())??;
            Some(TopicKind::Attestation { subnet })
        }
    }
}
