//! What the programs of the tour share: their runtime, named by the first argument.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::{Runtime, runtime};

/// Longer than anything in the tour takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a program of the tour returns.
pub type Done = Result<(), Box<dyn Error>>;

/// Returns the runtime named by the program's first argument: `tokio`, `smol` or `thread`. Without
/// an argument, returns the first enabled one.
///
/// # Errors
///
/// Returns an error with the enabled runtimes if there is none of this name.
pub fn runtime() -> Result<Arc<dyn Runtime>, Box<dyn Error>> {
    match std::env::args().nth(1) {
        Some(name) => Ok(actor_lanes::runtime_named(&name)?),
        None => runtime::all().into_iter().next().ok_or_else(|| "no runtime is enabled".into()),
    }
}
