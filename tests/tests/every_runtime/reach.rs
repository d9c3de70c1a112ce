//! Handles and other references keep an actor running. Without any, it ends.

use std::time::Duration;

use actor_lanes::mailbox::Variant;
use actor_lanes::{Actor, Context, ExitReason, Message, Runtime, TryTellError, spawn};
use actor_tests::{
    CONTROL, Desk, FIFO, Letter, PATIENCE, SOON, end_of, executor, on_every_runtime, signal, wait,
};

on_every_runtime! {
    an_actor_without_handles_ends_when_all_is_handled,
    an_armed_timer_keeps_an_actor,
    a_repeating_timer_keeps_an_actor_until_it_is_cancelled,
    a_clone_keeps_an_actor,
    a_weak_handle_does_not_keep_an_actor,
    a_weak_handle_of_an_ended_actor_returns_none,
    a_recipient_sends_one_kind_and_hands_it_back,
    a_recipient_keeps_an_actor,
    handles_know_their_actor,
}

fn an_actor_without_handles_ends_when_all_is_handled(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    (0..64).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable) && exit.reason.is_normal(), "{exit:?}");
    assert_eq!(exit.lanes[FIFO].handled, 64);
}

fn an_armed_timer_keeps_an_actor(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let arms = Letter::act(FIFO, move |_, cx| {
        cx.after(SOON, Letter::act(FIFO, move |_, _| told.send(()).expect("the test waits")));
    });
    desk.try_tell(arms).expect("there is room");
    drop(desk);
    wait(&tells);
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
}

fn a_repeating_timer_keeps_an_actor_until_it_is_cancelled(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let arms = Letter::act(FIFO, |_, cx| {
        let timer = std::rc::Rc::new(std::cell::Cell::new(None));
        let (own, mut beats) = (std::rc::Rc::clone(&timer), 0);
        let first = cx.now();
        timer.set(Some(cx.every(first, Duration::from_millis(1), move |_| {
            beats += 1;
            let timer = own.get().expect("it was armed before it fires");
            let last = beats == 5;
            Letter::act(FIFO, move |desk, cx| {
                std::rc::Rc::make_mut(&mut desk.notes).push(beats);
                assert!(!last || cx.cancel(timer));
            })
        })));
    });
    desk.try_tell(arms).expect("there is room");
    drop(desk);
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
}

fn a_clone_keeps_an_actor(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let clone = desk.clone();
    drop(desk);
    assert_eq!(Desk::read(&clone), []);
    assert!(running.exit().is_none());
    drop(clone);
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
}

fn a_weak_handle_does_not_keep_an_actor(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let weak = desk.downgrade();
    let upgraded = weak.clone().upgrade().expect("a handle is left");
    assert!(upgraded.same_actor(&desk));
    drop((desk, upgraded));
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
    assert!(weak.upgrade().is_none());
}

fn a_weak_handle_of_an_ended_actor_returns_none(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let weak = desk.downgrade();
    running.stop(PATIENCE);
    assert!(weak.upgrade().is_none(), "from the moment it ends");
}

/// One kind of message among others.
#[derive(Debug, PartialEq, Eq)]
struct Tick(u64);

enum Clock {
    Tick(Tick),
    Stop,
}

impl Message for Clock {}

impl Variant<Tick> for Clock {
    fn wrap(tick: Tick) -> Self {
        Self::Tick(tick)
    }

    fn unwrap(self) -> Option<Tick> {
        match self {
            Self::Tick(tick) => Some(tick),
            Self::Stop => None,
        }
    }
}

struct Ticker(std::sync::mpsc::SyncSender<u64>);

impl Actor for Ticker {
    type Message = Clock;

    async fn handle(&mut self, message: Clock, cx: &mut Context<Clock>) {
        match message {
            Clock::Tick(Tick(n)) => self.0.send(n).expect("the test waits"),
            Clock::Stop => cx.stop(),
        }
    }
}

fn a_recipient_sends_one_kind_and_hands_it_back(runtime: &dyn Runtime) {
    let (told, tells) = signal();
    let (clock, running) = spawn(&executor(runtime), || Ticker(told)).expect("it starts");
    let ticks = clock.recipient::<Tick>();
    ticks.clone().try_tell(Tick(1)).expect("there is room");
    assert_eq!(wait(&tells), 1);
    clock.try_tell(Clock::Stop).expect("there is room");
    drop(end_of(&running));
    assert!(ticks.is_closed());
    let Err(TryTellError::Closed(tick)) = ticks.try_tell(Tick(2)) else { panic!("it has ended") };
    assert_eq!(tick, Tick(2));
}

fn a_recipient_keeps_an_actor(runtime: &dyn Runtime) {
    let (told, tells) = signal();
    let (clock, running) = spawn(&executor(runtime), || Ticker(told)).expect("it starts");
    let ticks = clock.recipient::<Tick>();
    drop(clock);
    ticks.try_tell(Tick(1)).expect("there is room");
    assert_eq!(wait(&tells), 1);
    drop(ticks);
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
}

fn handles_know_their_actor(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, _running) = spawn(&executor, Desk::default).expect("it starts");
    let (other, _other_running) = spawn(&executor, Desk::default).expect("it starts");
    let (told, tells) = signal();
    let gives = Letter::act(CONTROL, move |_, cx| told.send(cx.handle()).expect("the test waits"));
    desk.try_tell(gives).expect("there is room");
    let own = wait(&tells);
    assert!(desk.same_actor(&own) && !desk.same_actor(&other));
}
