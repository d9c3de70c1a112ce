//! Virtual time.

use std::time::{Duration, SystemTime};

use actor_core::actor::WallSchedule;
use actor_core::{Actor, Context, Handle, Message};
use actor_test::{Harness, TestContext};

use crate::actors::{SECOND, Said};

struct At(&'static str, Duration);
impl Message for At {}

/// Reports each timer with its time.
struct Timers(Handle<At>, SystemTime);

enum Timer {
    Beat,
    Once,
    Wall,
}
impl Message for Timer {}

impl Actor for Timers {
    type Message = Timer;

    async fn started(&mut self, cx: &mut Context<Timer>) {
        cx.after(3 * SECOND, Timer::Once);
        cx.every(cx.now() + 2 * SECOND, 2 * SECOND, |_beat| Timer::Beat);
        let schedule = WallSchedule::new(self.1, 5 * SECOND);
        cx.timer().schedule(schedule, |_beat| Timer::Wall);
    }

    async fn handle(&mut self, timer: Timer, cx: &mut Context<Timer>) {
        let name = match timer {
            Timer::Beat => "beat",
            Timer::Once => "once",
            Timer::Wall => "wall",
        };
        let at = cx.wall_now().duration_since(self.1).expect("after the genesis") - SECOND;
        self.0.try_tell(At(name, at)).expect("there is room");
    }
}

#[test]
fn timers_are_due_in_order_each_at_its_own_time() {
    let harness = Harness::new();
    let mut probe = harness.probe();
    let (back, genesis) = (probe.handle(), harness.wall_now() - SECOND);
    let (_timers, _running) = harness.spawn(move || Timers(back, genesis));
    harness.advance(6 * SECOND);
    let seen: Vec<_> =
        std::iter::from_fn(|| probe.receive()).map(|At(name, at)| (name, at.as_secs())).collect();
    assert_eq!(seen, [("beat", 2), ("once", 3), ("beat", 4), ("wall", 4), ("beat", 6)]);
}

#[test]
fn every_run_has_the_same_wall_clock_and_a_step_of_it_moves_no_timer() {
    let harness = Harness::new();
    assert_eq!(harness.wall_now(), Harness::new().wall_now());
    let mut cx = TestContext::on(&harness);
    cx.get().after(SECOND, Said(1));
    harness.set_wall(harness.wall_now() + 3600 * SECOND);
    assert!(cx.next_message().is_none());
    cx.advance(SECOND);
    assert_eq!(cx.next_message(), Some(Said(1)));
}

#[test]
fn a_timeout_of_an_ask_is_on_the_virtual_clock() {
    let harness = Harness::new();
    let mut probe = harness.probe::<crate::actors::Order>();
    let handle = probe.handle();
    let asking = handle.ask(crate::actors::Order::Notes).timeout(20 * SECOND);
    let answer = harness.run(asking);
    assert!(answer.is_err(), "nobody replies");
    assert_eq!(harness.elapsed(), 20 * SECOND);
    assert!(probe.receive().is_none(), "a queued ask is skipped after its asker has gone");
}

#[test]
fn a_context_takes_timers_work_and_own_messages_as_the_actors_loop_does() {
    let mut cx = TestContext::<Said>::new();
    cx.get().timer().key("late").weak().after(2 * SECOND, Said(2));
    cx.get().after(SECOND, Said(1));
    cx.get().spawn(async { 7 }, |n| Said(n.expect("it ends")));
    cx.own_handle().try_tell(Said(8)).expect("there is room");
    assert_eq!(cx.get().work_in_flight(), 1);
    let mut now = [cx.next_message(), cx.next_message()].map(|said| said.expect("it is there").0);
    now.sort_unstable();
    assert_eq!(now, [7, 8]);
    assert!(cx.next_message().is_none());

    cx.advance(3 * SECOND);
    let due: Vec<_> = std::iter::from_fn(|| cx.next_message()).map(|Said(n)| n).collect();
    assert_eq!(due, [1, 2]);
    assert!(cx.timers().is_empty() && !cx.is_stopping());
}
