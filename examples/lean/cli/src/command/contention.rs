//! `node contention`: the cost of a mutex around the chain for the network thread, and the cost of
//! an actor, on a thread of its own and in a foreign loop.

use contention::ContentionArguments;
use lean_node::runtime;

use crate::command::CommandError;

pub(super) fn contention(arguments: &ContentionArguments) -> Result<(), CommandError> {
    let runtime = runtime::by_name(arguments.runtime.as_deref())?;
    Ok(contention::contention(arguments, &runtime)?)
}
