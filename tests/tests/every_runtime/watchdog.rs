//! The watchdog: what is stuck is named while it is, and nothing else is.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use actor_lanes::inspect::{Doing, Finding, Problem, Watchdog};
use actor_lanes::pool::Pool;
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, Runtime, Spawn, System, mailbox};
use actor_tests::{PATIENCE, on_every_runtime, owned, signal, wait};

on_every_runtime! {
    a_blocking_handler_is_named_while_it_blocks_and_once_when_it_ends,
    a_ring_of_asks_is_named_over_two_and_over_three_actors,
    a_ring_of_asks_over_a_pool_is_named,
    a_ring_of_asks_across_two_systems_is_named,
    an_executor_without_turns_is_named,
    a_lane_that_is_only_filled_is_named,
    an_idle_system_and_a_stopped_process_raise_no_alarm,
    a_panic_in_the_hook_is_contained,
    a_watchdog_ends_with_its_system,
    an_inspection_shows_the_findings_that_last,
}

const BUDGET: Duration = Duration::from_millis(20);

enum Task {
    Block(SyncSender<()>, Receiver<()>),
    Await(SyncSender<()>, actor_lanes::reply::Answer<()>),
    /// Asks the next actors, one through the other. The last one asks the first again.
    AskAlong(Vec<Target>, Reply<()>),
    Nothing,
}

#[derive(Clone)]
enum Target {
    Actor(Handle<Task>),
    Pool(actor_lanes::PoolHandle<Task>),
}

impl Message for Task {
    const LANES: &'static [Lane] = &[Lane::fifo("tasks", 64), Lane::fifo("others", 64)];
    const KINDS: &'static [&'static str] = &["Block", "Await", "AskAlong", "Nothing"];

    fn lane(&self) -> usize {
        usize::from(matches!(self, Self::Nothing))
    }

    fn kind(&self) -> usize {
        match self {
            Self::Block(..) => 0,
            Self::Await(..) => 1,
            Self::AskAlong(..) => 2,
            Self::Nothing => 3,
        }
    }
}

struct Worker;

impl Actor for Worker {
    type Message = Task;

    async fn handle(&mut self, task: Task, _cx: &mut Context<Task>) {
        match task {
            Task::Block(began, until) => {
                began.send(()).expect("the test waits for the begin");
                _ = until.recv();
            }
            Task::Await(began, until) => {
                began.send(()).expect("the test waits for the begin");
                _ = until.await;
            }
            Task::AskAlong(mut path, reply) => {
                let next = path.pop();
                let make = |reply| Task::AskAlong(path, reply);
                match next {
                    Some(Target::Actor(next)) => drop(next.ask(make).await),
                    Some(Target::Pool(next)) => drop(next.ask(make).await),
                    None => {}
                }
                reply.send(());
            }
            Task::Nothing => {}
        }
    }
}

fn started(runtime: &dyn Runtime, name: &str) -> System {
    System::new(name, owned(runtime)).expect("it starts")
}

fn worker(system: &System, name: &str) -> Handle<Task> {
    let (handle, own) = mailbox();
    drop(Spawn::new(own).named(name).start(system, || Worker).expect("it starts"));
    handle
}

/// Watches a system, and returns its findings.
fn watched(system: &System, watchdog: Watchdog) -> Receiver<Finding> {
    let (found, findings) = signal();
    let tell = move |finding: &Finding| found.send(finding.clone()).expect("the test listens");
    system.watch(watchdog.on_finding(tell)).expect("its thread starts");
    findings
}

fn block(handle: &Handle<Task>) -> SyncSender<()> {
    let ((began, beginning), (go, until)) = (signal(), signal());
    assert!(handle.try_tell(Task::Block(began, until)).is_ok());
    wait(&beginning);
    go
}

/// Returns the next finding of this kind. On a slow machine, a wait of the test itself may be found
/// as well.
fn next(findings: &Receiver<Finding>, is_it: impl Fn(&Finding) -> bool) -> Finding {
    loop {
        let finding = wait(findings);
        if is_it(&finding) {
            return finding;
        }
    }
}

fn a_blocking_handler_is_named_while_it_blocks_and_once_when_it_ends(runtime: &dyn Runtime) {
    let system = started(runtime, "stuck");
    let findings = watched(&system, Watchdog::new().budget(BUDGET));
    let chain = worker(&system, "chain");
    let go = block(&chain);
    let begin = wait(&findings);
    let text = begin.to_string();
    assert!(
        text.starts_with("stuck: /chain exceeds its budget: it is in its handler of Block"),
        "{text}"
    );
    assert!(begin.lasted >= BUDGET && !begin.is_over, "{text}");
    let Problem::Handler { doing, thread, .. } = &begin.problem else { panic!("{text}") };
    assert_eq!(doing.message().map(|message| &*message.lane), Some("tasks"));
    if cfg!(target_os = "linux") {
        assert_eq!(thread.as_ref().map(|thread| &*thread.state), Some("sleeping"), "{text}");
    }
    drop(go);
    let end = wait(&findings);
    assert!(end.is_over && end.lasted >= begin.lasted, "{end}");
    assert_eq!(end.problem.actors(), ["/chain"]);
    assert!(system.stop_blocking(PATIENCE).is_clean());
    assert!(findings.recv_timeout(PATIENCE).is_err(), "nothing is repeated");
}

