//! The two roles of a validator's keys.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of a validator's two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    /// The key for signing votes.
    Attestation,
    /// The key for signing proposals.
    Proposal,
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attestation => "attestation",
            Self::Proposal => "proposal",
        })
    }
}
