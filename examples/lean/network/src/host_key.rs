//! The key of this node's network identity.

use std::fmt;

use libp2p::{
    PeerId,
    identity::{Keypair, secp256k1},
};

/// The node's secp256k1 key. Its public half is the node's [`PeerId`]. Its secret half proves that
/// identity in every handshake.
#[derive(Clone)]
pub struct HostKey(Keypair);

impl HostKey {
    /// Creates a random key.
    #[must_use]
    pub fn generate() -> Self {
        Self(secp256k1::Keypair::generate().into())
    }

    /// Creates the key with this secret.
    ///
    /// # Errors
    ///
    /// Returns [`HostKeyError`] if `secret` is zero or not below the curve's order.
    pub fn from_secret(mut secret: [u8; 32]) -> Result<Self, HostKeyError> {
        // The call zeroes the bytes.
        let secret = secp256k1::SecretKey::try_from_bytes(&mut secret).map_err(|_| HostKeyError)?;
        Ok(Self(secp256k1::Keypair::from(secret).into()))
    }

    /// Creates the key from a secret in 64 hexadecimal digits, with or without a leading `0x` and
    /// surrounding white space.
    ///
    /// # Errors
    ///
    /// Returns [`HostKeyError`] for any other text, and for the secrets refused by
    /// [`HostKey::from_secret`].
    pub fn from_hex(text: &str) -> Result<Self, HostKeyError> {
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let mut secret = [0; 32];
        hex::decode_to_slice(digits, &mut secret).map_err(|_| HostKeyError)?;
        Self::from_secret(secret)
    }

    /// Returns the identity seen by peers.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.0.public().to_peer_id()
    }

    /// Returns the secret half.
    pub(super) fn secret(&self) -> [u8; 32] {
        let pair = self.0.clone().try_into_secp256k1();
        pair.expect("a host key is made of a secp256k1 key only").secret().to_bytes()
    }

    /// Returns the key in libp2p's form.
    pub(super) fn keypair(&self) -> &Keypair {
        &self.0
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret must not appear in logs.
        f.debug_tuple("HostKey").field(&self.peer_id()).finish()
    }
}

/// The bytes or digits given are not a secp256k1 secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secp256k1 secret key of 32 bytes")]
pub struct HostKeyError;
