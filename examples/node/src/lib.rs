//! A Lean Ethereum consensus node.

pub mod command;
pub mod config;
pub mod consensus;
pub mod devnet;
pub mod exit_code;
mod file;
pub mod genesis_file;
pub mod keys;
pub mod node;
pub mod report;
pub mod runtime;
pub mod xmss;

pub use file::{FileError, FileKind, FileProblem};