/// Lets actors ask each other in a ring, and returns the ring that the watchdog names.
fn ring(findings: &Receiver<Finding>, first: &Handle<Task>, path: Vec<Target>) -> Vec<String> {
    let (reply, _answer) = Reply::pair();
    assert!(first.try_tell(Task::AskAlong(path, reply)).is_ok());
    let finding = next(findings, |finding| matches!(finding.problem, Problem::Ring { .. }));
    assert!(finding.to_string().contains("in its handler of AskAlong"), "{finding}");
    finding.problem.actors().into_iter().map(str::to_owned).collect()
}

fn a_ring_of_asks_is_named_over_two_and_over_three_actors(runtime: &dyn Runtime) {
    for names in [&["one", "two"][..], &["one", "two", "three"]] {
        let system = started(runtime, "ring");
        let findings = watched(&system, Watchdog::new().budget(BUDGET));
        let all: Vec<_> = names.iter().map(|name| worker(&system, name)).collect();
        // The path is taken from its end.
        let mut path = vec![Target::Actor(all[0].clone())];
        path.extend(all[1..].iter().rev().cloned().map(Target::Actor));
        let paths: Vec<_> = names.iter().map(|name| format!("/{name}")).collect();
        assert_eq!(ring(&findings, &all[0], path), paths);
        // A ring ends only with one of its actors.
        let report = system.stop_blocking(Duration::from_millis(1));
        assert_eq!(report.actors.len(), names.len(), "{report}");
        let end = next(&findings, |finding| finding.is_over);
        assert!(matches!(end.problem, Problem::Ring { .. }), "{end}");
    }
}

fn a_ring_of_asks_over_a_pool_is_named(runtime: &dyn Runtime) {
    for pool in [Target::Pool, Target::Pool] {
        let system = started(runtime, "ring");
        let findings = watched(&system, Watchdog::new().budget(BUDGET));
        let one = worker(&system, "one");
        let (workers, _running) =
            Pool::new(1).named("pool").start(&system, |_| Worker).expect("it starts");
        let path = vec![Target::Actor(one.clone()), pool(workers)];
        assert_eq!(ring(&findings, &one, path), ["/one", "/pool-0"]);
        drop(system.stop_blocking(Duration::from_millis(1)));
    }
    let system = started(runtime, "ring");
    let findings = watched(&system, Watchdog::new().budget(BUDGET));
    let one = worker(&system, "one");
    let pool = Pool::shared_queue(1).named("queue");
    let (workers, _running) = pool.start(&system, |_| Worker).expect("it starts");
    let path = vec![Target::Actor(one.clone()), Target::Pool(workers)];
    assert_eq!(ring(&findings, &one, path), ["/one", "/queue", "/queue-0"]);
    drop(system.stop_blocking(Duration::from_millis(1)));
}

fn a_ring_of_asks_across_two_systems_is_named(runtime: &dyn Runtime) {
    let (here, there) = (started(runtime, "here"), started(runtime, "there"));
    let findings = watched(&here, Watchdog::new().budget(BUDGET));
    let (one, other) = (worker(&here, "one"), worker(&there, "other"));
    let path = vec![Target::Actor(one.clone()), Target::Actor(other)];
    assert_eq!(ring(&findings, &one, path), ["/one", "there:/other"]);
    drop(here.stop_blocking(Duration::from_millis(1)));
    drop(there.stop_blocking(Duration::from_millis(1)));
}

