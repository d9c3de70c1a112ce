//! A Lean Ethereum consensus node: a real libp2p network thread, and one actor on one thread owning
//! the chain.

pub mod api;
mod check;
pub mod checkpoint_sync;
pub mod config;
pub mod exit_code;
pub mod lean_files;
pub mod node;
pub mod report;
mod reporter;
pub mod runtime;

pub use api::ApiError;
pub use check::check;
