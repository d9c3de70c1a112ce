//! Runs actors on smol: a local executor and a reactor per executor thread, or a task of a local
//! executor that the program has already.
//!
//! Programs usually take it from the facade crate `actor-lanes`, by its feature `smol`.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use actor_core::{Runtime, ThreadConfig};
//! use actor_smol::SmolRuntime;
//!
//! let executor = SmolRuntime::new().start_executor(ThreadConfig::named("chain"))?;
//! let (sender, receiver) = std::sync::mpsc::sync_channel(1);
//! let maker = move || -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
//!     Box::pin(async move { sender.send("ran").expect("the receiver waits") })
//! };
//! executor.spawn(Box::new(maker)).expect("the executor runs");
//! assert_eq!(receiver.recv(), Ok("ran"));
//!
//! executor.stop();
//! assert!(executor.join(Duration::from_secs(5)));
//! # Ok::<(), std::io::Error>(())
//! ```

mod executor;
mod host;
mod local;
mod runtime;
mod timer;

pub use runtime::SmolRuntime;
