//! The HTTP API of lean clients, on its own thread.
//!
//! ```text
//! chain's owner ── Snapshot ──▶ ┌────────┐ ◀── GET  health, states, blocks, checkpoints, forks
//! mailboxes ────── LaneStats ─▶ │  api   │ ◀── GET  /metrics, /events, and a page at /
//! network ──────── counters ──▶ │ thread │ ◀── GET, POST  admin/aggregator
//!                               └────────┘ ── SetAggregator (control lane) ──▶ chain's owner
//! ```
//!
//! Reads return data published by the chain's owner, so every request except a change of role is
//! answered even if the owner is busy, and at no cost to it. Sizes, counts and times are bounded
//! ([`Limits`]), and places and requests are shared among clients.
//!
//! The admin endpoint has no authentication: only the operator should be able to reach the address.
//! Requests that a browser sends for another site are refused (`site`).

mod activity;
mod body;
mod connection;
mod events;
mod exposition;
mod limits;
mod meters;
mod metrics;
mod page;
mod places;
mod process;
mod responder;
mod server;
mod site;
mod sources;
#[cfg(test)]
mod tests;
mod wire;

pub use limits::Limits;
pub use responder::{is_endpoint, requested_role};
pub use server::Api;
pub use server::ApiError;
pub use sources::{ApiSources, EventSources, Supervision, Watched};
