//! The conformance suite on a program's own local executor.

use std::io;
use std::sync::Arc;

use actor_core::runtime::{Runtime, ThreadConfig};
use actor_core::{Executor, conformance};
use actor_smol::SmolRuntime;
use async_executor::LocalExecutor;

/// Starts threads of a program: each runs a local executor, as a program would.
#[derive(Debug)]
struct Place;

impl Runtime for Place {
    fn name(&self) -> &'static str {
        "LocalExecutor"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let prepare = || {
            let tasks = LocalExecutor::new();
            Ok((SmolRuntime::on(&tasks)?, tasks))
        };
        let (executor, _end) = config.start(prepare, |tasks| {
            async_io::block_on(async {
                while !tasks.is_empty() {
                    tasks.tick().await;
                }
            });
        })?;
        Ok(executor)
    }
}

#[test]
fn a_local_executor_passes_the_conformance_suite() {
    conformance::run(&Place);
}
