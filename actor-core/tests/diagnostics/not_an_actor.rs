//! A spawn of a type without `Actor`.

use std::sync::Arc;

use actor_core::Executor;

struct Counter;

fn start(executor: &Arc<dyn Executor>) {
    let _started = actor_core::spawn(executor, || Counter);
}

fn main() {}
