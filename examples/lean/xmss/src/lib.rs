//! XMSS as Lean Ethereum has it: one-time signatures under a Merkle tree, hashed with Poseidon1 over KoalaBear.
//!
//! A key pair holds one one-time key for each *epoch* (consensus uses the slot as the epoch). A signature reveals the
//! middle of a few hash chains, and the path from the end of those chains up to the root that is the public key.
//! Reading order: [`Scheme`] (the sizes), [`PublicKey`] and [`Signature`] (what travels), [`verify()`], and
//! [`SecretKey`], which signs and refuses to sign twice. A [`TreeKey`] is a secret key in the form that other lean clients
//! keep in files.
//!
//! Nothing here keeps time, does input or output, or draws random numbers: keys come from a seed.

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
