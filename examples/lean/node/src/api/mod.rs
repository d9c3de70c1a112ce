//! The HTTP API of lean clients, on a thread of its own.
//!
//! ```text
//!  chain's owner ── Snapshot ──▶ ┌────────────┐ ◀── GET  health, finalized state and block, checkpoint, fork choice
//!  mailboxes ────── LaneStats ─▶ │ api thread │ ◀── GET  /metrics
//!  network ──────── counters ──▶ │            │ ◀── GET, POST  admin/aggregator
//!                                └────────────┘ ── SetAggregator (control lane) ──▶ chain's owner
//! ```
//!
//! What is read is what the owner has published, so that everything but a change of role is answered while the owner is
//! busy. Whoever asks costs the owner nothing. Sizes, counts and times are bounded ([`Limits`]).
//!
//! The admin endpoint asks nobody who they are: the address must be one that only the operator reaches.

mod body;
mod exposition;
mod limits;
mod metrics;
mod responder;
mod server;
mod sources;
#[cfg(test)]
mod tests;

pub use limits::Limits;
pub use responder::{is_endpoint, requested_role};
pub use server::Api;
pub use server::ApiError;
pub use sources::{ApiSources, Watched};
