//! The chain: one actor on one thread owns blocks, fork choice and votes. All other threads send it
//! messages.
//!
//! ```text
//!  network ── peers, requests ───────────▶ ┌────────────┐ ── gossip, requests, verdicts ─▶ network
//!  decoder ── blocks, aggregates, votes ─▶ │            │ ── duties to sign ─▶ signer
//!  signer ── our votes and blocks ───────▶ │ ChainActor │ ── jobs ─▶ verifiers, prover
//!  verifiers, prover ── results of jobs ─▶ │            │ ── Snapshot ─▶ readers
//!  its own timer ── intervals ───────────▶ │            │ ── changes ─▶ storage
//!                                          └────────────┘
//! ```
//!
//! `ChainState` is pure: it takes a message and returns [`Effect`]s. `ChainActor` carries them out
//! in order. The stages of a block or a vote on its way into the store are described in the module
//! `verifier`.

mod actor;
#[cfg(test)]
mod actor_tests;
mod base;
mod blocks;
mod counters;
pub mod decoder;
mod duties;
mod effect;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod flood_tests;
mod front;
mod histogram;
mod history;
mod imports;
mod in_flight;
#[cfg(test)]
mod in_flight_tests;
pub mod ingress;
#[cfg(test)]
mod interleaving_tests;
mod intervals;
#[cfg(test)]
mod intervals_tests;
mod keeping;
#[cfg(test)]
mod keeping_tests;
mod message;
mod meters;
mod pending_blocks;
mod pending_votes;
mod proving;
mod range_from_disk;
mod rank;
mod refusal;
mod role;
mod sender;
mod shares;
pub mod signer;
mod snapshot;
mod solitary;
mod state;
#[cfg(test)]
mod state_tests;
mod sync;
mod synchronization;
#[cfg(test)]
mod synchronization_tests;
pub mod verifier;
mod votes;
mod waiting;
pub mod wall_clock;

pub use self::actor::ChainActor;
pub use decoder::{Fetched, Origin};
pub use effect::Effect;
pub use front::{Chain, Refused};
pub use histogram::{Buckets, Histogram, SharedHistogram};
pub use message::{ChainHead, ChainMessage};
pub use meters::Meters;
pub use role::Role;
pub use snapshot::{NOTES, Snapshot};
pub use solitary::Solitary;
pub use state::ChainState;
pub use sync::{Request, Wanted};
