//! The event source, turn by turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actor_lanes::{Actor, Context, Executor, ExitReason, Message, spawn};
use calloop::timer::{TimeoutAction, Timer};
use calloop::{EventLoop, RegistrationToken};
use calloop_loop::Actors;

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

type Loop = EventLoop<'static, bool>;

/// A loop whose data is whether the actors have ended.
fn started() -> (Loop, Arc<dyn Executor>, RegistrationToken) {
    let events = Loop::try_new().expect("a loop");
    let (executor, actors) = Actors::new().expect("a source");
    let token = events.handle().insert_source(actors, |(), (), has_ended| *has_ended = true);
    (events, executor, token.expect("the loop takes it"))
}

fn until(events: &mut Loop, mut is_over: impl FnMut(bool) -> bool) {
    let mut has_ended = false;
    while !is_over(has_ended) {
        events.dispatch(PATIENCE, &mut has_ended).expect("the loop runs");
    }
}

struct Due;

impl Message for Due {}

/// Arms timers one after another.
struct Timers(u32);

impl Actor for Timers {
    type Message = Due;

    async fn started(&mut self, cx: &mut Context<Due>) {
        cx.after(Duration::from_millis(1), Due);
    }

    async fn handle(&mut self, _due: Due, cx: &mut Context<Due>) {
        self.0 -= 1;
        match self.0 {
            0 => cx.stop(),
            _ => drop(cx.after(Duration::from_millis(1), Due)),
        }
    }
}

#[test]
fn deadlines_of_actors_are_deadlines_of_the_loop() {
    let (mut events, executor, _) = started();
    let (_handle, running) = spawn(&executor, || Timers(10)).expect("it starts");
    let begin = executor.now();
    executor.stop();
    until(&mut events, |has_ended| has_ended);
    assert!(executor.now() - begin >= Duration::from_millis(10), "no timer was early");
    assert!(running.exit().is_some_and(|exit| exit.reason.is_normal()));
}

/// Sends itself another message for each.
struct Busy(Arc<AtomicBool>);

impl Actor for Busy {
    type Message = Due;

    async fn handle(&mut self, _due: Due, cx: &mut Context<Due>) {
        if !self.0.load(Ordering::Relaxed) {
            cx.handle().try_tell(Due).expect("there is room");
        }
    }
}

#[test]
fn an_actor_without_a_pause_does_not_keep_the_loops_other_sources_waiting() {
    let (mut events, executor, _) = started();
    let has_fired = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&has_fired);
    let (handle, running) = spawn(&executor, move || Busy(seen)).expect("it starts");
    handle.try_tell(Due).expect("there is room");
    drop(handle);
    executor.stop();
    let fires = move |_, &mut (): &mut (), _: &mut bool| {
        has_fired.store(true, Ordering::Relaxed);
        TimeoutAction::Drop
    };
    let timer = Timer::from_duration(Duration::from_millis(5));
    events.handle().insert_source(timer, fires).expect("the loop takes it");
    // Without the timer, the actor would go on for ever.
    until(&mut events, |has_ended| has_ended);
    assert!(running.exit().is_some_and(|exit| exit.reason.is_normal()));
}

#[test]
fn removing_the_source_abandons_its_actors() {
    let (mut events, executor, token) = started();
    let (_handle, running) = spawn(&executor, || Timers(u32::MAX)).expect("it starts");
    events.dispatch(PATIENCE, &mut false).expect("the loop runs");
    events.handle().remove(token);
    let exit = running.join_blocking(PATIENCE).expect("it has ended");
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{}", exit.reason);
}
