//! A Lean Ethereum consensus node: a real libp2p network thread, and one pinned actor that owns the chain.

pub mod chain;
pub mod consensus;
mod decoder;
mod ingress;
pub mod network;
mod signer;
pub mod xmss;