fn an_executor_without_turns_is_named(runtime: &dyn Runtime) {
    let system = started(runtime, "turns");
    let one = worker(&system, "one");
    // Handled, so the actor sleeps until its next message.
    let (reply, answer) = Reply::pair();
    assert!(one.try_tell(Task::AskAlong(Vec::new(), reply)).is_ok());
    assert!(futures::executor::block_on(answer).is_ok());
    let findings = watched(&system, Watchdog::new().budget(BUDGET));
    let ((began, beginning), (go, until)) = (signal(), signal::<()>());
    // Code outside of all actors that blocks the thread.
    let executor = system.executors().get("turns").expect("it is there");
    let block = move || {
        began.send(()).expect("the test waits for the begin");
        _ = until.recv();
        Box::pin(async {}) as std::pin::Pin<Box<dyn Future<Output = ()>>>
    };
    executor.spawn(Box::new(block)).expect("it runs");
    wait(&beginning);
    assert!(one.try_tell(Task::Nothing).is_ok());
    let finding = wait(&findings);
    let Problem::Executor { name, ready, .. } = &finding.problem else { panic!("{finding}") };
    assert_eq!((&**name, &ready[..]), ("turns", &["/one".to_owned()][..]), "{finding}");
    drop(go);
    assert!(wait(&findings).is_over);
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn a_lane_that_is_only_filled_is_named(runtime: &dyn Runtime) {
    let system = started(runtime, "filled");
    let watchdog = Watchdog::new().budget(PATIENCE).every(BUDGET / 4).filling(BUDGET);
    let findings = watched(&system, watchdog);
    let one = worker(&system, "one");
    let (began, beginning) = signal();
    let (release, answer) = Reply::pair();
    assert!(one.try_tell(Task::Await(began, answer)).is_ok());
    wait(&beginning);
    let finding = loop {
        _ = one.try_tell(Task::Nothing);
        match findings.recv_timeout(BUDGET / 4) {
            Ok(finding) => break finding,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("the watchdog has ended"),
        }
    };
    let Problem::Lane { actor, lane, accepted, waiting } = &finding.problem else {
        panic!("{finding}")
    };
    assert_eq!((&**actor, &**lane), ("/one", "others"));
    assert!(*accepted > 0 && *waiting >= *accepted, "{finding}");
    release.send(());
    assert!(wait(&findings).is_over);
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

#[expect(clippy::disallowed_methods, reason = "any instant will do: it is only counted from")]
fn start() -> Instant {
    Instant::now()
}

fn an_idle_system_and_a_stopped_process_raise_no_alarm(runtime: &dyn Runtime) {
    let system = started(runtime, "calm");
    let (one, _two) = (worker(&system, "one"), worker(&system, "two"));
    // From here on, the times of the looks are not those of the threads.
    let limit = start() + PATIENCE;
    while system.inspect().actors.iter().any(|actor| actor.doing != Doing::Idle) {
        assert!(start() < limit);
        std::thread::yield_now();
    }
    let mut looks = system.watch_by_hand(Watchdog::new().every(Duration::from_millis(100)));
    let (mut now, hour) = (start(), Duration::from_secs(3_600));
    let mut look = |time| {
        now += time;
        looks.look(now)
    };
    for _ in 0..100 {
        assert!(look(Duration::from_millis(100)).is_empty());
    }
    // A message in hand, and a clock that goes on while the process is stopped.
    let go = block(&one);
    assert!(look(Duration::from_millis(100)).is_empty());
    assert!(look(hour).is_empty(), "nothing ran in this hour");
    let found: Vec<_> = (0..20).flat_map(|_| look(Duration::from_millis(100))).collect();
    assert_eq!(found.len(), 1, "it is found once it has had its budget");
    drop(go);
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn a_panic_in_the_hook_is_contained(runtime: &dyn Runtime) {
    let system = started(runtime, "hook");
    let (found, findings) = signal();
    let hook = move |finding: &Finding| {
        found.send(finding.is_over).expect("the test listens");
        panic!("this hook panics, as the test wants it to");
    };
    system.watch(Watchdog::new().budget(BUDGET).on_finding(hook)).expect("its thread starts");
    let one = worker(&system, "one");
    let go = block(&one);
    assert!(!wait(&findings));
    drop(go);
    assert!(wait(&findings), "the watchdog goes on after the panic");
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn a_watchdog_ends_with_its_system(runtime: &dyn Runtime) {
    let system = started(runtime, "ending");
    let findings = watched(&system, Watchdog::new());
    drop(system);
    let end = findings.recv_timeout(PATIENCE);
    assert!(matches!(end, Err(RecvTimeoutError::Disconnected)), "its hook is dropped");
}

fn an_inspection_shows_the_findings_that_last(runtime: &dyn Runtime) {
    let system = started(runtime, "shown");
    let findings = watched(&system, Watchdog::new().budget(BUDGET));
    let go = block(&worker(&system, "one"));
    wait(&findings);
    let limit = start() + PATIENCE;
    // Shown after the hook has run.
    while system.inspect().findings.is_empty() {
        assert!(start() < limit);
        std::thread::yield_now();
    }
    assert!(system.inspect().findings[0].text.contains("/one exceeds its budget"));
    drop(go);
    assert!(wait(&findings).is_over);
    assert!(system.stop_blocking(PATIENCE).is_clean());
    while !system.inspect().findings.is_empty() {
        assert!(start() < limit);
        std::thread::yield_now();
    }
}
