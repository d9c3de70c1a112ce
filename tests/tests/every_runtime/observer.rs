//! The observer of an actor.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use actor_lanes::life::Restart;
use actor_lanes::observe::{Begun, HandlerEnd, Observer};
use actor_lanes::{
    Actor, Batch, Context, ExitReason, Fallible, Handle, Lane, Message, Runtime, Spawn, mailbox,
};
use actor_tests::{CONTROL, Desk, FIFO, Letter, PATIENCE, end_of, executor, on_every_runtime};
use actor_tests::{signal, wait};

on_every_runtime! {
    an_observer_sees_each_message_and_each_wait_of_its_handler,
    an_observer_sees_how_each_handler_ended,
    an_observer_sees_each_message_of_a_batch,
    an_observer_sees_the_lateness_of_timers,
    an_observer_lives_through_restarts,
    a_panic_in_an_observer_ends_the_observer_only,
    an_observer_is_dropped_before_the_exit_is_published,
}

/// Sends the name of each call.
struct Calls(SyncSender<String>);

impl Calls {
    fn new() -> (Self, Receiver<String>) {
        let (told, tells) = signal();
        (Self(told), tells)
    }

    fn note(&self, call: impl Into<String>) {
        self.0.send(call.into()).expect("the test waits");
    }
}

impl<M: Message> Observer<M> for Calls {
    fn began(&mut self, _message: &M, begun: &Begun<'_>) {
        assert!(begun.now() <= begun.now());
        let (actor, kind) = (begun.actor.map_or("?", |name| name), begun.kind.unwrap_or("?"));
        self.note(format!("{actor} began {kind} in {}", begun.lane));
    }

    fn ended(&mut self, end: HandlerEnd) {
        self.note(format!("{end:?}"));
    }

    fn paused(&mut self) {
        self.note("paused");
    }

    fn resumed(&mut self) {
        self.note("resumed");
    }

    fn timer_late(&mut self, by: Duration) {
        assert!(by < PATIENCE);
        self.note("timer");
    }

    fn life_began(&mut self, name: Option<&Arc<str>>) {
        self.note(format!("life of {}", name.map_or("?", |name| name)));
    }

    fn life_ended(&mut self, reason: &ExitReason) {
        self.note(format!("end: {reason}"));
    }
}

fn an_observer_sees_each_message_and_each_wait_of_its_handler(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((calls, tells), (desk, desk_mailbox)) = (Calls::new(), mailbox());
    let spawn = Spawn::new(desk_mailbox).named("desk").observed(calls);
    let running = spawn.start(&executor, Desk::default).expect("the executor runs");
    let release = Desk::hold(&desk);
    assert_eq!(wait(&tells), "life of desk");
    assert_eq!(wait(&tells), "desk began ? in control");
    assert_eq!(wait(&tells), "paused");
    release.send(());
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    drop(desk);
    _ = end_of(&running);
    let rest: Vec<_> = tells.into_iter().collect();
    assert_eq!(
        rest,
        ["resumed", "Returned", "desk began ? in fifo", "Returned", "end: became unreachable"]
    );
}

/// Ends its handler as its message says.
#[derive(Clone, Copy)]
enum Way {
    Return,
    Fail,
    Panic,
    Wait,
}

impl Message for Way {
    const KINDS: &'static [&'static str] = &["Return", "Fail", "Panic", "Wait"];

    fn kind(&self) -> usize {
        *self as usize
    }
}

struct Ways(SyncSender<()>);

impl Actor<Fallible> for Ways {
    type Message = Way;

    async fn handle(&mut self, way: Way, _cx: &mut Context<Way>) -> Fallible {
        match way {
            Way::Return => Ok(()),
            Way::Fail => Err("it failed".into()),
            Way::Panic => panic!("it panicked"),
            Way::Wait => {
                self.0.send(()).expect("the test waits");
                std::future::pending().await
            }
        }
    }
}

fn an_observer_sees_how_each_handler_ended(runtime: &dyn Runtime) {
    for (way, expected, end) in [
        (Way::Return, vec!["Returned"], "became unreachable"),
        (Way::Fail, vec!["Failed"], "failed: it failed"),
        (Way::Panic, vec!["Panicked"], "panicked: it panicked"),
        (Way::Wait, vec!["paused", "resumed", "Dropped"], "killed"),
    ] {
        let executor = executor(runtime);
        let ((calls, tells), (ways, ways_mailbox)) = (Calls::new(), mailbox());
        let (waits, waiting) = signal();
        let spawn = Spawn::new(ways_mailbox).observed(calls);
        let running = spawn.start(&executor, || Ways(waits)).expect("the executor runs");
        ways.try_tell(way).expect("there is room");
        if matches!(way, Way::Wait) {
            wait(&waiting);
            running.kill();
        }
        drop(ways);
        _ = end_of(&running);
        let began = format!("? began {} in messages", Way::KINDS[way.kind()]);
        let end = format!("end: {end}");
        let all = [&["life of ?", &began], &expected[..], &[&*end]].concat();
        assert_eq!(tells.into_iter().collect::<Vec<_>>(), all);
    }
}

struct Vote(u64);
impl Message for Vote {
    const LANES: &'static [Lane] = &[Lane::fifo("votes", 16).batch(4)];
}

/// Takes a batch with a wait, or leaves it to `handle`.
struct Votes {
    takes: bool,
}
impl Actor for Votes {
    type Message = Vote;

    async fn handle(&mut self, _vote: Vote, _cx: &mut Context<Vote>) {}

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Vote>, _cx: &mut Context<Vote>) {
        if self.takes {
            assert_eq!(batch.map(|Vote(n)| n).sum::<u64>(), 3);
        }
    }
}

