//! A Lean Ethereum consensus node.

pub mod consensus;
pub mod xmss;
