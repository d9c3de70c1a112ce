//! The network source.

pub mod wire;
