//! A look at a system: what each actor does, and who waits for whom.

use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use actor_lanes::inspect::{ActorView, Doing, Inspection, WaitFor, WaitView};
use actor_lanes::mailbox::Variant;
use actor_lanes::pool::Pool;
use actor_lanes::{
    Actor, Context, Fallible, Handle, Lane, Message, Recipient, Reply, Restart, Runtime, Spawn,
    System, mailbox,
};
use actor_tests::{PATIENCE, on_every_runtime, owned, signal, wait};
use futures::future::select;

on_every_runtime! {
    what_an_actor_does_is_seen_with_its_lane_and_kind,
    a_look_works_while_every_owner_is_stuck_and_during_the_shutdown,
    timers_work_and_restarts_are_counted,
    a_handler_that_waits_for_an_answer_names_the_other_actor,
    a_handler_that_waits_for_room_names_the_other_actor,
    a_wait_across_two_systems_names_the_other_system,
    a_dropped_ask_is_no_wait_any_more,
    an_ask_in_flight_beside_the_handlers_is_no_wait,
    the_longer_a_message_is_in_hand_the_later_looks_say_so,
}

/// A message that the tests' actors handle in different ways.
enum Task {
    /// Blocks the thread until the other end sends or is dropped.
    Block(SyncSender<()>, Receiver<()>),
    /// Awaits an answer that the test gives.
    Await(SyncSender<()>, actor_lanes::reply::Answer<()>),
    /// Awaits the answer of another actor.
    Ask(SyncSender<()>, Way),
    /// Waits for room at another actor.
    Fill(SyncSender<()>, Handle<Task>),
    /// Answers at once.
    Answer(Reply<()>),
    /// Asks, and drops the question when the other future is ready.
    AskUntil(Handle<Task>, actor_lanes::reply::Answer<()>, SyncSender<()>),
    /// Asks beside the handlers.
    AskBeside(Handle<Task>),
    Arm,
    Fail,
    Nothing,
}

/// The ways to ask.
enum Way {
    Handle(Handle<Task>),
    Recipient(Recipient<Question>),
    Pool(actor_lanes::PoolHandle<Task>),
}

struct Question(Reply<()>);

impl Variant<Question> for Task {
    fn wrap(Question(reply): Question) -> Self {
        Self::Answer(reply)
    }

    fn unwrap(self) -> Option<Question> {
        match self {
            Self::Answer(reply) => Some(Question(reply)),
            _ => None,
        }
    }
}

impl Message for Task {
    const LANES: &'static [Lane] = &[Lane::fifo("tasks", 2), Lane::fifo("asks", 2)];
    const KINDS: &'static [&'static str] = &[
        "Block",
        "Await",
        "Ask",
        "Fill",
        "Answer",
        "AskUntil",
        "AskBeside",
        "Arm",
        "Fail",
        "Nothing",
    ];

    fn lane(&self) -> usize {
        usize::from(matches!(self, Self::Answer(_)))
    }

    fn kind(&self) -> usize {
        match self {
            Self::Block(..) => 0,
            Self::Await(..) => 1,
            Self::Ask(..) => 2,
            Self::Fill(..) => 3,
            Self::Answer(_) => 4,
            Self::AskUntil(..) => 5,
            Self::AskBeside(_) => 6,
            Self::Arm => 7,
            Self::Fail => 8,
            Self::Nothing => 9,
        }
    }
}

struct Worker;

impl Actor<Fallible> for Worker {
    type Message = Task;

