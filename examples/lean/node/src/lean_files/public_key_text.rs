//! Public keys in the format of lean clients.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use xmss::PublicKey;

/// A public key in 104 hexadecimal digits, with or without `0x`, quoted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PublicKeyText(pub(super) PublicKey);

impl<'de> Deserialize<'de> for PublicKeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let key = text.parse().map_err(|_| {
            D::Error::custom(format_args!(
                "a public key is {} hexadecimal digits, with or without 0x, and this has {} characters",
                2 * PublicKey::LENGTH,
                text.chars().count()
            ))
        })?;
        Ok(Self(key))
    }
}
