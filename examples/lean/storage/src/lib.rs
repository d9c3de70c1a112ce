//! The chain of a Lean node on disk.
//!
//! A [`ChainStore`] has one owner, which writes [`Changes`] durably and removes old entries in
//! small steps. Any number of its readers ([`ReadChain`]) read on other threads, from the last
//! commit. They wait neither for the owner nor for each other.
//!
//! | type | |
//! |---|---|
//! | [`RedbStore`], [`RedbReader`] | a store in a folder, in one file of the database `redb` |
//! | [`MemoryStore`], [`MemoryReader`] | the model: the same answers from memory, nothing durable |
//! | [`StorageActor`], [`Storage`], [`Durable`] | the owner of a store, its front, and its view |
//! | [`Changes`] | what a turn of the chain's owner changes |
//! | [`Loaded`] | what a start begins with |
//! | [`chain_file`] | a chain in a file, to move it between folders |
//! | [`StorageError`] | each fault of a folder or a disk, with instructions for the operator |
//!
//! What is stored under which keys, and what a crash can lose, is decided in
//! `docs/decisions/0047-the-chain-is-kept.md`.

pub mod chain_file;
mod changes;
#[cfg(test)]
mod crash_disk;
#[cfg(test)]
mod crash_tests;
mod error;
#[cfg(test)]
mod forest;
mod identity;
mod memory;
#[cfg(test)]
mod model_tests;
mod owner;
#[cfg(test)]
mod owner_crash_tests;
#[cfg(test)]
mod owner_tests;
mod progress;
mod redb_store;
mod store;
mod votes;

pub use changes::{Changes, Finalized};
pub use error::StorageError;
pub use identity::ChainIdentity;
pub use memory::{MemoryReader, MemoryStore};
pub use owner::{Durable, Storage, StorageActor, StorageMessage};
pub use progress::{Progress, Tenths};
pub use redb_store::{RedbReader, RedbStore, Verified};
pub use store::{ChainStore, Figures, Keep, Loaded, Pruned, ReadChain};
pub use votes::MOST_VOTES;

/// The largest number of kept addresses of good peers.
pub const MOST_PEERS: usize = 64;
