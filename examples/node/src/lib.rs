//! A Lean Ethereum consensus node.

pub mod network;
