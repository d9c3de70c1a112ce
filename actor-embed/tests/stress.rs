//! Messages that wander between drivers, by every way there is, with exact accounting.
//!
//! Each case has a seed: it decides the budgets of the turns, the ways of the messages, and whether
//! a driver is dropped meanwhile. A lost wake shows as a timeout, a lost or doubled message as a
//! wrong count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actor_core::{Actor, Context, Executor, Handle, Mailbox, Message, Spawn};
use actor_embed::{Budget, Driver, Embed};

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(60);

const LOOPS: usize = 3;
const MESSAGES: u32 = 24;
const HOPS: u32 = 60;
const CASES: u64 = 24;

/// A stream of numbers that the seed decides.
#[derive(Clone, Copy)]
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }
}

#[derive(Default)]
struct Counts {
    hops: AtomicU32,
    refused: AtomicU32,
}

/// Reports the end of its message.
struct Token(SyncSender<()>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.send(()).expect("there is room for all");
    }
}

struct Hop {
    left: u32,
    chance: Chance,
    _token: Token,
}

impl Message for Hop {}

struct Station {
    stations: Vec<Handle<Hop>>,
    executors: Vec<Arc<dyn Executor>>,
    counts: Arc<Counts>,
}

impl Actor for Station {
    type Message = Hop;

    async fn handle(&mut self, mut hop: Hop, cx: &mut Context<Hop>) {
        self.counts.hops.fetch_add(1, Ordering::Relaxed);
        if hop.left == 0 {
            return;
        }
        hop.left -= 1;
        let station = self.stations[hop.chance.next(LOOPS as u64) as usize].clone();
        let other = &self.executors[hop.chance.next(LOOPS as u64) as usize];
        let (way, delay) = (hop.chance.next(5), Duration::from_micros(hop.chance.next(300)));
        let counts = Arc::clone(&self.counts);
        let send = move || {
            if station.try_tell(hop).is_err() {
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
        };
        match way {
            0 | 1 => send(),
            2 => other.run_blocking(Box::new(send)),
            3 => drop(other.spawn(Box::new(|| Box::pin(async { send() })))),
            _ => {
                let own = Arc::clone(cx.executor());
                let later = async move {
                    let mut timer = own.timer();
                    timer.arm(own.now() + delay);
                    std::future::poll_fn(|cx| timer.poll_expired(cx)).await;
                    send();
                };
                drop(cx.executor().spawn(Box::new(|| Box::pin(later))));
            }
        }
    }
}

/// Runs a driver with budgets by chance, until the end or for so many turns.
fn run(mut driver: Driver, mut chance: Chance, is_over: &AtomicBool, mut turns: u64) {
    while !is_over.load(Ordering::Acquire) && turns > 0 {
        turns -= 1;
        let budget = match chance.next(4) {
            0 => Budget::polls(1 + chance.next(4) as u32),
            1 => Budget::time(Duration::from_micros(chance.next(20))),
            2 => Budget::round(),
            _ => Budget::unlimited(),
        };
        if chance.next(4) == 0 {
            driver.poll(budget);
            continue;
        }
        let turn = driver.turn(budget);
        match turn.timeout(driver.now()) {
            Some(Duration::ZERO) => {}
            // Only the wake and the deadline end it.
            timeout => thread::park_timeout(timeout.unwrap_or(PATIENCE)),
        }
    }
}

struct Loop {
    executor: Arc<dyn Executor>,
    thread: JoinHandle<()>,
}

fn start(mut chance: Chance, is_over: &Arc<AtomicBool>, turns: u64) -> Loop {
    let (send, started) = sync_channel(1);
    let is_over = Arc::clone(is_over);
    let thread = thread::spawn(move || {
        let here = thread::current();
        let embed = Embed::new(move || here.unpark());
        let embed =
            if chance.next(2) == 0 { embed.blocking_in_turns() } else { embed.blocking_threads(2) };
        let (executor, driver) = embed.build().expect("it is built");
        send.send(executor).expect("it waits");
        run(driver, chance, &is_over, turns);
    });
    Loop { executor: started.recv().expect("it starts"), thread }
}

/// Runs a case, and returns the hops and the refusals. `dropped` ends the first driver early.
fn case(seed: u64, is_one_dropped: bool) -> (u32, u32) {
    let mut chance = Chance(seed);
    let is_over = Arc::new(AtomicBool::new(false));
    let loops: Vec<_> = (0..LOOPS)
        .map(|number| {
            let is_dropped = is_one_dropped && number == 0;
            let turns = if is_dropped { 20 + chance.next(200) } else { u64::MAX };
            start(Chance(chance.next(u64::MAX)), &is_over, turns)
        })
        .collect();
    let executors: Vec<_> = loops.iter().map(|one| Arc::clone(&one.executor)).collect();
    let (stations, mailboxes): (Vec<Handle<Hop>>, Vec<Mailbox<Hop>>) =
        (0..LOOPS).map(|_| actor_core::mailbox()).unzip();
    let counts = Arc::new(Counts::default());
    for (mailbox, executor) in mailboxes.into_iter().zip(&executors) {
        let (stations, executors) = (stations.clone(), executors.clone());
        let counts = Arc::clone(&counts);
        let make = move || Station { stations, executors, counts };
        // Refused if its driver was dropped already.
        drop(Spawn::new(mailbox).start(executor, make));
    }
    let (ends, ended): (_, Receiver<()>) = sync_channel(MESSAGES as usize);
    for _ in 0..MESSAGES {
        let first = &stations[chance.next(LOOPS as u64) as usize];
        let chance = Chance(chance.next(u64::MAX));
        let refused = first.try_tell(Hop { left: HOPS, chance, _token: Token(ends.clone()) });
        counts.refused.fetch_add(u32::from(refused.is_err()), Ordering::Relaxed);
    }
    drop(ends);
    for _ in 0..MESSAGES {
        ended.recv_timeout(PATIENCE).unwrap_or_else(|lost| panic!("seed {seed}: {lost}"));
    }
    assert!(ended.recv_timeout(PATIENCE).is_err(), "seed {seed}: each ends once");
    drop(stations);
    is_over.store(true, Ordering::Release);
    for Loop { executor, thread } in loops {
        thread.thread().unpark();
        assert!(executor.join(PATIENCE), "seed {seed}: the end of the driver is seen");
        thread.join().expect("no panic leaves a loop");
    }
    (counts.hops.load(Ordering::Relaxed), counts.refused.load(Ordering::Relaxed))
}

#[test]
fn messages_between_drivers_take_all_their_hops() {
    for seed in 0..CASES {
        assert_eq!(case(seed, false), (MESSAGES * (HOPS + 1), 0), "seed {seed}");
    }
}

#[test]
fn messages_end_once_though_a_driver_is_dropped_among_them() {
    for seed in 0..CASES {
        let (hops, _refused) = case(seed, true);
        assert!(hops <= MESSAGES * (HOPS + 1), "seed {seed}");
    }
}
