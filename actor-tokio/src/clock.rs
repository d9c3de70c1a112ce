//! The clock of a runtime: tokio's, also the clock of its timers. It is the system's unless the
//! program has paused it for this runtime.

use std::time::Instant;

use tokio::runtime::Handle;

/// Returns the time of the clock of the calling thread's runtime.
pub(crate) fn now_here() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Returns the time of a runtime's clock, on any thread.
pub(crate) fn now(runtime: &Handle) -> Instant {
    match Handle::try_current() {
        Ok(current) if current.id() == runtime.id() => now_here(),
        // The thread is ending and can no longer hold a runtime's context.
        Err(error) if error.is_thread_local_destroyed() => system_time(),
        Ok(_) | Err(_) => {
            let _context = runtime.enter();
            now_here()
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the executor's clock goes by, where that cannot be asked"
)]
fn system_time() -> Instant {
    Instant::now()
}
