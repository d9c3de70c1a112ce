//! The operations required of a contestant, and the state owned by its actors.

mod actors;
mod done;
mod owner;
mod payload;

pub(crate) use actors::{Actors, Room};
pub(crate) use done::Done;
pub(crate) use owner::Owner;
pub(crate) use payload::{Large, Parcel, Payload, compute};
