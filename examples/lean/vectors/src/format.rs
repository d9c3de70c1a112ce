//! The formats that the specification's generator writes.

use std::fmt;
use std::str::FromStr;

/// A format of vectors; its name is that of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Blocks applied to states.
    StateTransition,
    /// The store, step by step, with a snapshot of it after each.
    ForkChoice,
    /// Encodings, hash tree roots, and bytes that must not decode.
    Ssz,
    /// What travels between nodes.
    NetworkingCodec,
    /// Which slots may be justified after which.
    Justifiability,
    /// Unix time, slots and intervals.
    SlotClock,
    /// The permutation under the signature scheme.
    PoseidonPermutation,
    /// Answers of the HTTP API.
    ApiEndpoint,
    /// Which states a node may start from.
    Sync,
    /// The proof of a signed block.
    VerifySignatures,
    /// Proofs that many have signed one message.
    VerifySingleMessageProofs,
    /// Proofs of several messages at once.
    VerifyMultiMessageProofs,
    /// Votes split off a block's proof and merged with others.
    Reaggregation,
    /// What a mesh does with a peer's control messages.
    GossipsubHandler,
}

impl Format {
    /// All formats, in the order in which they are shown.
    pub const ALL: [Self; 14] = [
        Self::StateTransition,
        Self::ForkChoice,
        Self::Ssz,
        Self::NetworkingCodec,
        Self::Justifiability,
        Self::SlotClock,
        Self::PoseidonPermutation,
        Self::ApiEndpoint,
        Self::Sync,
        Self::VerifySignatures,
        Self::VerifySingleMessageProofs,
        Self::VerifyMultiMessageProofs,
        Self::Reaggregation,
        Self::GossipsubHandler,
    ];

    /// Returns the name of the format, which is that of its folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StateTransition => "state_transition",
            Self::ForkChoice => "fork_choice",
            Self::Ssz => "ssz",
            Self::NetworkingCodec => "networking_codec",
            Self::Justifiability => "justifiability",
            Self::SlotClock => "slot_clock",
            Self::PoseidonPermutation => "poseidon_permutation",
            Self::ApiEndpoint => "api_endpoint",
            Self::Sync => "sync",
            Self::VerifySignatures => "verify_signatures",
            Self::VerifySingleMessageProofs => "verify_single_message_proofs",
            Self::VerifyMultiMessageProofs => "verify_multi_message_proofs",
            Self::Reaggregation => "reaggregation",
            Self::GossipsubHandler => "gossipsub_handler",
        }
    }

    /// Lists the names of all formats, for people.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Says that there is no format of a name, and which there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no format of vectors is called \"{0}\"; there are {names}", names = Format::names())]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}
