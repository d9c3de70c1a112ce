//! What a contestant must be able to do, and the state that its actors own.

mod actors;
mod done;
mod owner;
mod payload;

pub(crate) use actors::{Actors, Room};
pub(crate) use done::Done;
pub(crate) use owner::Owner;
pub(crate) use payload::{Large, Parcel, Payload, compute};
