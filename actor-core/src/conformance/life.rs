//! How an executor ends: after a stop, or after the drop of its last owner.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use super::rig::{PATIENCE, SOON, go, result_of, signal, start, wait, wait_for_drop};
use crate::reply::Reply;
use crate::runtime::Runtime;
use crate::runtime::adapter::Task;

pub(super) fn a_stopped_executor_returns_the_maker(runtime: &dyn Runtime) {
    let executor = start(runtime);
    executor.stop();
    let (tell, told) = signal();
    let refused = executor
        .spawn(Box::new(move || Box::pin(async move { tell.send(1).expect("the check waits") })));
    let maker = refused.expect_err("it is stopped").into_maker();
    go(&start(runtime), maker);
    assert_eq!(wait(&told), 1, "the maker that came back is the one that was refused");
    assert!(executor.join(PATIENCE));
    assert!(
        executor.spawn(Box::new(|| Box::pin(async {}))).is_err(),
        "nor does an ended one take any"
    );
}

pub(super) fn futures_running_at_a_stop_finish_before_the_join(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (reply, answer) = Reply::pair();
    let (tell, told) = signal();
    go(&executor, || async move { tell.send(answer.await).expect("the check waits") });
    executor.stop();
    assert!(!executor.join(Duration::ZERO), "it still runs");
    assert!(!executor.join(SOON), "and goes on running");
    reply.send(7);
    assert_eq!(wait(&told), Ok(7));
    assert!(executor.join(PATIENCE));
    assert!(executor.join(Duration::ZERO), "once ended, it has ended");
}

pub(super) fn futures_spawned_before_a_stop_are_run(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    for n in 0..500 {
        let tell = tell.clone();
        go(&executor, move || async move { tell.send(n).expect("the check waits") });
    }
    executor.stop();
    assert!(executor.join(PATIENCE));
    assert_eq!(told.try_iter().count(), 500);
}

pub(super) fn stopping_twice_is_stopping_once(runtime: &dyn Runtime) {
    let executor = start(runtime);
    executor.stop();
    executor.stop();
    assert!(executor.join(PATIENCE));
    executor.stop();
}

pub(super) fn every_join_returns_at_the_end(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (reply, answer) = Reply::<()>::pair();
    go(&executor, || async { answer.await.expect("it is answered") });
    executor.stop();
    thread::scope(|threads| {
        let joiners: Vec<_> = (0..4).map(|_| threads.spawn(|| executor.join(PATIENCE))).collect();
        reply.send(());
        for joiner in joiners {
            assert!(joiner.join().expect("joining does not panic"));
        }
    });
}

pub(super) fn a_task_of_another_owner_does_not_delay_the_end(runtime: &dyn Runtime) {
    thread_local!(static KEPT: RefCell<Option<Task>> = const { RefCell::new(None) });

    let executor = start(runtime);
    // As that of a foreign loop's driver, kept by a handler in a thread-local.
    result_of(&executor, || async { KEPT.set(Some(Task::of(std::future::pending()))) });
    executor.stop();
    assert!(executor.join(PATIENCE));
}

pub(super) fn a_future_keeps_an_executor_without_owners_running(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (reply, answer) = Reply::pair();
    let (tell, told) = signal();
    go(&executor, || async move { tell.send(answer.await).expect("the check waits") });
    drop(executor);
    reply.send(3);
    assert_eq!(wait(&told), Ok(3));
}

pub(super) fn an_executor_without_owners_ends_its_thread(runtime: &dyn Runtime) {
    thread_local!(static AT_END: RefCell<Option<SyncSender<()>>> = const { RefCell::new(None) });

    let executor = start(runtime);
    let (tell, told) = signal();
    result_of(&executor, || async { AT_END.set(Some(tell)) });
    let other = Arc::clone(&executor);
    drop(executor);
    assert_eq!(result_of(&other, || async { 1 }), 1, "someone holds it still");
    drop(other);
    // A thread's locals are dropped at its end.
    wait_for_drop(&told);
}