fn an_observer_sees_each_message_of_a_batch(runtime: &dyn Runtime) {
    for takes in [true, false] {
        let executor = executor(runtime);
        let ((calls, tells), (votes, votes_mailbox)) = (Calls::new(), mailbox());
        votes.try_tell_all([Vote(1), Vote(2)]).expect("there is room");
        drop(votes);
        let spawn = Spawn::new(votes_mailbox).observed(calls);
        let running = spawn.start(&executor, move || Votes { takes }).expect("the executor runs");
        assert_eq!(end_of(&running).lanes[0].handled, 2);
        let (began, end) = ("? began ? in votes", "Returned");
        let all = ["life of ?", began, end, began, end, "end: became unreachable"];
        assert_eq!(tells.into_iter().collect::<Vec<_>>(), all, "takes: {takes}");
    }
}

fn an_observer_sees_the_lateness_of_timers(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((calls, tells), (desk, desk_mailbox)) = (Calls::new(), mailbox());
    let arm = |_: &mut Desk, cx: &mut Context<Letter>| {
        cx.after(Duration::from_millis(1), Letter::note(FIFO, 1));
        let beat = |_| Letter::act(CONTROL, |_, cx| cx.stop());
        cx.every(cx.now() + Duration::from_millis(2), Duration::from_secs(1), beat);
    };
    desk.try_tell(Letter::act(FIFO, arm)).expect("there is room");
    let spawn = Spawn::new(desk_mailbox).observed(calls);
    let running = spawn.start(&executor, Desk::default).expect("the executor runs");
    _ = end_of(&running);
    let (began, end) = ("? began ? in fifo", "Returned");
    assert_eq!(
        tells.into_iter().collect::<Vec<_>>(),
        [
            "life of ?",
            began,
            end,
            "timer",
            began,
            end,
            "timer",
            "? began ? in control",
            end,
            "end: stopped"
        ]
    );
}

fn an_observer_lives_through_restarts(runtime: &dyn Runtime) {
    for is_first in [true, false] {
        let executor = executor(runtime);
        let ((calls, tells), (ways, ways_mailbox)) = (Calls::new(), mailbox());
        ways.try_tell_all([Way::Panic, Way::Return]).expect("there is room");
        drop(ways);
        let (waits, _waiting) = signal();
        let make = move || Ways(waits.clone());
        let spawn = Spawn::new(ways_mailbox);
        let policy = Restart::up_to(3);
        let running = if is_first {
            spawn.observed(calls).restart(policy).start(&executor, make)
        } else {
            spawn.restart(policy).observed(calls).start(&executor, make)
        };
        _ = end_of(&running.expect("the executor runs"));
        assert_eq!(
            tells.into_iter().collect::<Vec<_>>(),
            [
                "life of ?",
                "? began Panic in messages",
                "Panicked",
                "end: panicked: it panicked",
                "life of ?",
                "? began Return in messages",
                "Returned",
                "end: became unreachable"
            ]
        );
    }
}

/// Panics in one of its calls.
struct Faulty(usize);

impl Faulty {
    const CALLS: usize = 8;

    fn call(&self, call: usize) {
        assert!(self.0 != call, "a faulty observer");
    }
}

impl Observer<Letter> for Faulty {
    fn began(&mut self, _letter: &Letter, _begun: &Begun<'_>) {
        self.call(0);
    }

    fn ended(&mut self, _end: HandlerEnd) {
        self.call(1);
    }

    fn paused(&mut self) {
        self.call(2);
    }

    fn resumed(&mut self) {
        self.call(3);
    }

    fn timer_late(&mut self, _by: Duration) {
        self.call(4);
    }

    fn life_began(&mut self, _name: Option<&Arc<str>>) {
        self.call(5);
    }

    fn life_ended(&mut self, _reason: &ExitReason) {
        self.call(6);
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.call(7);
    }
}

fn a_panic_in_an_observer_ends_the_observer_only(runtime: &dyn Runtime) {
    for call in 0..Faulty::CALLS {
        let executor = executor(runtime);
        let (desk, desk_mailbox) = mailbox();
        let spawn = Spawn::new(desk_mailbox).observed(Faulty(call));
        let running = spawn.start(&executor, Desk::default).expect("the executor runs");
        let release = Desk::hold(&desk);
        release.send(());
        let arm = |_: &mut Desk, cx: &mut Context<Letter>| {
            cx.after(Duration::ZERO, Letter::note(FIFO, 7));
        };
        desk.try_tell(Letter::act(FIFO, arm)).expect("there is room");
        while Desk::read(&desk) != [7] {}
        drop(desk);
        let exit = end_of(&running);
        assert!(exit.reason.is_normal(), "{} with a fault in call {call}", exit.reason);
    }
}

/// Holds a value that its drop sends a signal.
struct Keeps(SyncSender<()>);
impl Observer<Letter> for Keeps {}
impl Drop for Keeps {
    fn drop(&mut self) {
        self.0.send(()).expect("the test waits");
    }
}

fn an_observer_is_dropped_before_the_exit_is_published(runtime: &dyn Runtime) {
    for restarts in [false, true] {
        let executor = executor(runtime);
        let ((told, tells), (desk, desk_mailbox)) = (signal(), mailbox());
        let spawn = Spawn::new(desk_mailbox);
        let running = if restarts {
            let spawn = spawn.restart(Restart::permanent()).observed(Keeps(told));
            spawn.start(&executor, Desk::default)
        } else {
            spawn.observed(Keeps(told)).start(&executor, Desk::default)
        };
        let running = running.expect("the executor runs");
        running.kill();
        _ = end_of(&running);
        assert!(tells.try_recv().is_ok(), "restarts: {restarts}");
        drop::<Handle<Letter>>(desk);
    }
}
