//! With a manual clock and work in turns, a program's run depends on nothing else.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use actor_core::{Actor, Context, Executor, Handle, Lane, Message, spawn};
use actor_embed::{Driver, Embed, ManualClock};

enum Event {
    Beat,
    Computed(u64),
    Told(usize, u64),
}

impl Message for Event {
    const LANES: &'static [Lane] = &[Lane::fifo("events", 1024)];
}

/// Has timers and offloaded work, and tells its peers.
struct Node {
    number: usize,
    state: u64,
    peers: Vec<Handle<Event>>,
    trace: SyncSender<(Duration, usize, u64)>,
    clock: (ManualClock, std::time::Instant),
}

impl Actor for Node {
    type Message = Event;

    async fn started(&mut self, cx: &mut Context<Event>) {
        cx.after(Duration::from_millis(7 + self.number as u64), Event::Beat);
    }

    async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
        let mix =
            |state: u64, n: u64| (state ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        match event {
            Event::Beat => {
                let state = self.state;
                cx.offload(
                    move || mix(state, 1),
                    |computed| Event::Computed(computed.unwrap_or_default()),
                );
                cx.after(Duration::from_micros(1 + self.state % 5000), Event::Beat);
            }
            Event::Computed(n) => {
                self.state = mix(self.state, n);
                for peer in &self.peers {
                    _ = peer.try_tell(Event::Told(self.number, self.state));
                }
            }
            Event::Told(from, n) => self.state = mix(self.state, n + from as u64),
        }
        let elapsed = self.clock.0.now() - self.clock.1;
        self.trace.send((elapsed, self.number, self.state)).expect("the test reads");
    }
}

/// Runs four nodes on the drivers for a second. Returns everything that happened.
fn run(drivers: usize, step: fn(&ManualClock, &mut [Driver])) -> Vec<(Duration, usize, u64)> {
    let clock = ManualClock::new();
    let start = clock.now();
    let build = || Embed::new(|| {}).clock(clock.clone()).blocking_in_turns().build();
    let (executors, mut driving): (Vec<Arc<dyn Executor>>, Vec<_>) =
        (0..drivers).map(|_| build().expect("it is built")).unzip();
    let (trace, traced) = sync_channel(1 << 16);
    let mut nodes: Vec<Handle<Event>> = Vec::new();
    for number in 0..4 {
        let (peers, trace, clock) = (nodes.clone(), trace.clone(), (clock.clone(), start));
        let make = move || Node { number, state: number as u64, peers, trace, clock };
        let (node, _running) = spawn(&executors[number % drivers], make).expect("it runs");
        nodes.push(node);
    }
    while clock.now() < start + Duration::from_secs(1) {
        step(&clock, &mut driving);
    }
    drop((driving, trace));
    traced.iter().collect()
}

#[test]
fn the_same_program_has_the_same_trace() {
    let step: fn(&ManualClock, &mut [Driver]) =
        |_, drivers| _ = drivers[0].advance(Duration::from_millis(100));
    let first = run(1, step);
    assert!(first.len() > 1000, "something happened: {}", first.len());
    assert_eq!(first, run(1, step));
}

#[test]
fn drivers_that_share_a_clock_have_the_same_trace() {
    // A simulator: it turns every driver until all are stalled, and then moves the clock to the
    // next deadline of any.
    let step: fn(&ManualClock, &mut [Driver]) = |clock, drivers| {
        loop {
            let turns: Vec<_> = drivers.iter_mut().map(Driver::run_until_stalled).collect();
            if !drivers.iter().any(Driver::is_woken) {
                let next = turns.iter().filter_map(|turn| turn.next_deadline).min();
                return clock.advance_to(next.expect("each node has a timer"));
            }
        }
    };
    let first = run(2, step);
    assert!(first.len() > 1000, "something happened: {}", first.len());
    assert_eq!(first, run(2, step));
}
