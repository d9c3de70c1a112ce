//! The end of actors on a program's runtime: with the runtime, or before it.

use std::future::pending;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use actor_core::{Executor, ExitReason, Handle, Running, Spawn, TryTellError, spawn};
use actor_tokio::TokioRuntime;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, yield_now};

use crate::rig::{Call, PATIENCE, Worker};

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
        // One more than queued here: a test may send another message.
        let (tell, undelivered) = sync_channel(4);
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
            let exit = running.join_blocking(PATIENCE).expect("the end of the runtime ends it");
            assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
            assert_eq!(exit.undelivered(), 1);
            let refused = handle.try_tell(Call::work(|| async {}));
            assert!(matches!(refused, Err(TryTellError::Closed(_))));
        }
        assert_eq!(Vec::from_iter(self.undelivered), [0, 1, 2], "in the order of their spawns");
        assert!(self.executor.join(PATIENCE));
        assert!(self.executor.spawn(Box::new(|| Box::pin(async {}))).is_err());
        self.executor.run_blocking(Box::new(|| ()));
        self.executor.stop();
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn current() -> Arc<dyn Executor> {
    TokioRuntime::current().expect("a current-thread runtime")
}

/// Runs a program, and waits on this thread for the end of its actors.
fn ends_with(program: impl FnOnce(&mut dyn FnMut(Three)) + Send + 'static) {
    let (tell, told) = sync_channel(1);
    let runs = thread::spawn(move || program(&mut |three| tell.send(three).expect("it waits")));
    told.recv_timeout(PATIENCE).expect("they start").have_been_abandoned();
    runs.join().expect("no panic");
}

#[test]
fn the_end_of_main_abandons_the_actors_in_order() {
    ends_with(|tell| {
        #[tokio::main(flavor = "current_thread")]
        async fn main() -> Three {
            Three::start(current()).await
        }

        tell(main());
    });
}

#[test]
fn the_end_of_a_runtime_abandons_the_actors_in_order() {
    ends_with(|tell| {
        let runtime = runtime();
        let three = runtime.block_on(async { Three::start(current()).await });
        assert!(three.actors[0].1.exit().is_none(), "they wait while the runtime does not run");
        tell(three);
        drop(runtime);
    });
}

#[test]
fn the_end_of_a_local_runtime_abandons_the_actors_in_order() {
    ends_with(|tell| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().build_local(Default::default()).expect("a runtime");
        runtime.block_on(async { tell(Three::start(current()).await) });
    });
}

#[test]
fn the_end_of_a_local_set_abandons_the_actors_in_order() {
    ends_with(|tell| {
        let tasks = LocalSet::new();
        let executor = |tasks| TokioRuntime::in_local_set(tasks).expect("a context");
        let runtime = runtime();
        runtime.block_on(async {
            let executor = executor(&tasks);
            tell(tasks.run_until(Three::start(executor)).await);
        });
        drop(tasks);
        drop(runtime);
    });
}

#[test]
fn a_runtime_that_is_shut_down_never_runs_the_actors() {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    drop(runtime);
    let executor = TokioRuntime::on(&handle).expect("its flavor is right");
    assert!(executor.join(PATIENCE), "it ended before it began");
    assert!(spawn(&executor, Worker::default).is_err());
}

#[test]
fn a_runtime_dropped_before_it_ran_abandons_the_actors() {
    let runtime = runtime();
    let executor = TokioRuntime::on(runtime.handle()).expect("a current-thread runtime");
    let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
    worker.try_tell(Call::work(|| async {})).expect("there is room");
    drop(runtime);
    let exit = running.join_blocking(PATIENCE).expect("it ends with the runtime");
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
    assert!(executor.join(PATIENCE));
}

#[test]
fn a_runtime_that_moves_to_another_thread_leaves_its_actors_behind() {
    let (tell, told) = sync_channel(1);
    let leaves = thread::spawn(move || {
        let runtime = runtime();
        let three = runtime.block_on(async { Three::start(current()).await });
        tell.send((runtime, three)).expect("the test waits");
    });
    let (runtime, three) = told.recv_timeout(PATIENCE).expect("it moves");
    // A wake of the actors' task: its poll on this thread ends it, and the runtime runs on.
    three.actors[0].0.try_tell(Call::work(|| async {})).ok();
    runtime.block_on(async { yield_now().await });
    assert_eq!(runtime.block_on(async { 7 }), 7);
    leaves.join().expect("no panic");
    for (_, running) in &three.actors {
        let exit = running.join_blocking(PATIENCE).expect("the end of its thread ends it");
        assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    }
    assert!(three.executor.join(PATIENCE));
}

#[test]
fn a_runtime_dropped_on_another_thread_ends_its_actors_at_the_end_of_their_thread() {
    static DROPPED: OnceLock<()> = OnceLock::new();

    let (tell, told) = sync_channel(1);
    let (go, going) = sync_channel::<()>(1);
    let leaves = thread::spawn(move || {
        let runtime = runtime();
        let three = runtime.block_on(async { Three::start(current()).await });
        tell.send((runtime, three)).expect("the test waits");
        going.recv_timeout(PATIENCE).expect("the test goes on");
        assert!(DROPPED.get().is_some());
    });
    let (runtime, three) = told.recv_timeout(PATIENCE).expect("it moves");
    drop(runtime);
    DROPPED.get_or_init(|| ());
    assert!(three.actors[0].1.exit().is_none(), "its state is never dropped on another thread");
    go.send(()).expect("it waits");
    leaves.join().expect("no panic");
    three.have_been_abandoned();
}

#[tokio::test]
async fn a_stopped_executor_ends_its_task_after_its_actors() {
    let executor = current();
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
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test]
async fn an_executor_without_owners_ends_its_task() {
    let (worker, running) = spawn(&current(), Worker::default).expect("it takes actors");
    assert_eq!(worker.ask(Call::Count).await.expect("the actor owns its executor"), 1);
    drop((worker, running));
    while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_join_on_the_runtimes_own_thread_returns_immediately() {
    let executor = current();
    let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
    executor.stop();
    // For ever, if it waited.
    assert!(!executor.join(Duration::MAX));
    let own = Arc::clone(&executor);
    let work = Call::work(|| async move { assert!(!own.join(Duration::MAX)) });
    worker.tell(work).await.expect("it runs");
    drop(worker);
    assert!(running.join().await.reason.is_normal());
}
