//! The tools of a model, for either model checker: its threads, its `block_on`, and its way to run
//! a model many times. Present under `--cfg loom` and `--cfg shuttle` only.
//!
//! *loom* runs the interleavings of a few threads one after the other, and simulates the memory
//! model: a thread may see a write late, unless the write is `SeqCst` or is ordered by a `SeqCst`
//! access. To terminate, loom skips an interleaving that it considers equal to an earlier one. For
//! this decision it compares a change of an atomic with only the latest access to it, by any
//! thread. Suppose that a thread loads a word and then changes it. loom compares the change with
//! the thread's own load. It never tries the order with the change first and an earlier load of
//! another thread second (`docs/decisions/0019`).
//!
//! *shuttle* skips nothing by design, and runs a random choice. Each run is another interleaving,
//! made by a coin at each step or by priorities changing at a few places (PCT, Burckhardt et al.,
//! ASPLOS 2010). It does not simulate the memory model: every access sees the latest value.
//!
//! So both run every model. A lost wake shows as a deadlock in either.

#[cfg(loom)]
#[path = "loom.rs"]
mod chosen;

#[cfg(shuttle)]
#[path = "shuttle.rs"]
mod chosen;

pub use chosen::{CROWD, block_on, check, check_all, check_some, thread};
