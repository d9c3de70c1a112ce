//! A system without a thread: on an executor inside the test's own loop, with a manual clock.

use std::future::{Future as _, pending};
use std::sync::Arc;
use std::task::{self, Wake, Waker};
use std::time::Duration;

use actor_core::life::{Phase, SpawnError};
use actor_core::{
    Actor, Context, ExitReason, Handle, Message, Running, Runtime as _, Spawn, ThreadConfig,
    mailbox, spawn,
};
use actor_embed::{Budget, Driver, Embed, ManualClock};
use actor_system::executors::Executors;
use actor_system::system::{Cause, Report, ThreadState};
use actor_system::{Group, System};
use actor_thread::ThreadRuntime;

/// Whether its handler waits for ever.
struct Job(bool);
impl Message for Job {}

struct Worker;
impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, Job(waits): Job, _cx: &mut Context<Job>) {
        if waits {
            pending::<()>().await;
        }
    }
}

/// Takes turns, and moves the clock to the next deadline in between, until the loop has ended.
fn run(driver: &mut Driver, clock: &ManualClock) {
    loop {
        let turn = driver.turn(Budget::polls(64));
        if turn.has_ended {
            return;
        }
        // Turns that have work left need no time.
        if let Some(timeout) = turn.timeout(driver.now()) {
            clock.advance(timeout);
        } else {
            panic!("nothing is left to wait for, and the system has not ended");
        }
    }
}

fn embedded() -> (System, Driver, ManualClock) {
    let clock = ManualClock::new();
    let (executor, driver) =
        Embed::new(|| {}).clock(clock.clone()).build().expect("it needs no thread");
    (System::on("simulated", Executors::adopt("loop", executor)), driver, clock)
}

fn start(system: &System, name: &str, phase: Phase, jobs: &[bool]) -> (Handle<Job>, Running) {
    let (worker, worker_mailbox) = mailbox();
    for waits in jobs {
        worker.try_tell(Job(*waits)).expect("there is room");
    }
    let spawn = Spawn::new(worker_mailbox).named(name).phase(phase);
    (worker, spawn.start(system, || Worker).expect("it starts"))
}

fn ends(report: &Report) -> Vec<(&str, String)> {
    let end =
        |exit: Option<&actor_core::Exit>| exit.map_or("busy".into(), |e| e.reason.to_string());
    report.actors.iter().map(|actor| (&*actor.path, end(actor.exit.as_ref()))).collect()
}

#[test]
fn a_shutdown_in_turns_takes_virtual_time_only() {
    let (system, mut driver, clock) = embedded();
    // An hour for the source, and an hour for the owner behind it.
    let _source = start(&system, "source", Phase::Sources, &[false, true]);
    let _owner = start(&system, "owner", Phase::Owners, &[false, false]);
    driver.turn(Budget::polls(1));
    system.stop(Duration::from_secs(7_200));
    run(&mut driver, &clock);
    let report = system.report().expect("the loop ends after the report");
    let expected = [
        ("/source", ExitReason::DeadlinePassed.to_string()),
        ("/owner", ExitReason::Stopped.to_string()),
    ];
    assert_eq!(ends(&report), expected, "{report}");
    assert!(report.took >= Duration::from_secs(3_600), "the source has half of the time");
    assert!(report.took < Duration::from_secs(3_700), "the owner needs none of its own");
    assert!(matches!(report.threads[0].end, ThreadState::RunsShutdown), "{report}");
}

#[test]
fn an_actor_that_ends_before_the_task_of_the_shutdown_begins_is_in_the_report() {
    let (system, mut driver, clock) = embedded();
    let (_worker, running) = start(&system, "worker", Phase::Owners, &[false]);
    driver.turn(Budget::polls(8));
    // The actor's end is ahead of the task in the loop's queue.
    running.kill();
    system.stop(Duration::from_secs(1));
    run(&mut driver, &clock);
    let report = system.report().expect("the loop ends after the report");
    assert_eq!(ends(&report), [("/worker", ExitReason::Killed.to_string())], "{report}");
}

