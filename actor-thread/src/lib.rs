//! Runs actors on a plain thread, without any async runtime: the natural home of an owner of state.
//!
//! An owner of state waits for messages and for timers, and for nothing that a reactor tells of. Its thread needs a run
//! queue, timers and a way to sleep, which is what this crate has. What it adds is that the thread *spins* for a while
//! before it sleeps: waking a thread that sleeps costs the one who sends to it a system call and some ten microseconds,
//! and a thread that still looks around costs the sender nothing of the kind.
//!
//! Programs usually take it from the facade crate `actor`, by its feature `thread`.

mod clock;
mod executor;
mod inbox;
mod local;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod runtime;
mod sync;
mod task;
mod timer;
mod timers;
mod worker;

pub use runtime::ThreadRuntime;
