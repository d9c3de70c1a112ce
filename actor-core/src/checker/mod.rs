//! What models are written with, whichever model checker runs them: its threads, its way to wait for a future, and its way to
//! run a model over and over. There under `--cfg loom` and `--cfg shuttle` only.
//!
//! *loom* runs the interleavings of a few threads one after the other, and knows the memory model: what is not `SeqCst`, or
//! ordered by something that is, may be seen late. So that it comes to an end, it leaves out interleavings that it takes for
//! the same as one that it has run. To tell, it compares a change of an atomic with the one access to it that came last, whoever's
//! that was: a thread that loads a word and then changes it compares the change with its own load, and that others' loads
//! before might as well have come after is never tried (`docs/decisions/0019`).
//!
//! *shuttle* leaves out nothing by design, and runs what chance gives it: each run is another interleaving, made by a coin at
//! each step or by priorities that change at a few places (PCT, Burckhardt et al., ASPLOS 2010). It does not know
//! the memory model: every access sees the latest value.
//!
//! So every model is run by both. A lost wake shows as a deadlock in either.

#[cfg(loom)]
#[path = "loom.rs"]
mod chosen;

#[cfg(shuttle)]
#[path = "shuttle.rs"]
mod chosen;

pub use chosen::{CROWD, block_on, check, check_all, check_some, thread};
