//! The rules that have changed since the older of the two revisions with vectors.
//!
//! An expectation of the older revision is *superseded* if it differs from the result only by one
//! of these rules: the rule as it was before gives the expected value. A vector is of the newer
//! revision if its expectations hold by the rules of today. Names of files and cases decide
//! nothing.

use std::fmt;

use serde::{Serialize, Serializer};

/// A rule that has changed, by its change in the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A head outside the finalized block's descendants was allowed in a vote.
    HeadDescendsFromFinalized,
    /// The first of a validator's votes in one slot counted.
    LatestVoteByRoot,
    /// A block was imported however early it was.
    BlockSlot,
}

impl Rule {
    /// Returns the change, with the rule of today.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::HeadDescendsFromFinalized => {
                "#1179: a vote's head is the finalized block or its descendant"
            }
            Self::LatestVoteByRoot => {
                "#1181: of a validator's votes in one slot, the one with the largest root counts"
            }
            Self::BlockSlot => "#1182: a block is at most one slot early",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}
