//! The key by which peers know a node, as a file.

use std::fmt;
use std::io;
use std::path::Path;

use libp2p_identity::PeerId;
use libp2p_identity::{Keypair, secp256k1};

use crate::Seed;
use crate::file::{self, FileError, FileKind};

/// A node's secp256k1 secret and the identity that follows from it. The secret is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct NetworkKey {
    secret: [u8; 32],
    peer_id: PeerId,
}

/// Says that 32 bytes are no secp256k1 secret: they are zero, or not below the curve's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secp256k1 secret key: 32 bytes in hexadecimal, above zero and below the curve's order")]
pub struct NotASecret;

impl NetworkKey {
    /// Makes the key that has this secret.
    ///
    /// # Errors
    ///
    /// [`NotASecret`] when the bytes are none.
    pub fn from_secret(secret: [u8; 32]) -> Result<Self, NotASecret> {
        // The call zeroes the bytes that it is given, so it gets a copy.
        let mut copy = secret;
        let key = secp256k1::SecretKey::try_from_bytes(&mut copy).map_err(|_| NotASecret)?;
        let peer_id = Keypair::from(secp256k1::Keypair::from(key)).public().to_peer_id();
        Ok(Self { secret, peer_id })
    }

    /// Draws a key from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// When the operating system has none to give.
    pub fn random() -> io::Result<Self> {
        loop {
            // One draw in 2^128 is no secret.
            if let Ok(key) = Self::from_secret(*Seed::random()?.as_bytes()) {
                return Ok(key);
            }
        }
    }

    /// Returns the secret.
    pub const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Returns the identity that peers see.
    pub const fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Reads a file that holds the secret as 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read or holds no secret.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let text = file::read(FileKind::NetworkKey, path)?;
        Self::parse(&text).map_err(|error| file::malformed(FileKind::NetworkKey, path, error.to_string()))
    }

    /// Reads the secret in 64 hexadecimal digits, with or without `0x` and white space around.
    ///
    /// # Errors
    ///
    /// [`NotASecret`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let digits = text.trim();
        let mut secret = [0; 32];
        hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), &mut secret).map_err(|_| NotASecret)?;
        Self::from_secret(secret)
    }

    /// Writes the file for its owner's eyes only; one that exists is not overwritten.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::write(FileKind::NetworkKey, path, &format!("{}\n", hex::encode(self.secret)))
    }
}

impl fmt::Debug for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkKey").field("peer_id", &self.peer_id).finish_non_exhaustive()
    }
}
