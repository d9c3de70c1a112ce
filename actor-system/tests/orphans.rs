//! A tree inside a foreign loop: its children run elsewhere, and end with the loop.

use std::sync::Arc;
use std::time::Duration;

use actor_core::life::{NotStarted, Restart};
use actor_core::{
    Actor, Context, Executor, ExitReason, Message, Reply, Runtime, Spawn, ThreadConfig,
};
use actor_embed::{Budget, Embed};
use actor_system::{Strategy, Supervisor};

const PATIENCE: Duration = Duration::from_secs(30);

enum Job {
    Fail,
    Echo(Reply<()>),
}

impl Message for Job {}

struct Worker;

impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, job: Job, _cx: &mut Context<Job>) {
        match job {
            Job::Fail => panic!("it was to fail"),
            Job::Echo(reply) => reply.send(()),
        }
    }
}

fn elsewhere() -> Arc<dyn Executor> {
    let runtime = actor_thread::ThreadRuntime::new();
    runtime.start_executor(ThreadConfig::named("elsewhere")).expect("it starts")
}

#[test]
fn the_end_of_a_loop_ends_the_children_of_its_tree() {
    let here = std::thread::current();
    let (executor, mut driver) = Embed::new(move || here.unpark()).build().expect("it is built");
    let elsewhere = elsewhere();
    let (worker, mailbox) = actor_core::mailbox();
    let running = Supervisor::new(Strategy::OneForOne)
        .restart(Restart::up_to(1))
        .child(Spawn::new(mailbox), &elsewhere, || Worker)
        .start(&executor)
        .expect("it starts");
    // The child begins once the loop takes a turn.
    assert!(matches!(running.started_blocking(Duration::ZERO), Err(NotStarted::Timeout)));
    while running.started_blocking(Duration::from_millis(1)).is_err() {
        driver.turn(Budget::polls(64));
    }
    worker.ask_blocking(Job::Echo, PATIENCE).expect("the worker answers");

    // A child that failed waits for the loop, with its mailbox open.
    worker.try_tell(Job::Fail).expect("there is room");
    let asked = worker.try_ask(Job::Echo).expect("there is room");
    drop(driver);
    let exit = running.join_blocking(PATIENCE).expect("it ends with its loop");
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    futures::executor::block_on(worker.closed());
    assert!(futures::executor::block_on(asked).is_err());
}

#[test]
fn a_tree_that_never_ran_leaves_no_child() {
    let (executor, driver) = Embed::new(|| {}).build().expect("it is built");
    let elsewhere = elsewhere();
    let (worker, mailbox) = actor_core::mailbox::<Job>();
    let running = Supervisor::new(Strategy::OneForOne)
        .child(Spawn::new(mailbox), &elsewhere, || Worker)
        .start(&executor)
        .expect("it starts");
    drop(driver);
    assert!(running.join_blocking(PATIENCE).is_some());
    futures::executor::block_on(worker.closed());
}
