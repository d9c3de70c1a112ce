//! What the programs share: their runtime, named by the first argument.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::{Runtime, runtime, runtime_named};

/// Longer than anything in these programs takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a program returns.
pub type Done = Result<(), Box<dyn Error>>;

/// Returns the runtime named by the program's first argument: `tokio`, `smol`, `thread`, or on
/// Linux `embed`, an epoll loop. Without an argument, returns the plain thread.
///
/// # Errors
///
/// Returns an error with the enabled runtimes if there is none of this name.
pub fn runtime() -> Result<Arc<dyn Runtime>, Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        None => Ok(Arc::new(runtime::ThreadRuntime::new())),
        #[cfg(target_os = "linux")]
        Some("embed") => Ok(Arc::new(epoll_loop::EpollRuntime::new())),
        Some(name) => Ok(runtime_named(name)?),
    }
}
