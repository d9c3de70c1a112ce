//! A panic anywhere in an actor's code ends this actor only, and its exit reports the panic.

use std::future::{Future, pending, ready};
use std::panic::panic_any;
use std::sync::mpsc::SyncSender;

use actor_lanes::handle::AskBlockingError;
use actor_lanes::{
    Actor, Context, ExitReason, Lane, Message, Reply, Runtime, Spawn, TryTellError, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, Letter, NEWEST, PATIENCE, end_of, executor, on_every_runtime, signal,
    wait, within,
};

on_every_runtime! {
    in_a_handler,
    in_a_handler_that_waited,
    without_a_text,
    with_a_payload_that_panics_in_drop,
    in_the_maker,
    in_started,
    in_stopped,
    in_stopped_before_it_waits,
    in_drop,
    in_drop_of_a_handler_stopped_immediately,
    in_drop_of_a_handler_at_the_deadline,
    in_drop_of_a_timers_message,
    in_drop_of_an_undelivered_message,
    in_the_hook_for_undelivered_messages,
    the_first_cause_stays_the_reason,
    every_asker_gets_an_error,
    a_message_to_a_panicked_actor_is_returned,
    stopped_sees_the_panic,
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("boom");
    }
}

/// Panics in the configured places.
#[derive(Default)]
struct Fragile {
    in_started: bool,
    in_stopped: bool,
    before_stopped: bool,
    _in_drop: Option<Bomb>,
    ended: Option<SyncSender<()>>,
}

enum Crack {
    Stop,
    Arm(Bomb),
}

impl Message for Crack {
    const LANES: &'static [Lane] = &[Lane::fifo("cracks", 8)];
}

impl Actor for Fragile {
    type Message = Crack;

    async fn started(&mut self, _cx: &mut Context<Crack>) {
        assert!(!self.in_started, "boom at the start");
    }

    async fn handle(&mut self, crack: Crack, cx: &mut Context<Crack>) {
        match crack {
            Crack::Stop => cx.stop(),
            Crack::Arm(bomb) => {
                cx.after(PATIENCE, Crack::Arm(bomb));
                cx.stop();
            }
        }
    }

    fn stopped(&mut self, _reason: &ExitReason) -> impl Future<Output = ()> {
        assert!(!self.before_stopped, "boom");
        if let Some(ended) = &self.ended {
            ended.send(()).expect("the test waits");
        }
        let panics = self.in_stopped;
        async move { assert!(!panics, "boom") }
    }
}

#[track_caller]
fn assert_boom(reason: &ExitReason) {
    assert!(matches!(reason, ExitReason::Panicked(text) if text == "boom"), "{reason:?}");
}

fn in_a_handler(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    desk.try_tell(Letter::act(FIFO, |_, _| panic!("boom"))).expect("there is room");
    let exit = end_of(&running);
    assert_boom(&exit.reason);
    assert!(!exit.reason.is_normal());
    assert_eq!(exit.lanes[FIFO].handled, 1, "its handling has ended");
}

fn in_a_handler_that_waited(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (reply, answer) = Reply::<()>::pair();
    let waits = Letter::awaiting(FIFO, || async {
        answer.await.expect("it is answered");
        panic!("{}", "boom");
    });
    desk.try_tell(waits).expect("there is room");
    reply.send(());
    assert_boom(&end_of(&running).reason);
}

fn without_a_text(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    desk.try_tell(Letter::act(FIFO, |_, _| panic_any(7))).expect("there is room");
    let reason = end_of(&running).reason;
    assert!(
        matches!(&reason, ExitReason::Panicked(text) if text.contains("without a message")),
        "{reason:?}"
    );
}

fn with_a_payload_that_panics_in_drop(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let (desk, running) = spawn(&executor(runtime), make).expect("it starts");
    desk.try_tell(Letter::act(FIFO, |_, _| panic_any(Bomb))).expect("there is room");
    let reason = end_of(&running).reason;
    assert!(
        matches!(&reason, ExitReason::Panicked(text) if text.contains("without a message")),
        "{reason:?}"
    );
    assert!(matches!(wait(&ending), ExitReason::Panicked(_)));
}

fn in_the_maker(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, || -> Desk { panic!("boom") }).expect("it starts");
    assert_boom(&end_of(&running).reason);
    assert!(desk.is_closed());
    assert_eq!(within(&executor, || ready(1)), 1, "its executor lives");
}

fn in_started(runtime: &dyn Runtime) {
    let (told, tell) = signal();
    let make = || Fragile { in_started: true, ended: Some(told), ..Fragile::default() };
    let (_handle, running) = spawn(&executor(runtime), make).expect("it starts");
    let reason = end_of(&running).reason;
    assert!(
        matches!(&reason, ExitReason::Panicked(text) if text == "boom at the start"),
        "{reason:?}"
    );
    wait(&tell);
}

fn in_stopped(runtime: &dyn Runtime) {
    let make = || Fragile { in_stopped: true, ..Fragile::default() };
    let (handle, running) = spawn(&executor(runtime), make).expect("it starts");
    handle.try_tell(Crack::Stop).expect("there is room");
    assert_boom(&end_of(&running).reason);
}

fn in_stopped_before_it_waits(runtime: &dyn Runtime) {
    let make = || Fragile { before_stopped: true, ..Fragile::default() };
    let (handle, running) = spawn(&executor(runtime), make).expect("it starts");
    handle.try_tell(Crack::Stop).expect("there is room");
    assert_boom(&end_of(&running).reason);
}

fn in_drop(runtime: &dyn Runtime) {
    let make = || Fragile { _in_drop: Some(Bomb), ..Fragile::default() };
    let (handle, running) = spawn(&executor(runtime), make).expect("it starts");
    handle.try_tell(Crack::Stop).expect("there is room");
    assert_boom(&end_of(&running).reason);
}

