//! Serves what [`System::inspect`](actor_system::System::inspect) finds over a local socket, and
//! reads it in another process. On Unix.
//!
//! # Examples
//!
//! ```
//! # #[cfg(unix)] {
//! use actor_system::System;
//!
//! // In the process with the actors:
//! let system = System::new("node", actor_thread::ThreadRuntime::new())?;
//! let serving = actor_top::serve([&system])?;
//!
//! // In a viewer:
//! let mut client = actor_top::Client::connect(serving.path())?;
//! let frame = client.look()?;
//! assert_eq!(frame.inspections[0].system, "node");
//! println!("{}", frame.inspections[0]);
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The protocol
//!
//! ```text
//! viewer   ->  one line of at most 64 bytes; its content is ignored
//! process  ->  one line of JSON: a `Frame`
//! ```
//!
//! A viewer asks for each frame, so it decides on the rate, and a slow one holds up nobody. Anybody
//! can read it by hand: `echo | nc -U PATH`.
//!
//! # Limits
//!
//! | limit | value | beyond it |
//! |---|---|---|
//! | viewers at the same time | [`Limits::viewers`] | the connection is closed at once |
//! | time for a viewer to take a whole frame | [`Limits::patience`] | the connection is closed |
//! | time from a frame to the end of the next request | [`Limits::idle`] | it is closed |
//!
//! Frames are made and sent on threads of the server, never on those of the actors. So it works as
//! well while all owners are stuck.

#[cfg(unix)]
mod client;
mod frame;
#[cfg(unix)]
mod place;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod timed;

#[cfg(unix)]
pub use client::Client;
pub use frame::Frame;
#[cfg(unix)]
pub use place::sockets;
#[cfg(unix)]
pub use server::{Limits, Server, Serving, serve};
