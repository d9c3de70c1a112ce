//! Blocking work of actors runs on the threads of the program's runtime.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use actor_tokio::TokioRuntime;
use tokio::runtime::{Builder, Handle};
use tokio::task::spawn_blocking;

use crate::rig::PATIENCE;

#[test]
fn work_runs_on_the_threads_of_the_runtime() {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().thread_name("pool").max_blocking_threads(1).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let executor = TokioRuntime::current().expect("a current-thread runtime");
        let (tell, told) = tokio::sync::oneshot::channel();
        executor.run_blocking(Box::new(move || {
            _ = Handle::current();
            tell.send(thread::current().id()).expect("the test waits");
        }));
        let thread = told.await.expect("the work runs");
        let own = spawn_blocking(|| thread::current().id()).await;
        assert_eq!(thread, own.expect("no panic"), "the only thread of the pool");
    });
}

#[test]
fn work_after_the_end_of_the_runtime_is_dropped() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let executor = TokioRuntime::on(runtime.handle()).expect("a current-thread runtime");
    drop(runtime);
    let (tell, told) = sync_channel::<()>(1);
    executor.run_blocking(Box::new(move || tell.send(()).expect("the test waits")));
    assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
}
