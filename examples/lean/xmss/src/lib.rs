//! XMSS signatures as specified for Lean Ethereum: one-time signatures under a Merkle tree, hashed
//! with Poseidon1 over KoalaBear.
//!
//! A key pair holds one one-time key per *epoch*. Consensus uses the slot as the epoch. A signature
//! reveals an intermediate value of each hash chain of its epoch, and the Merkle path from the
//! chains' ends to the root. The root is part of the public key.
//!
//! Reading order: [`Scheme`] (the sizes), [`PublicKey`] and [`Signature`] (the types sent over the
//! network), [`verify()`], and [`SecretKey`], which signs at most one message per epoch. A
//! [`TreeKey`] is a secret key in the file format shared by lean clients.
//!
//! Nothing here reads a clock, does input or output, or draws random numbers. Keys are derived from
//! a seed.

mod field;
mod hash_tree;
mod message;
mod poseidon;
mod prf;
mod public_key;
mod scheme;
mod secret_key;
mod signature;
mod subtree;
mod tree_key;
mod tweak;
mod verify;

pub use field::{NonCanonical, ORDER};
pub use poseidon::{permute_16, permute_24};
pub use public_key::PublicKey;
pub use scheme::Scheme;
pub use secret_key::{GenerateError, SecretKey, SignError};
pub use signature::{Signature, SignatureError};
pub use tree_key::{TreeKey, TreeKeyError};
pub use verify::{VerifyError, verify};
