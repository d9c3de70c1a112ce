//! Which core a thread runs on, if that is asked for.
//!
//! The kernel moves two threads that wake each other in turn onto one core, or does not, for whole rounds: a blocking ask
//! takes 2 µs or 50 µs by that alone. Pinned, each side has a core of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use core_affinity::CoreId;

/// Where the senders are; the measuring thread is one of them.
pub(crate) const SENDERS: usize = 0;

/// Where the actors are.
pub(crate) const ACTORS: usize = 1;

static PINNED: AtomicBool = AtomicBool::new(false);

/// Pins the calling thread, and with it all that it starts, to the senders' core. Tells whether there is an actors' core
/// also.
pub(crate) fn pin() -> bool {
    let pinned = move_to(ACTORS) && move_to(SENDERS);
    PINNED.store(pinned, Ordering::Relaxed);
    pinned
}

/// Does something on a core, if threads are pinned. What it starts stays there.
pub(crate) fn on_core<T>(core: usize, work: impl FnOnce() -> T) -> T {
    if !PINNED.load(Ordering::Relaxed) {
        return work();
    }
    assert!(move_to(core), "it was possible when threads were pinned first");
    let result = work();
    assert!(move_to(SENDERS), "this thread was there before");
    result
}

/// Moves the calling thread to the actors, if threads are pinned: for one that was started before they were.
pub(crate) fn join_actors() {
    if PINNED.load(Ordering::Relaxed) {
        assert!(move_to(ACTORS), "it was possible when threads were pinned first");
    }
}

fn move_to(id: usize) -> bool {
    core_affinity::set_for_current(CoreId { id })
}
