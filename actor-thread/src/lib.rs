//! Runs actors on a plain thread, without any async runtime: the natural choice for an owner of
//! state.
//!
//! An owner of state waits for messages and timers, and for no event of a reactor. Its thread needs
//! a run queue and timers, from `actor-embed`, and a way to sleep. In addition, the thread *spins*
//! for a while before it sleeps. Waking a sleeping thread costs the sender a system call
//! and some ten microseconds. Sending to a spinning thread costs the sender neither.
//!
//! Programs usually take it from the facade crate `actor-lanes`, by its feature `thread`.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use actor_core::{Runtime, ThreadConfig};
//! use actor_thread::ThreadRuntime;
//!
//! let executor = ThreadRuntime::new().start_executor(ThreadConfig::named("chain"))?;
//! let own = executor.clone();
//! let (sender, receiver) = std::sync::mpsc::sync_channel(1);
//! let maker = move || -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
//!     Box::pin(async move { sender.send(own.now()).expect("the receiver waits") })
//! };
//! executor.spawn(Box::new(maker)).expect("the executor runs");
//! assert!(receiver.recv().expect("the future ran") <= executor.now());
//!
//! executor.stop();
//! assert!(executor.join(Duration::from_secs(5)));
//! # Ok::<(), std::io::Error>(())
//! ```

mod drive;
mod runtime;

pub use runtime::ThreadRuntime;