    async fn handle(&mut self, task: Task, cx: &mut Context<Task>) -> Fallible {
        match task {
            Task::Block(began, until) => {
                began.send(())?;
                _ = until.recv();
            }
            Task::Await(began, until) => {
                began.send(())?;
                _ = until.await;
            }
            Task::Ask(began, way) => {
                began.send(())?;
                match way {
                    Way::Handle(other) => drop(other.ask(Task::Answer).await),
                    Way::Recipient(other) => drop(other.ask(Question).await),
                    Way::Pool(other) => drop(other.ask(Task::Answer).await),
                }
            }
            Task::Fill(began, other) => {
                began.send(())?;
                while other.tell(Task::Nothing).await.is_ok() && !cx.handle().is_closed() {}
            }
            Task::Answer(reply) => reply.send(()),
            Task::AskUntil(other, until, dropped) => {
                // The question is dropped with this block, before the signal.
                {
                    let ask = std::pin::pin!(other.ask(Task::Answer));
                    _ = select(ask, until).await;
                }
                dropped.send(())?;
                cx.stop();
            }
            Task::AskBeside(other) => {
                cx.spawn(async move { other.ask(Task::Answer).await.is_ok() }, |_| Task::Nothing);
            }
            Task::Arm => {
                cx.after(Duration::from_secs(3_600), Task::Nothing);
            }
            Task::Fail => return Err("as the test wants it".into()),
            Task::Nothing => {}
        }
        Ok(())
    }
}

fn started(runtime: &dyn Runtime, name: &str, executors: usize) -> System {
    System::builder(name).runtime(owned(runtime)).executors(executors).start().expect("it starts")
}

fn worker(system: &System, name: &str) -> Handle<Task> {
    let (handle, own) = mailbox();
    let spawn = Spawn::new(own).named(name).restart(Restart::transient());
    drop(spawn.start(system, || Worker).expect("it starts"));
    handle
}

#[expect(clippy::disallowed_methods, reason = "the time of the test's own patience")]
fn now() -> Instant {
    Instant::now()
}

/// Looks until an actor is as wanted.
fn until(system: &System, path: &str, is_so: impl Fn(&ActorView) -> bool) -> Inspection {
    let limit = now() + PATIENCE;
    loop {
        let seen = system.inspect();
        if seen.actor(path).is_some_and(&is_so) {
            return seen;
        }
        assert!(now() < limit, "it never was so:\n{seen}");
        thread::yield_now();
    }
}

/// Blocks an actor's thread in its handler until the result is dropped.
fn block(handle: &Handle<Task>) -> SyncSender<()> {
    let ((began, beginning), (go, until)) = (signal(), signal());
    assert!(handle.try_tell(Task::Block(began, until)).is_ok());
    wait(&beginning);
    go
}