#[test]
fn a_wait_within_the_loop_returns_immediately() {
    let (system, mut driver, clock) = embedded();
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let inner = system.downgrade();
    let make = move || {
        let system = inner.upgrade().expect("the test has one");
        assert!(system.stopped_blocking(Duration::MAX).is_none());
        sender.send(system.stop_blocking(Duration::MAX)).expect("there is room");
        Worker
    };
    let (_worker, _running) = spawn(&system, make).expect("it starts");
    run(&mut driver, &clock);
    let early = receiver.recv().expect("the maker sent it");
    assert!(!early.is_final && !early.is_clean(), "{early}");
    assert!(early.to_string().starts_with("system `simulated` is still stopping as requested\n"));
    assert!(early.problems().any(|problem| problem.contains("cannot wait for it")));
    let report = system.report().expect("the loop ends after the report");
    assert!(report.is_final && report.is_clean(), "{report}");
}

#[test]
fn a_report_is_a_table() {
    let (system, mut driver, clock) = embedded();
    let _source = start(&system, "source", Phase::Sources, &[true, false]);
    let _owner = start(&system, "owner", Phase::Owners, &[false, false]);
    driver.turn(Budget::polls(8));
    system.stop(Duration::from_secs(1));
    run(&mut driver, &clock);
    let expected = "\
system `simulated` stopped as requested in 500.0ms
2 actors in all, 2 ended by the stop, 0 late
phase    actor    thread  lane                handled    dropped  end
sources  /source  loop    messages                  1          1  stopped by the deadline, before it was done, 1 undelivered
owners   /owner   loop    messages                  2          0  stopped
";
    assert_eq!(system.report().expect("the loop has ended").to_string(), expected);
}

#[test]
fn a_dropped_loop_leaves_a_report() {
    let (system, mut driver, _clock) = embedded();
    let (_worker, running) = start(&system, "worker", Phase::Owners, &[true]);
    driver.turn(Budget::polls(8));
    system.stop(Duration::from_secs(10));
    driver.turn(Budget::polls(8));
    assert!(system.report().is_none(), "the handler waits");
    drop(driver);
    assert!(running.exit().is_some_and(|exit| !exit.reason.is_normal()));
    let report = system.report().expect("the drop of the loop publishes one");
    assert!(matches!(report.cause(), Cause::Requested));
}

#[test]
fn a_faulty_waker_delays_no_shutdown() {
    struct Faulty;
    impl Wake for Faulty {
        fn wake(self: Arc<Self>) {
            panic!("a faulty waker");
        }
    }
    let (system, mut driver, clock) = embedded();
    let (mut stopped, mut stopping) = (Box::pin(system.stopped()), Box::pin(system.stopping()));
    let waker = Waker::from(Arc::new(Faulty));
    let mut task = task::Context::from_waker(&waker);
    assert!(stopped.as_mut().poll(&mut task).is_pending());
    assert!(stopping.as_mut().poll(&mut task).is_pending());
    system.stop(Duration::from_secs(1));
    run(&mut driver, &clock);
    assert!(system.report().is_some_and(|report| report.is_clean()));
    assert!(
        stopped.as_mut().poll(&mut task).is_ready() && stopping.as_mut().poll(&mut task).is_ready()
    );
}

#[test]
fn a_loop_that_ended_before_leaves_a_report() {
    let (system, driver, _clock) = embedded();
    drop(driver);
    let (_worker, worker_mailbox) = mailbox::<Job>();
    let refused = Spawn::new(worker_mailbox).named("worker").start(&system, || Worker).map(drop);
    assert_eq!(refused, Err(SpawnError::ExecutorStopped));
    assert!(system.actors().is_empty(), "the refused actor has left");
    let (_worker, worker_mailbox) = mailbox::<Job>();
    let again = Spawn::new(worker_mailbox).named("worker").start(&system, || Worker).map(drop);
    assert_eq!(again, Err(SpawnError::ExecutorStopped), "its name is free");
    let report = system.stop_blocking(Duration::ZERO);
    assert!(report.actors.is_empty(), "{report}");
}

