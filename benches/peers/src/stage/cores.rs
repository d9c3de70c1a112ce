//! The cores of the threads, if pinning is requested.
//!
//! Two threads waking each other in turn may be moved onto one core by the kernel, or not, for
//! whole rounds. This alone decides whether a blocking ask takes 2 µs or 50 µs. With pinning, each
//! side has a core of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use core_affinity::CoreId;

/// The core of the senders; the measuring thread is one of them.
pub(crate) const SENDERS: usize = 0;

/// The core of the actors.
pub(crate) const ACTORS: usize = 1;

static PINNED: AtomicBool = AtomicBool::new(false);

/// Pins the calling thread, and all threads started by it later, to the senders' core. Returns
/// whether there is also an actors' core.
pub(crate) fn pin() -> bool {
    let pinned = move_to(ACTORS) && move_to(SENDERS);
    PINNED.store(pinned, Ordering::Relaxed);
    pinned
}

/// Runs `work` on a core, if threads are pinned. Threads started by it stay there.
pub(crate) fn on_core<T>(core: usize, work: impl FnOnce() -> T) -> T {
    if !PINNED.load(Ordering::Relaxed) {
        return work();
    }
    assert!(move_to(core), "it was possible when threads were pinned first");
    let result = work();
    assert!(move_to(SENDERS), "this thread was there before");
    result
}

/// Moves the calling thread to the actors' core, if threads are pinned. For a thread started before
/// the pinning.
pub(crate) fn join_actors() {
    if PINNED.load(Ordering::Relaxed) {
        assert!(move_to(ACTORS), "it was possible when threads were pinned first");
    }
}

fn move_to(id: usize) -> bool {
    core_affinity::set_for_current(CoreId { id })
}
