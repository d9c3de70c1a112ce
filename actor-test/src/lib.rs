//! A test kit for actors: step by step, in virtual time, and on real runtimes.
//!
//! A [`Harness`] runs actors without threads. A [`Probe`] stands for another actor, and expects
//! messages in order. A [failure](#failures) shows what was expected, what came, and what waits.
//!
//! | piece | content |
//! |---|---|
//! | [`Harness`] | actors without threads: steps, virtual time, asks |
//! | [`Probe`], [`AsyncProbe`] | expected messages in order, with a deadline |
//! | [`Interceptor`] | drops, delays, duplicates or reorders messages to a real actor |
//! | [`TestContext`] | direct calls of a handler, with a list of its timers |
//! | [`Faults`] | a panic or a failure at the next message |
//! | [`Filled`] | a full lane |
//! | [`Harness::stop_executor`], [`closed_handle`] | ends, as the code under test meets them |
//!
//! It is a dev-dependency. Nothing in it depends on an async runtime.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use actor_core::{Actor, Context, Handle, Message};
//! use actor_test::{Harness, expect};
//!
//! struct Tick;
//! impl Message for Tick {}
//!
//! #[derive(Debug, PartialEq)]
//! struct Alarm(u32);
//! impl Message for Alarm {}
//!
//! /// Raises an alarm after three seconds.
//! struct Watch(u32, Handle<Alarm>);
//! impl Actor for Watch {
//!     type Message = Tick;
//!     async fn started(&mut self, cx: &mut Context<Tick>) {
//!         cx.every(cx.now() + Duration::from_secs(1), Duration::from_secs(1), |_beat| Tick);
//!     }
//!     async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Tick>) {
//!         self.0 += 1;
//!         if self.0 == 3 {
//!             self.1.try_tell(Alarm(self.0)).expect("the lane has room");
//!         }
//!     }
//! }
//!
//! let harness = Harness::new();
//! let mut alarms = harness.probe::<Alarm>().debug();
//! let alarm = alarms.handle();
//! let (_watch, _running) = harness.spawn(move || Watch(0, alarm));
//!
//! harness.advance(Duration::from_secs(2));
//! alarms.expect_no_message();
//! harness.advance(Duration::from_secs(1));
//! expect!(alarms, Alarm(3));
//! assert_eq!(harness.elapsed(), Duration::from_secs(3), "and no time has passed in truth");
//! ```
//!
//! # Failures
//!
//! A failed expectation panics at the line of its caller. [`Probe`] has an example of the text.

mod actors;
mod async_probe;
mod closed;
mod context;
mod expect;
mod fault;
mod fill;
mod harness;
mod intercept;
mod probe;
mod relay;
mod report;
mod rules;
mod run;
mod shown;
mod time;

pub use async_probe::AsyncProbe;
pub use closed::closed_handle;
pub use context::{ArmedTimer, TestContext};
pub use fault::{Faults, Faulty};
pub use fill::Filled;
pub use harness::Harness;
pub use intercept::{Intercepting, Interceptor};
pub use probe::{OnThread, Probe, Waits};
pub use rules::{Fate, Passed};