fn what_an_actor_does_is_seen_with_its_lane_and_kind(runtime: &dyn Runtime) {
    let system = started(runtime, "seen", 1);
    let (one, two) = (worker(&system, "one"), worker(&system, "two"));
    until(&system, "/one", |one| one.doing == Doing::Idle);
    let (began, beginning) = signal();
    let (release, answer) = Reply::pair();
    assert!(two.try_tell(Task::Await(began, answer)).is_ok());
    wait(&beginning);
    let seen = until(&system, "/two", |two| matches!(two.doing, Doing::Awaiting { .. }));
    let message = seen.actor("/two").and_then(|two| two.doing.message()).expect("it has one");
    assert_eq!((&*message.lane, message.kind.as_deref()), ("tasks", Some("Await")));

    let go = block(&one);
    assert!(two.try_tell(Task::Nothing).is_ok());
    release.send(());
    let seen = system.inspect();
    let doing = &seen.actor("/one").expect("it runs").doing;
    assert!(
        matches!(doing, Doing::Handling { message, .. } if message.kind.as_deref() == Some("Block"))
    );
    assert_eq!(seen.executors.len(), 1);
    assert_eq!((seen.executors[0].actors, seen.executors[0].is_alive), (2, true));
    assert!(seen.to_string().contains("Block"), "{seen}");
    drop(go);
    let seen = until(&system, "/two", |two| two.handled() == 2 && two.doing == Doing::Idle);
    assert!(seen.actor("/two").is_some_and(|two| two.waiting() == 0), "{seen}");
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn a_look_works_while_every_owner_is_stuck_and_during_the_shutdown(runtime: &dyn Runtime) {
    let system = started(runtime, "stuck", 2);
    let stuck = ["one", "two"].map(|name| block(&worker(&system, name)));
    system.stop(PATIENCE);
    let seen = system.inspect();
    assert!(seen.is_stopping && seen.actors.len() == 2, "{seen}");
    assert!(
        seen.actors.iter().all(|actor| matches!(actor.doing, Doing::Handling { .. })),
        "{seen}"
    );
    drop(stuck);
    assert!(system.stopped_blocking(PATIENCE).is_some_and(|report| report.is_clean()));
    let seen = system.inspect();
    assert!(seen.actors.is_empty() && seen.started == 2, "{seen}");
    assert!(seen.executors.iter().all(|executor| !executor.is_alive), "{seen}");
}

fn timers_work_and_restarts_are_counted(runtime: &dyn Runtime) {
    let system = started(runtime, "counted", 1);
    let (one, two) = (worker(&system, "one"), worker(&system, "two"));
    assert!(one.try_tell(Task::Fail).is_ok());
    until(&system, "/one", |one| one.restarts == 1);
    (0..2).for_each(|_| assert!(one.try_tell(Task::Arm).is_ok()));
    until(&system, "/one", |one| one.timers == 2);
    let held = worker(&system, "held");
    let (began, _beginning) = signal();
    let (_release, answer) = Reply::pair();
    assert!(held.try_tell(Task::Await(began, answer)).is_ok());
    assert!(two.try_tell(Task::AskBeside(held)).is_ok());
    until(&system, "/two", |two| two.in_flight == 1 && two.doing == Doing::Idle);
    drop(system.stop_blocking(Duration::from_millis(1)));
}

/// Lets one actor wait for another one, and returns its wait.
fn wait_of(
    system: &System,
    waiting: &Handle<Task>,
    task: impl FnOnce(SyncSender<()>) -> Task,
) -> WaitView {
    let (began, beginning) = signal();
    assert!(waiting.try_tell(task(began)).is_ok());
    wait(&beginning);
    let seen = until(system, "/waiting", |waiting| !waiting.waits.is_empty());
    let waits = &seen.actor("/waiting").expect("it runs").waits;
    assert_eq!(waits.len(), 1, "{seen}");
    waits[0].clone()
}

fn a_handler_that_waits_for_an_answer_names_the_other_actor(runtime: &dyn Runtime) {
    let system = started(runtime, "asking", 2);
    let (waiting, asked) = (worker(&system, "waiting"), worker(&system, "asked"));
    let pool = Pool::new(1).named("pool").start(&system, |_| Worker).expect("it starts");
    let queue = Pool::shared_queue(1).named("queue").start(&system, |_| Worker).expect("it starts");
    let ways = [
        (Way::Handle(asked.clone()), "/asked"),
        (Way::Recipient(asked.recipient()), "/asked"),
        (Way::Pool(pool.0.clone()), "/pool-0"),
        (Way::Pool(queue.0.clone()), "/queue"),
    ];
    for (way, path) in ways {
        // The other actors have no time to answer.
        let (began, beginning) = signal();
        let (go, until_then) = signal();
        let held = Task::Block(began, until_then);
        match &way {
            Way::Handle(_) | Way::Recipient(_) => assert!(asked.try_tell(held).is_ok()),
            Way::Pool(pool) => assert!(pool.try_tell(held).is_ok()),
        }
        wait(&beginning);
        // On an executor of its own, so the blocked one does not hold it.
        let elsewhere = started(runtime, "elsewhere", 1);
        let asking = worker(&elsewhere, "waiting");
        let found = wait_of(&elsewhere, &asking, |began| Task::Ask(began, way));
        assert_eq!((found.actor.as_deref(), found.what), (Some(path), WaitFor::Answer));
        drop(go);
        until(&elsewhere, "/waiting", |waiting| waiting.waits.is_empty() && waiting.handled() == 1);
        assert!(elsewhere.stop_blocking(PATIENCE).is_clean());
    }
    drop(waiting);
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn a_handler_that_waits_for_room_names_the_other_actor(runtime: &dyn Runtime) {
    let (system, other) = (started(runtime, "here", 1), started(runtime, "there", 1));
    let full = worker(&other, "full");
    let go = block(&full);
    let waiting = worker(&system, "waiting");
    let found = wait_of(&system, &waiting, |began| Task::Fill(began, full.clone()));
    assert_eq!((found.actor.as_deref(), found.what), (Some("/full"), WaitFor::Room));
    other.stop(PATIENCE);
    drop(go);
    until(&system, "/waiting", |waiting| waiting.waits.is_empty() && waiting.handled() == 1);
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn a_wait_across_two_systems_names_the_other_system(runtime: &dyn Runtime) {
    let (system, other) = (started(runtime, "here", 1), started(runtime, "there", 1));
    let asked = worker(&other, "asked");
    let go = block(&asked);
    let waiting = worker(&system, "waiting");
    let found = wait_of(&system, &waiting, |began| Task::Ask(began, Way::Handle(asked.clone())));
    assert_eq!((found.actor.as_deref(), found.system.as_deref()), (Some("/asked"), Some("there")));
    drop(go);
    until(&system, "/waiting", |waiting| waiting.waits.is_empty());
    assert!(system.stop_blocking(PATIENCE).is_clean());
    assert!(other.stop_blocking(PATIENCE).is_clean());
}

fn a_dropped_ask_is_no_wait_any_more(runtime: &dyn Runtime) {
    let (system, other) = (started(runtime, "here", 1), started(runtime, "there", 1));
    let asked = worker(&other, "asked");
    let go = block(&asked);
    let waiting = worker(&system, "waiting");
    let (release, answer) = Reply::pair();
    let (dropped, drops) = signal();
    assert!(waiting.try_tell(Task::AskUntil(asked, answer, dropped)).is_ok());
    until(&system, "/waiting", |waiting| waiting.waits.len() == 1);
    release.send(());
    wait(&drops);
    let seen = system.inspect();
    assert!(seen.actor("/waiting").is_none_or(|waiting| waiting.waits.is_empty()), "{seen}");
    drop(go);
    assert!(system.stop_blocking(PATIENCE).is_clean());
    assert!(other.stop_blocking(PATIENCE).is_clean());
}

fn an_ask_in_flight_beside_the_handlers_is_no_wait(runtime: &dyn Runtime) {
    let (system, other) = (started(runtime, "here", 1), started(runtime, "there", 1));
    let asked = worker(&other, "asked");
    let go = block(&asked);
    let waiting = worker(&system, "waiting");
    assert!(waiting.try_tell(Task::AskBeside(asked)).is_ok());
    let seen = until(&system, "/waiting", |one| one.in_flight == 1 && one.doing == Doing::Idle);
    assert!(seen.actor("/waiting").is_some_and(|waiting| waiting.waits.is_empty()), "{seen}");
    drop(go);
    assert!(other.stop_blocking(PATIENCE).is_clean());
    drop(waiting);
    assert!(system.stop_blocking(PATIENCE).is_clean());
}

fn the_longer_a_message_is_in_hand_the_later_looks_say_so(runtime: &dyn Runtime) {
    let system = started(runtime, "long", 1);
    let one = worker(&system, "one");
    let go = block(&one);
    let time = |seen: &Inspection| seen.actor("/one").and_then(|one| one.doing.at_least());
    let first = time(&system.inspect()).expect("a message is in hand");
    let seen = until(&system, "/one", |one| one.doing.at_least() > Some(Duration::from_millis(2)));
    assert!(time(&seen) > Some(first));
    drop(go);
    until(&system, "/one", |one| one.doing.at_least().is_none());
    drop(one);
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
}
