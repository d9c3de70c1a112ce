//! Runs actors on tokio: a current-thread runtime per executor thread, or a task of a runtime that
//! the program has already.
//!
//! Programs usually take it from the facade crate `actor-lanes`, by its feature `tokio`.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use actor_core::{Runtime, ThreadConfig};
//! use actor_tokio::TokioRuntime;
//!
//! let executor = TokioRuntime::new().start_executor(ThreadConfig::named("chain"))?;
//! let (sender, receiver) = std::sync::mpsc::sync_channel(1);
//! let maker = move || -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
//!     Box::pin(async move {
//!         // Everything of a current-thread runtime works here.
//!         tokio::time::sleep(Duration::from_millis(1)).await;
//!         sender.send("slept").expect("the receiver waits");
//!     })
//! };
//! executor.spawn(Box::new(maker)).expect("the executor runs");
//! assert_eq!(receiver.recv(), Ok("slept"));
//!
//! executor.stop();
//! assert!(executor.join(Duration::from_secs(5)));
//! # Ok::<(), std::io::Error>(())
//! ```

mod clock;
mod executor;
mod host;
mod local;
mod local_task;
mod resident;
mod runtime;
mod timer;

pub use host::NotCurrentThread;
pub use runtime::TokioRuntime;
