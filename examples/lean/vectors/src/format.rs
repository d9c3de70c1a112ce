//! The formats written by the specification's generator.

use std::fmt;
use std::str::FromStr;

/// A format of vectors. Its name is the name of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Blocks applied to states.
    StateTransition,
    /// A store run step by step, with a snapshot after each step.
    ForkChoice,
    /// SSZ encodings, hash tree roots, and invalid bytes.
    Ssz,
    /// Encodings used between nodes.
    NetworkingCodec,
    /// The slots that may be justified, by finalized slot.
    Justifiability,
    /// Unix time, slots and intervals.
    SlotClock,
    /// The Poseidon permutation used by the signature scheme.
    PoseidonPermutation,
    /// Answers of the HTTP API.
    ApiEndpoint,
    /// The states accepted as a checkpoint.
    Sync,
    /// The proof of a signed block.
    VerifySignatures,
    /// Proofs of many signatures on one message.
    VerifySingleMessageProofs,
    /// Proofs of several messages each.
    VerifyMultiMessageProofs,
    /// Votes split off a block's proof and merged with other votes.
    Reaggregation,
    /// The handling of a peer's gossipsub control messages.
    GossipsubHandler,
}

impl Format {
    /// All formats, in display order.
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

    /// Returns the name of the format, which is also the name of its folder.
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

    /// Returns the names of all formats, separated by commas, for messages.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No format has the given name.
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
