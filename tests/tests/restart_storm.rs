//! A thousand actors that panic a hundred times each, under a flood of tells and asks: every message
//! is handled once, every ask is answered, every restart is counted, and the memory stays flat.
#![expect(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;

use actor_lanes::life::Restart;
use actor_lanes::{
    Actor, Context, ExitReason, Handle, Lane, Message, Reply, Running, Runtime, Spawn,
};
use actor_tests::{PATIENCE, end_of, executor};

/// The system's allocator, and the number of allocated bytes.
struct Counting;

static BYTES: AtomicI64 = AtomicI64::new(0);

// SAFETY: the system's allocator does the work; counting touches no memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ACTORS: usize = 1000;
const EXECUTORS: usize = 3;
const SENDERS: u64 = 2;
/// The panics of each actor, half of them before the first look at the memory.
const PANICS: u64 = 100;

enum Work {
    Add,
    Read(Reply<u64>),
    Panic,
}

impl Message for Work {
    const LANES: &'static [Lane] = &[Lane::fifo("work", 32)];
}

/// Counts the messages of its life, and of all lives.
struct Worker {
    own: u64,
    all: Arc<AtomicU64>,
}

impl Actor for Worker {
    type Message = Work;

    async fn handle(&mut self, work: Work, _cx: &mut Context<Work>) {
        match work {
            Work::Add => {
                self.own += 1;
                self.all.fetch_add(1, Ordering::Relaxed);
            }
            Work::Read(reply) => reply.send(self.own),
            Work::Panic => panic!("boom, as the test wants it"),
        }
    }
}

/// A small generator: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)) % end
    }
}

/// Makes each actor panic a number of times, between tells and asks. Returns the number of tells.
fn flood(handles: &[Handle<Work>], panics: u64, seed: u64) -> u64 {
    let mut random = Random(seed);
    let mut tells = 0;
    for _ in 0..panics {
        for handle in handles {
            let tell = |work| handle.tell_blocking(work, PATIENCE).expect("room comes in time");
            let before = random.below(3);
            (0..before).for_each(|_| tell(Work::Add));
            tell(Work::Panic);
            tells += before;
            if random.below(16) == 0 {
                handle.ask_blocking(Work::Read, PATIENCE).expect("a queued ask survives");
            }
        }
    }
    tells
}

/// Floods the actors from all senders, and waits until they have handled everything.
fn storm(handles: &[Handle<Work>], seed: u64) -> u64 {
    let panics = PANICS / 2 / SENDERS;
    let tells = thread::scope(|threads| {
        let senders: Vec<_> =
            (0..SENDERS).map(|n| threads.spawn(move || flood(handles, panics, seed + n))).collect();
        senders.into_iter().map(|sender| sender.join().expect("sending does not panic")).sum()
    });
    for handle in handles {
        handle.ask_blocking(Work::Read, PATIENCE).expect("every handle works");
    }
    tells
}

fn every_message_and_restart_is_accounted_for(runtime: &dyn Runtime) {
    let executors: Vec<_> = (0..EXECUTORS).map(|_| executor(runtime)).collect();
    let all = Arc::new(AtomicU64::new(0));
    let policy = Restart::up_to(u32::MAX);
    let (handles, running): (Vec<_>, Vec<Running>) = (0..ACTORS)
        .map(|n| {
            let all = Arc::clone(&all);
            let make = move || Worker { own: 0, all: Arc::clone(&all) };
            Spawn::supervised(&executors[n % EXECUTORS], policy.clone(), make).expect("it starts")
        })
        .unzip();
    let first = storm(&handles, 1);
    let before = BYTES.load(Ordering::Relaxed);
    let second = storm(&handles, 7);
    let grown = BYTES.load(Ordering::Relaxed) - before;
    assert!(grown < ACTORS as i64 * 64, "{grown} bytes more after {PANICS} panics each");
    assert_eq!(all.load(Ordering::Relaxed), first + second, "a message was lost or repeated");
    running.iter().for_each(|running| running.stop(PATIENCE));
    for running in &running {
        let exit = end_of(running);
        assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
        assert_eq!(exit.restarts, PANICS);
        let lane = &exit.lanes[0];
        assert_eq!((lane.accepted, lane.undelivered), (lane.handled + lane.cancelled, 0));
    }
}

/// One test, so that no other allocates meanwhile.
#[test]
fn a_thousand_actors_restart_a_hundred_times() {
    // Silent, because the text of 100,000 panics takes memory and time.
    panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or_default();
        if !text.starts_with("boom") {
            eprintln!("{info}");
        }
    }));
    for runtime in actor_lanes::runtime::all() {
        every_message_and_restart_is_accounted_for(&*runtime);
    }
}