fn in_drop_of_a_handler_stopped_immediately(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let (desk, running) = spawn(&executor(runtime), make).expect("it starts");
    wait_with_a_bomb(&desk);
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed), "the first cause stays");
    assert!(matches!(wait(&ending), ExitReason::Killed), "`stopped` has its say all the same");
}

fn in_drop_of_a_handler_at_the_deadline(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let (desk, running) = spawn(&executor(runtime), make).expect("it starts");
    wait_with_a_bomb(&desk);
    running.stop(std::time::Duration::ZERO);
    assert!(matches!(end_of(&running).reason, ExitReason::DeadlinePassed), "the first cause stays");
    assert!(
        matches!(wait(&ending), ExitReason::DeadlinePassed),
        "`stopped` has its say all the same"
    );
}

/// Blocks a handler for ever, while it owns a bomb.
fn wait_with_a_bomb(desk: &actor_lanes::Handle<Letter>) {
    let (began, beginning) = signal();
    let waits = Letter::awaiting(CONTROL, move || async move {
        let _bomb = Bomb;
        began.send(()).expect("the test waits");
        pending().await
    });
    desk.try_tell(waits).expect("there is room");
    wait(&beginning);
}

fn in_drop_of_a_timers_message(runtime: &dyn Runtime) {
    let (handle, running) = spawn(&executor(runtime), Fragile::default).expect("it starts");
    handle.try_tell(Crack::Arm(Bomb)).expect("there is room");
    assert_boom(&end_of(&running).reason);
}

fn in_drop_of_an_undelivered_message(runtime: &dyn Runtime) {
    let (handle, mailbox) = actor_lanes::mailbox();
    handle.try_tell(Crack::Stop).expect("there is room");
    handle.try_tell(Crack::Arm(Bomb)).expect("there is room");
    handle.try_tell(Crack::Stop).expect("there is room");
    let running =
        Spawn::new(mailbox).start(&executor(runtime), Fragile::default).expect("it starts");
    let exit = end_of(&running);
    assert!(
        matches!(exit.reason, ExitReason::Stopped),
        "the actor's own code did not panic: {exit:?}"
    );
    assert_eq!(exit.undelivered(), 2, "the message behind it is accounted for");
}

fn in_the_hook_for_undelivered_messages(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let (told, tells) = signal();
    let spawn = Spawn::new(mailbox).on_undelivered(move |_, letter: Letter| {
        told.send(letter.number()).expect("the test waits");
        assert_ne!(letter.number(), Some(1), "boom");
    });
    let running = spawn.start(&executor(runtime), Desk::default).expect("it starts");
    let _held = Desk::hold(&desk);
    (0..3).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    running.kill();
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert_eq!(exit.undelivered(), 3);
    assert_eq!(
        Vec::from_iter(tells.try_iter()),
        [Some(0), Some(1), Some(2)],
        "the others are still given to it"
    );
}

fn the_first_cause_stays_the_reason(runtime: &dyn Runtime) {
    let make = || Fragile {
        in_started: true,
        in_stopped: true,
        _in_drop: Some(Bomb),
        ..Fragile::default()
    };
    let (_handle, running) = spawn(&executor(runtime), make).expect("it starts");
    let ExitReason::Panicked(text) = end_of(&running).reason else { panic!("it panicked") };
    assert_eq!(text, "boom at the start");
}

fn every_asker_gets_an_error(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    desk.try_tell(Letter::act(CONTROL, |_, _| panic!("boom"))).expect("there is room");
    let ask = |lane| move |reply| Letter { lane, work: actor_tests::Work::Read(reply) };
    let asks: Vec<_> = [CONTROL, FIFO, FIFO, NEWEST, NEWEST]
        .into_iter()
        .map(|lane| desk.try_ask(ask(lane)).expect("there is room"))
        .collect();
    let blocked = {
        let desk = desk.clone();
        std::thread::spawn(move || {
            desk.ask_blocking(Letter::read, PATIENCE).map_err(|error| format!("{error:?}"))
        })
    };
    // The blocking ask is queued once three messages are in its lane.
    while desk.stats()[FIFO].depth < 3 {
        std::thread::yield_now();
    }
    release.send(());
    assert_boom(&end_of(&running).reason);
    let other = executor(runtime);
    for answer in asks {
        assert!(within(&other, || answer).is_err());
    }
    assert_eq!(blocked.join().expect("asking does not panic"), Err("Dropped".to_owned()));
}

fn a_message_to_a_panicked_actor_is_returned(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    desk.try_tell(Letter::act(FIFO, |_, _| panic!("boom"))).expect("there is room");
    assert_boom(&end_of(&running).reason);
    for lane in 0..4 {
        let Err(TryTellError::Closed(letter)) = desk.try_tell(Letter::note(lane, 5)) else {
            panic!("it is closed")
        };
        assert_eq!(letter.number(), Some(5));
    }
    let asked = desk.ask_blocking(Letter::read, PATIENCE);
    assert!(matches!(asked, Err(AskBlockingError::Closed(_))), "{asked:?}");
    let other = desk.clone();
    let told =
        within(&executor(runtime), || async move { other.tell(Letter::note(FIFO, 6)).await });
    assert_eq!(told.map_err(|error| error.0.number()), Err(Some(6)));
}

fn stopped_sees_the_panic(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let (desk, running) = spawn(&executor(runtime), make).expect("it starts");
    desk.try_tell(Letter::act(FIFO, |_, _| panic!("boom"))).expect("there is room");
    assert_boom(&wait(&ending));
    assert_boom(&end_of(&running).reason);
}
