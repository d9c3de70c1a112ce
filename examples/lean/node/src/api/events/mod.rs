//! `GET /events`: server-sent events with the state of the node.
//!
//! ```text
//! views, counters, looks ──▶ Board ──▶ the newest text of each kind ──▶ EventStream ──▶ client
//!                            one for all                                one per client
//! ```
//!
//! The [`Board`] makes and encodes the events, at most once in a period for all clients, and only
//! while a client asks. It reads published data, so the chain's owner neither knows nor waits. An
//! [`EventStream`] passes the texts on as its connection takes them, and keeps none: a slow client
//! misses texts that newer ones have replaced. [`Viewers`] bounds the number of streams.

mod board;
mod forks;
mod history;
mod make;
mod stream;
mod viewers;

pub(super) use board::Board;
#[cfg(test)]
pub(super) use board::Taken;
pub(super) use stream::EventStream;
pub(super) use viewers::Viewers;
