//! Runs actors inside somebody else's loop: an event loop of another language or library, a game, a
//! test, or one task of an async runtime.
//!
//! A foreign loop has its own events and its own way to sleep. [`Embed`] makes an executor for it:
//! the loop provides a wake function, and calls [`Driver::turn`] when it was woken or a deadline
//! has come. Actors then run on the loop's thread, between its other events. Messages from other
//! threads cost one call of the wake function for each sleep, and no lock.
//!
//! Programs usually take it from the facade crate `actor-lanes`, by its feature `embed`.
//!
//! # Examples
//!
//! ```
//! use std::sync::mpsc::{RecvTimeoutError, sync_channel};
//! use std::time::Duration;
//!
//! use actor_core::{Actor, Context, Message, spawn};
//! use actor_embed::{Budget, Embed};
//!
//! struct Line(&'static str);
//! impl Message for Line {}
//! struct Log(Vec<&'static str>);
//! impl Actor for Log {
//!     type Message = Line;
//!     async fn handle(&mut self, Line(line): Line, cx: &mut Context<Line>) {
//!         self.0.push(line);
//!         if self.0.len() == 2 {
//!             cx.stop();
//!         }
//!     }
//! }
//!
//! // A foreign loop: its events come from a channel, and `None` is the wake.
//! let (events, incoming) = sync_channel(16);
//! let waking = events.clone();
//! let (executor, mut driver) = Embed::new(move || _ = waking.try_send(None)).build()?;
//! let (log, running) = spawn(&executor, || Log(Vec::new()))?;
//! // No other actor will come: the executor ends with this one.
//! executor.stop();
//! events.send(Some("a click"))?;
//! let other = log.clone();
//! std::thread::spawn(move || other.try_tell(Line("from another thread")).is_ok());
//!
//! loop {
//!     let turn = driver.turn(Budget::polls(64));
//!     if turn.has_ended {
//!         break;
//!     }
//!     let event = match turn.timeout(driver.now()) {
//!         Some(timeout) => incoming.recv_timeout(timeout),
//!         None => incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
//!     };
//!     if let Ok(Some(click)) = event {
//!         log.try_tell(Line(click))?;
//!     }
//! }
//! assert_eq!(running.exit().expect("it has ended").lanes[0].handled, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod clock;
mod driver;
mod executor;
mod host_task;
mod inbox;
mod local;
mod manual_clock;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod sync;
mod task;
mod timer;
mod timers;
mod turn;
mod wall_clock;
mod worker;

pub use builder::{Embed, Loop};
pub use clock::Clock;
pub use driver::Driver;
pub use host_task::{EmbedTask, HostTask};
pub use manual_clock::ManualClock;
pub use turn::{Budget, Turn};
