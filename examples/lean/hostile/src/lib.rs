//! A hostile peer for the Lean node. It does what an honest client never does.
//!
//! ```text
//! attack ── table of attacks, one task for each throw-away identity
//!    │          forge        false blocks, votes and aggregates of the current slot
//!    │          chain_view   the chain of the victim, learned from its HTTP API
//!    ▼
//! link ──▶ gossip_pipe, request     frames and requests written byte by byte
//!    │
//!    ▼
//! QUIC of libp2p, without its gossipsub and without its request-response protocols
//!
//! relay   a peer that forwards without validating, and is honest otherwise
//! bench   a devnet of real processes, attacked and watched: one row for each attack
//! ```
//!
//! Each attack ends by itself, has a bounded rate, and accepts loopback addresses only.

pub mod attack;
pub mod bench;
pub mod chain_view;
pub mod dice;
pub mod forge;
pub mod gossip_pipe;
pub mod http;
pub mod link;
pub mod negotiation;
pub mod pace;
pub mod relay;
pub mod request;
pub mod tally;
pub mod target;
