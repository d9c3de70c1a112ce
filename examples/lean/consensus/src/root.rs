//! Roots: the 32 bytes that identify a block, a state or a message.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_merkle::{HashTreeRoot, Sha2Hasher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A hash tree root (`Bytes32`), ordered by its bytes and written as `0x` and 64 hex digits.
///
/// # Examples
///
/// ```
/// use consensus::Root;
///
/// let root: Root = "0x0100000000000000000000000000000000000000000000000000000000000002"
///     .parse()
///     .expect("32 bytes");
/// assert_eq!(root.as_bytes()[31], 2);
/// assert!(root > Root::ZERO);
/// ```
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, SszEncode, SszDecode, HashTreeRoot,
)]
#[ssz(transparent)]
pub struct Root([u8; 32]);

impl Root {
    /// The zero root, for a slot without a block, or a state root not known yet.
    pub const ZERO: Self = Self([0; 32]);

    /// Creates a root from its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the hash tree root of a value.
    pub fn of(value: &impl HashTreeRoot) -> Self {
        Self(value.hash_tree_root(&Sha2Hasher))
    }

    /// Returns the root's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns whether this is [`Root::ZERO`].
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<[u8; 32]> for Root {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Root {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Root {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
