//! The same expectations in `#[test]`, `#[tokio::test]` and smol.

use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig, spawn};
use actor_smol::SmolRuntime;
use actor_test::{AsyncProbe, Interceptor, Probe, expect};
use actor_thread::ThreadRuntime;
use actor_tokio::TokioRuntime;
use async_executor::LocalExecutor;

use crate::actors::{Echo, Notebook, Order, SECOND, Said};

/// An ask to the probe, a message through an interceptor, and silence.
async fn check(executor: Arc<dyn Executor>) {
    let mut probe = AsyncProbe::new().debug();
    let back = probe.handle();
    let (echo, _running) = spawn(&executor, move || Echo(back)).expect("it runs");
    let front = Interceptor::of(&echo).drop_if(|Said(n)| *n == 2).duplicate_if(|Said(n)| *n == 3);
    let front = front.start(&executor).expect("it runs").handle();
    front.try_tell_all((1..=4).map(Said)).expect("there is room");
    expect!(probe, Said(1)).await;
    probe.expect_eq(Said(3)).await;
    probe.expect(|Said(n)| *n == 3).await;
    expect!(probe, Said(4)).await;
    probe.deadline(SECOND / 1000).expect_no_message().await;

    let mut asked = AsyncProbe::<Order>::new();
    let answer = asked.handle().try_ask(Order::Notes).expect("there is room");
    let reply = |order| match order {
        Order::Notes(reply) => Some(reply),
        _ => None,
    };
    asked.reply_to_next(vec![7], reply).await;
    assert_eq!(answer.await, Ok(vec![7]));

    let faults = actor_test::Faults::new();
    faults.fail_at_next();
    let faulty = faults.wrap(Notebook::default());
    let (notebook, running) = spawn(&executor, move || faulty).expect("it runs");
    notebook.try_tell(Order::Note(1)).expect("there is room");
    assert_eq!(running.join().await.reason.to_string(), "failed: a fault on demand");
}

#[tokio::test]
async fn the_kit_works_in_a_tokio_test_on_one_thread() {
    let test = async { check(TokioRuntime::current().expect("a local set")).await };
    tokio::task::LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn the_kit_works_in_a_tokio_test_beside_actors_on_their_own_thread() {
    check(TokioRuntime::new().start_executor(ThreadConfig::named("kit")).expect("a thread")).await;
}

#[test]
fn the_kit_works_on_smols_local_executor() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("it needs nothing");
    futures::executor::block_on(tasks.run(check(executor)));
}

#[test]
fn a_probe_waits_on_the_thread_of_a_plain_test() {
    let runtimes: [&dyn Runtime; 3] =
        [&ThreadRuntime::new(), &SmolRuntime::new(), &TokioRuntime::new()];
    for runtime in runtimes {
        let executor = runtime.start_executor(ThreadConfig::named("kit")).expect("a thread");
        let mut probe = Probe::new();
        let back = probe.handle();
        let (echo, _running) = spawn(&executor, move || Echo(back)).expect("it runs");
        echo.try_tell_all((1..=3).map(Said)).expect("there is room");
        expect!(probe, Said(1));
        probe.expect_eq(Said(2));
        probe.expect_within(SECOND, |Said(n)| *n == 3);
        probe.expect_no_message_within(SECOND / 1000);
    }
}
