//! A Lean Ethereum consensus node: a real libp2p network thread, and one pinned actor that owns the chain.

mod api;
pub mod chain;
pub mod checkpoint_sync;
pub mod command;
pub mod config;
pub mod consensus;
mod decoder;
pub mod devnet;
pub mod exit_code;
mod file;
#[doc(hidden)]
pub mod fuzzing;
pub mod genesis_file;
mod histogram;
mod ingress;
pub mod keys;
pub mod lean_files;
pub mod network;
pub mod node;
pub mod report;
mod reporter;
pub mod runtime;
mod signer;
pub mod vectors;
mod verifier;
mod wall_clock;
pub mod xmss;

pub use api::ApiError;
pub use file::{FileError, FileKind, FileProblem};
