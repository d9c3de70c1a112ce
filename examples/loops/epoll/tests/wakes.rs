//! The writes to the eventfd and the waits of the loop, counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use actor_core::{Actor, Context, Handle, Message, Running, spawn};
use actor_embed::{Driver, Embed};
use epoll_loop::Loop;

const TURN: Duration = Duration::from_millis(1);

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

struct Note;

impl Message for Note {}

/// Counts its messages, for the test's thread as well.
struct Notes(Arc<AtomicU64>);

impl Actor for Notes {
    type Message = Note;

    async fn handle(&mut self, _note: Note, _cx: &mut Context<Note>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A loop with one actor, and counts of everything.
struct Rig {
    events: Loop,
    driver: Driver,
    notes: Handle<Note>,
    running: Running,
    handled: Arc<AtomicU64>,
    /// Calls of the wake function.
    wakes: Arc<AtomicU64>,
}

impl Rig {
    /// Starts the actor, and turns until it waits for messages.
    fn asleep() -> Self {
        let events = Loop::new().expect("a loop");
        let (handled, wakes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (bell, counted) = (events.bell(), Arc::clone(&wakes));
        let wake = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            bell.ring();
        };
        let (executor, driver) = Embed::new(wake).build().expect("a driver");
        let its_own = Arc::clone(&handled);
        let (notes, running) = spawn(&executor, move || Notes(its_own)).expect("it starts");
        executor.stop();
        let mut rig = Self { events, driver, notes, running, handled, wakes };
        rig.fall_asleep();
        rig
    }

    fn fall_asleep(&mut self) {
        while self.driver.turn(TURN).has_more {}
    }

    fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }

    fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// Sends from four threads, and returns once all have sent.
    fn burst(&self, each: u64) {
        let notes = &self.notes;
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(move || {
                    (0..each).for_each(|_| notes.try_tell(Note).expect("there is room"));
                });
            }
        });
    }
}

#[test]
fn a_burst_to_a_sleeping_owner_writes_the_eventfd_once() {
    let mut rig = Rig::asleep();
    // Spawning the actor may have written it.
    rig.events.wait(Some(Duration::ZERO)).expect("it waits");
    let (wakes, rings) = (rig.wakes(), rig.events.rings());
    for edges in 1..=50 {
        // The queue is empty and the owner sleeps: exactly one message of these makes the edge.
        rig.burst(20);
        assert_eq!(rig.wakes() - wakes, edges, "one call of the wake function for each edge");
        rig.events.wait(Some(PATIENCE)).expect("it waits");
        assert_eq!(rig.events.rings() - rings, edges, "and one write");
        rig.fall_asleep();
        assert_eq!(rig.handled(), edges * 80);
    }
}

#[test]
fn an_awake_owner_writes_no_eventfd() {
    let mut rig = Rig::asleep();
    rig.burst(1);
    let wakes = rig.wakes();
    for round in 1..=50 {
        // Woken, and not asleep again: `poll` announces no sleep.
        rig.burst(20);
        while rig.driver.poll(TURN).has_more {}
        assert_eq!(rig.handled(), 4 + round * 80);
    }
    assert_eq!(rig.wakes(), wakes, "no wake while the owner is awake");
}

#[test]
fn wakes_are_at_most_the_sleeps_while_threads_send_freely() {
    const EACH: u64 = 20_000;

    let mut rig = Rig::asleep();
    let (before, mut sleeps) = (rig.wakes(), 1);
    thread::scope(|threads| {
        for _ in 0..4 {
            let notes = rig.notes.clone();
            threads.spawn(move || {
                for _ in 0..EACH {
                    notes.tell_blocking(Note, PATIENCE).expect("there is room in time");
                }
            });
        }
        while rig.handled() < 4 * EACH {
            let turn = rig.driver.turn(TURN);
            sleeps += u64::from(!turn.has_more);
            // All messages may be handled by now, so that no ring would come.
            if rig.handled() == 4 * EACH {
                break;
            }
            let rings = rig.events.rings();
            let timeout = turn.timeout(rig.driver.now()).unwrap_or(PATIENCE);
            rig.events.wait(Some(timeout)).expect("it waits");
            assert!(turn.has_more || rig.events.rings() > rings, "a sleeping owner was not woken");
        }
    });
    let wakes = rig.wakes() - before;
    assert!(wakes <= sleeps, "{wakes} wakes, and {sleeps} sleeps announced");
}

#[test]
fn the_loop_ends_when_its_actor_has() {
    let rig = Rig::asleep();
    rig.burst(5);
    let Rig { mut events, mut driver, notes, running, handled, .. } = rig;
    drop(notes);
    events.host(&mut driver).expect("the loop waits");
    assert!(running.exit().is_some_and(|exit| exit.reason.is_normal()));
    assert_eq!(handled.load(Ordering::Relaxed), 20);
}

/// Arms one timer after another.
struct Alarms {
    left: u32,
}

impl Actor for Alarms {
    type Message = Note;

    async fn started(&mut self, cx: &mut Context<Note>) {
        cx.after(Duration::from_millis(1), Note);
    }

    async fn handle(&mut self, _due: Note, cx: &mut Context<Note>) {
        self.left -= 1;
        match self.left {
            0 => cx.stop(),
            _ => drop(cx.after(Duration::from_millis(1), Note)),
        }
    }
}

#[test]
fn a_timer_of_a_millisecond_costs_one_wait_and_no_spinning() {
    const TIMERS: u32 = 20;

    let mut events = Loop::new().expect("a loop");
    let bell = events.bell();
    let (executor, mut driver) = Embed::new(move || bell.ring()).build().expect("a driver");
    let (_handle, running) = spawn(&executor, || Alarms { left: TIMERS }).expect("it starts");
    let (begin, mut waits) = (executor.now(), 0);
    executor.stop();
    loop {
        let turn = driver.turn(TURN);
        if turn.has_ended {
            break;
        }
        waits += u32::from(!turn.has_more);
        events.wait(turn.timeout(driver.now())).expect("it waits");
    }
    assert!(running.exit().is_some_and(|exit| exit.reason.is_normal()));
    assert!(executor.now() - begin >= Duration::from_millis(1) * TIMERS, "no timer was early");
    // One for each timer. Two more for the wakes of the spawn and of the stop.
    assert!(waits <= TIMERS + 2, "{waits} waits for {TIMERS} timers");
}
