//! The end of actors on a program's local executor: with the executor, or before it.

use std::future::pending;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use actor_core::{Executor, ExitReason, Handle, Running, Spawn, TryTellError, spawn};
use actor_smol::SmolRuntime;
use async_executor::LocalExecutor;

use crate::rig::{Call, PATIENCE, Worker, yield_now};

/// Three actors, each with a message in hand and another one queued.
struct Three {
    executor: Arc<dyn Executor>,
    actors: Vec<(Handle<Call>, Running)>,
    /// The numbers of the actors, in the order of their undelivered messages.
    undelivered: Receiver<usize>,
}

impl Three {
    /// Returns once every actor waits in a handler.
    async fn start(executor: Arc<dyn Executor>) -> Self {
        let (tell, undelivered) = sync_channel(3);
        let mut actors = Vec::new();
        for number in 0..3 {
            let (handle, mailbox) = actor_core::mailbox();
            let tell = tell.clone();
            let running = Spawn::new(mailbox)
                .on_undelivered(move |_, _| tell.send(number).expect("the test waits"))
                .start(&executor, Worker::default)
                .expect("it takes actors");
            let (reply, in_hand) = actor_core::Reply::pair();
            let waits = move || async move {
                reply.send(());
                pending().await
            };
            handle.try_tell(Call::work(waits)).expect("there is room");
            handle.try_tell(Call::work(|| async {})).expect("there is room");
            in_hand.await.expect("the handler runs");
            actors.push((handle, running));
        }
        Self { executor, actors, undelivered }
    }

    /// Checks the ends, from a thread that waits for them.
    fn have_been_abandoned(self) {
        for (handle, running) in &self.actors {
            let exit = running.join_blocking(PATIENCE).expect("the end of the executor ends it");
            assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
            assert_eq!(exit.undelivered(), 1);
            let refused = handle.try_tell(Call::work(|| async {}));
            assert!(matches!(refused, Err(TryTellError::Closed(_))));
        }
        assert_eq!(Vec::from_iter(self.undelivered), [0, 1, 2], "in the order of their spawns");
        assert!(self.executor.join(PATIENCE));
        assert!(self.executor.spawn(Box::new(|| Box::pin(async {}))).is_err());
        self.executor.stop();
    }
}

#[test]
fn the_end_of_a_local_executor_abandons_the_actors_in_order() {
    let (tell, told) = sync_channel(1);
    let runs = thread::spawn(move || {
        let tasks = LocalExecutor::new();
        let executor = SmolRuntime::on(&tasks).expect("a place");
        let three = async_io::block_on(tasks.run(Three::start(executor)));
        assert!(three.actors[0].1.exit().is_none(), "they wait while nothing runs");
        tell.send(three).expect("the test waits");
    });
    told.recv_timeout(PATIENCE).expect("they start").have_been_abandoned();
    runs.join().expect("no panic");
}

#[test]
fn a_local_executor_dropped_before_it_ran_abandons_the_actors() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
    worker.try_tell(Call::work(|| async {})).expect("there is room");
    drop(tasks);
    let exit = running.join_blocking(PATIENCE).expect("it ends with the executor");
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
    assert!(executor.join(PATIENCE));
}

#[test]
fn a_stopped_executor_ends_its_task_after_its_actors() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    async_io::block_on(tasks.run(async {
        let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
        executor.stop();
        assert!(spawn(&executor, Worker::default).is_err(), "nothing new is accepted");
        assert_eq!(worker.ask(Call::Count).await.expect("it runs"), 1);
        assert!(!executor.join(Duration::ZERO));
        drop(worker);
        assert!(running.join().await.reason.is_normal());
        while !executor.join(Duration::ZERO) {
            yield_now().await;
        }
    }));
    while tasks.try_tick() {}
    assert!(tasks.is_empty());
}

#[test]
fn an_executor_without_owners_ends_its_task() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
    drop(executor);
    let count = async_io::block_on(tasks.run(worker.ask(Call::Count)));
    assert_eq!(count.expect("the actor owns its executor"), 1);
    drop((worker, running));
    while tasks.try_tick() {}
    assert!(tasks.is_empty());
}

#[test]
fn a_join_on_the_executors_own_thread_returns_immediately() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    async_io::block_on(tasks.run(async {
        let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
        executor.stop();
        // For ever, if it waited.
        assert!(!executor.join(Duration::MAX));
        let own = Arc::clone(&executor);
        let work = Call::work(|| async move { assert!(!own.join(Duration::MAX)) });
        worker.tell(work).await.expect("it runs");
        drop(worker);
        assert!(running.join().await.reason.is_normal());
    }));
}
