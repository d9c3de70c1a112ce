//! Streams attached to an actor, polled in the actor's own task. Their items come as messages.
//!
//! In reading order: `event` has the events of a stream, `source` one stream with the function for
//! its messages, `attached` all streams of one life, `builder` the options, `api` the methods of
//! the context. The way of a wake to the actor is in `mailbox/wakes.rs`.

mod api;
pub(super) mod attached;
mod builder;
mod event;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod source;

pub use builder::Attaching;
pub use event::{RefusedStream, StreamId, Streamed};
