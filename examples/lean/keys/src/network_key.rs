//! A node's network identity key, stored as a file.

use std::fmt;
use std::io;
use std::path::Path;

use libp2p_identity::PeerId;
use libp2p_identity::{Keypair, secp256k1};

use crate::Seed;
use crate::file::{self, FileError, FileKind};

/// A node's secp256k1 secret and the peer identity derived from it. `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct NetworkKey {
    secret: [u8; 32],
    peer_id: PeerId,
}

/// The error for an invalid secp256k1 secret: zero, or a number not below the curve's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a secp256k1 secret key: 32 bytes in hexadecimal, above zero and below the curve's order"
)]
pub struct NotASecret;

impl NetworkKey {
    /// Creates the key with this secret.
    ///
    /// # Errors
    ///
    /// Returns [`NotASecret`] if the bytes are not a valid secret.
    pub fn from_secret(secret: [u8; 32]) -> Result<Self, NotASecret> {
        // `try_from_bytes` zeroes its argument, so pass a copy.
        let mut copy = secret;
        let key = secp256k1::SecretKey::try_from_bytes(&mut copy).map_err(|_| NotASecret)?;
        let peer_id = Keypair::from(secp256k1::Keypair::from(key)).public().to_peer_id();
        Ok(Self { secret, peer_id })
    }

    /// Creates a key from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system provides no randomness.
    pub fn random() -> io::Result<Self> {
        loop {
            // About one draw in 2^128 is not a valid secret.
            if let Ok(key) = Self::from_secret(*Seed::random()?.as_bytes()) {
                return Ok(key);
            }
        }
    }

    /// Returns the secret.
    pub const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Returns the node's identity among peers.
    pub const fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Reads a file with the secret as 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read or does not hold a valid secret.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let text = file::read(FileKind::NetworkKey, path)?;
        Self::parse(&text)
            .map_err(|error| file::malformed(FileKind::NetworkKey, path, error.to_string()))
    }

    /// Parses a secret of 64 hexadecimal digits, with or without `0x` and surrounding white space.
    ///
    /// # Errors
    ///
    /// Returns [`NotASecret`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let digits = text.trim();
        let mut secret = [0; 32];
        hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), &mut secret)
            .map_err(|_| NotASecret)?;
        Self::from_secret(secret)
    }

    /// Writes the file with access for its owner only. Does not overwrite an existing file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::write(FileKind::NetworkKey, path, &format!("{}\n", hex::encode(self.secret)))
    }
}

impl fmt::Debug for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkKey").field("peer_id", &self.peer_id).finish_non_exhaustive()
    }
}
