//! Gossip topics: `/leanconsensus/<network name>/<kind>/ssz_snappy`.

use std::{fmt, str::FromStr};

use crate::MAX_PAYLOAD_SIZE;

const PREFIX: &str = "leanconsensus";
const ENCODING: &str = "ssz_snappy";
const BLOCK: &str = "block";
const AGGREGATION: &str = "aggregation";
const ATTESTATION: &str = "attestation_";

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
    /// Returns the most decompressed bytes of a message of this kind.
    ///
    /// The limits differ because a peer may send any bytes on any topic, and most lanes are for
    /// many small messages. Such a lane would hold gigabytes if each message could be as large as a
    /// block.
    #[must_use]
    pub const fn max_payload_size(self) -> usize {
        match self {
            Self::Block => MAX_PAYLOAD_SIZE,
            // A proof has at most 512 KiB.
            Self::Aggregation => 1 << 20,
            // A vote has at most 2,672 bytes, the size in the production scheme.
            Self::Attestation { .. } => 4096,
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
