//! Public keys: the 52 bytes of a validator's identity.

use std::fmt;

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::field::{
    DIGEST_BYTES, Digest, ELEMENT_BYTES, NonCanonical, append_elements, elements_from_bytes,
};
use crate::tweak::Parameter;

/// The bytes of an XMSS public key: the tree's root, then the public parameter, in 8 and 5 field
/// elements.
///
/// Decoding does not check the bytes, because the specification's registry holds them as plain
/// bytes (`Bytes52`). No signature verifies under a key with invalid field elements.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SszEncode, SszDecode, HashTreeRoot)]
#[ssz(transparent)]
pub struct PublicKey([u8; Self::LENGTH]);

impl PublicKey {
    /// The number of bytes in a public key, in every scheme.
    pub const LENGTH: usize = DIGEST_BYTES + 5 * ELEMENT_BYTES;

    /// Creates a public key from its bytes.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the key's bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    pub(crate) fn from_parts(root: &Digest, parameter: &Parameter) -> Self {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        append_elements(root, &mut bytes);
        append_elements(parameter, &mut bytes);
        Self(bytes.try_into().expect("8 and 5 elements of 4 bytes are 52 bytes"))
    }

    /// Decodes the root and the parameter.
    pub(crate) fn parts(&self) -> Result<(Digest, Parameter), NonCanonical> {
        Ok((
            elements_from_bytes(&self.0[..DIGEST_BYTES])?,
            elements_from_bytes(&self.0[DIGEST_BYTES..])?,
        ))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; Self::LENGTH];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
