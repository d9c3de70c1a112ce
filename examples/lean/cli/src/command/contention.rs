//! `node contention`: what a mutex around the chain costs the network thread, and what an actor costs it.

use contention::ContentionArguments;
use lean_node::runtime;

use crate::command::CommandError;

pub(super) fn contention(arguments: &ContentionArguments) -> Result<(), CommandError> {
    let runtime = runtime::by_name(arguments.runtime.as_deref())?;
    Ok(contention::contention(arguments, &runtime)?)
}