#[test]
fn a_stop_that_blocks_the_only_loop_returns_what_it_sees() {
    let (system, mut driver, clock) = embedded();
    let _running = start(&system, "worker", Phase::Owners, &[true]);
    driver.turn(Budget::polls(8));
    let report = system.stop_blocking(Duration::ZERO);
    assert_eq!(ends(&report), [("/worker", "busy".into())], "{report}");
    assert!(system.report().is_none(), "that was not the report of the shutdown");
    run(&mut driver, &clock);
    let report = system.report().expect("the loop has run");
    assert_eq!(report.late().count(), 0, "{report}");
}

#[test]
fn a_system_without_a_runtime_has_no_threads_for_actors() {
    let (system, _driver, _clock) = embedded();
    let refused = spawn(&system.own_thread(), || Worker).map(drop);
    assert_eq!(refused, Err(SpawnError::NoExecutor));
    assert!(system.actors().is_empty());
}

#[test]
fn old_handles_keep_no_executor() {
    let executors = Executors::start(&ThreadRuntime::new(), "worker", 1).expect("it starts");
    let executor = Arc::downgrade(executors.get("worker").expect("it has this name"));
    let (worker, running) = spawn(&executors, || Worker).expect("it starts");
    running.stop(Duration::from_secs(30));
    running.join_blocking(Duration::from_secs(30)).expect("it ends");
    drop((executors, running));
    let mut tries = 0..1_000;
    while executor.upgrade().is_some() {
        assert!(tries.next().is_some(), "the handle keeps the executor");
        std::thread::yield_now();
    }
    drop(worker);
}

#[test]
fn a_system_does_not_grow_with_its_ended_actors() {
    let runtime = ThreadRuntime::new();
    let executor = runtime.start_executor(ThreadConfig::named("worker")).expect("it starts");
    let system = System::on("node", Executors::adopt("worker", Arc::clone(&executor)));
    for round in 0..200 {
        let workers: Vec<_> = (0..50)
            .map(|number| {
                let (worker, worker_mailbox) = mailbox::<Job>();
                let spawn = Spawn::new(worker_mailbox).named(format!("{round}-{number}"));
                (worker, spawn.start(&system, || Worker).expect("it starts"))
            })
            .collect();
        for (worker, running) in workers {
            drop(worker);
            running.join_blocking(Duration::from_secs(30)).expect("nothing reaches it");
        }
    }
    assert!(system.actors().is_empty());
    assert_eq!(system.executors().loads(), [0]);
    // Each entry of an actor holds the executor, also one removed from the list and not yet freed.
    let held = Arc::strong_count(&executor);
    assert!(held < 500, "of 10,000 ended actors, {held} are held");
    let report = system.stop_blocking(Duration::from_secs(30));
    assert_eq!((report.started, report.actors.len()), (10_000, 0));
}

#[test]
fn a_group_leaves_time_to_the_members_after_a_late_one() {
    let mut group = Group::new(ThreadRuntime::new());
    for (name, jobs) in [("waits", [true, false]), ("works", [false, false])] {
        let (worker, worker_mailbox) = mailbox();
        jobs.iter().for_each(|waits| worker.try_tell(Job(*waits)).expect("there is room"));
        group.spawn(name, worker_mailbox, || Worker).expect("it starts");
    }
    let report = group.stop(Duration::from_secs(2));
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems, ["waits: stopped by the deadline, before it was done, 1 undelivered"]);
    assert_eq!(report.late().count(), 0);
    assert!(report.members.iter().all(|member| member.thread_has_ended));
    assert_eq!(report.members[1].exit.as_ref().expect("it ended").lanes[0].handled, 2);
}
