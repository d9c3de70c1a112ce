//! The conformance suite on each place of a program's own runtime.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actor_core::runtime::{Runtime, ThreadConfig};
use actor_core::{Executor, conformance};
use actor_tokio::TokioRuntime;
use rustix::thread::{sched_getaffinity, sched_setaffinity};
use tokio::runtime::{Builder, Handle, LocalRuntime};
use tokio::task::LocalSet;

/// Starts threads of a program: each has a runtime of its own, as a program would make it.
#[derive(Debug)]
struct Place {
    name: &'static str,
    start: fn(Builder, ThreadConfig) -> io::Result<Arc<dyn Executor>>,
}

impl Runtime for Place {
    fn name(&self) -> &'static str {
        self.name
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let mut builder = Builder::new_current_thread();
        // A runtime's threads for blocking work inherit the core of the thread that starts them.
        // Only the program can change this.
        let cores = sched_getaffinity(None)?;
        builder
            .enable_all()
            .max_blocking_threads(config.most_blocking_threads() as usize)
            .on_thread_start(move || sched_setaffinity(None, &cores).expect("it may run there"));
        (self.start)(builder, config)
    }
}

/// Returns once the runtime has no task.
async fn no_task_is_left() {
    while Handle::current().metrics().num_alive_tasks() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn current_thread(mut builder: Builder, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
    let prepare = move || {
        let runtime = builder.build()?;
        let executor = runtime.block_on(async { TokioRuntime::current() });
        Ok((executor.map_err(io::Error::other)?, runtime))
    };
    let (executor, _end) = config.start(prepare, |runtime| {
        runtime.block_on(no_task_is_left());
        runtime.shutdown_background();
    })?;
    Ok(executor)
}

fn local_runtime(mut builder: Builder, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
    let prepare = move || {
        let runtime: LocalRuntime = builder.build_local(Default::default())?;
        let executor = runtime.block_on(async { TokioRuntime::current() });
        Ok((executor.map_err(io::Error::other)?, runtime))
    };
    let (executor, _end) = config.start(prepare, |runtime| {
        runtime.block_on(no_task_is_left());
        runtime.shutdown_background();
    })?;
    Ok(executor)
}

fn local_set(mut builder: Builder, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
    let prepare = move || {
        let runtime = builder.build()?;
        let tasks = LocalSet::new();
        let executor = runtime.block_on(async { TokioRuntime::in_local_set(&tasks) });
        Ok((executor.map_err(io::Error::other)?, (runtime, tasks)))
    };
    let (executor, _end) = config.start(prepare, |(runtime, tasks)| {
        runtime.block_on(tasks);
        runtime.shutdown_background();
    })?;
    Ok(executor)
}

fn handle(mut builder: Builder, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
    let runtime = builder.build()?;
    let executor = TokioRuntime::on(runtime.handle()).map_err(io::Error::other)?;
    let ((), _end) = config.start(
        || Ok(((), ())),
        move |()| {
            runtime.block_on(no_task_is_left());
            runtime.shutdown_background();
        },
    )?;
    Ok(executor)
}

#[test]
fn a_current_thread_runtime_passes_the_conformance_suite() {
    conformance::run(&Place { name: "current-thread runtime", start: current_thread });
}

#[test]
fn a_local_runtime_passes_the_conformance_suite() {
    conformance::run(&Place { name: "LocalRuntime", start: local_runtime });
}

#[test]
fn a_local_set_passes_the_conformance_suite() {
    conformance::run(&Place { name: "LocalSet", start: local_set });
}

#[test]
fn a_runtime_reached_by_its_handle_passes_the_conformance_suite() {
    conformance::run(&Place { name: "Handle", start: handle });
}
