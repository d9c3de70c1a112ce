//! What models are written with, whichever model checker runs them: its threads, its way to wait for a future, and its way to
//! run a model over and over. There under `--cfg loom` and `--cfg shuttle` only.
//!
//! *loom* runs the interleavings of a few threads one after the other, and knows the memory model: what is not `SeqCst`, or
//! ordered by something that is, may be seen late. So that it comes to an end, it leaves out interleavings that it takes for
//! the same as one that it has run. It compares an access to an atomic with the *last* access of each other thread to it only: a
//! thread that loads a word and then changes it hides that others' loads before might have come after. Whatever
//! is lost like this it does not miss by chance but each time.
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
