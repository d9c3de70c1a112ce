//! Spawning a type that is not an actor.

use std::sync::Arc;

use actor_core::Executor;

struct Counter;

fn start(executor: &Arc<dyn Executor>) {
    let _started = actor_core::spawn(executor, || Counter);
}

fn main() {}
