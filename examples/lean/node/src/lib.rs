//! A Lean Ethereum consensus node: a real libp2p network thread, and one actor on one thread owning
//! the chain.

pub mod api;
mod backfill;
mod beginning;
mod check;
pub mod checkpoint_sync;
pub mod config;
pub mod events;
pub mod exit_code;
#[cfg(feature = "faults")]
mod faults;
mod good_peers;
pub mod health;
pub mod hooks;
pub mod lean_files;
pub mod lost_lines;
pub mod node;
pub mod report;
mod reporter;
pub mod runtime;
mod stuck;
mod sync_state;
pub mod warnings;
mod watch;

pub use api::ApiError;
pub use check::{check, check_folder};
pub use wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;
