//! Messages that wander between runtimes, by every way there is, with exact accounting.
//!
//! Each case has a seed, which decides the ways. A lost wake shows as a timeout, a lost or doubled
//! message as a wrong count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actor_core::{Actor, Context, Executor, Handle, Mailbox, Message, Spawn};
use actor_tokio::TokioRuntime;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::rig::PATIENCE;

const RUNTIMES: usize = 3;
const MESSAGES: u32 = 16;
const HOPS: u32 = 40;
const CASES: u64 = 8;

/// A stream of numbers that the seed decides.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 27)) >> 16) as usize % below
    }
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
    hops: Arc<AtomicU32>,
    /// Ends the runtime after so many hops.
    last: Option<(u32, oneshot::Sender<()>)>,
}

impl Actor for Station {
    type Message = Hop;

    async fn handle(&mut self, mut hop: Hop, cx: &mut Context<Hop>) {
        self.hops.fetch_add(1, Ordering::Relaxed);
        match self.last.take() {
            Some((0, end)) => _ = end.send(()),
            Some((left, end)) => self.last = Some((left - 1, end)),
            None => {}
        }
        if hop.left == 0 {
            return;
        }
        hop.left -= 1;
        let station = self.stations[hop.chance.next(RUNTIMES)].clone();
        let other = &self.executors[hop.chance.next(RUNTIMES)];
        let way = hop.chance.next(6);
        let send = move || drop(station.try_tell(hop));
        match way {
            0 | 1 => send(),
            2 => other.run_blocking(Box::new(send)),
            3 => drop(other.spawn(Box::new(|| Box::pin(async { send() })))),
            4 => {
                // A timer of the host, polled in the handler.
                tokio::time::sleep(Duration::from_millis(1)).await;
                send();
            }
            _ => {
                let own = Arc::clone(cx.executor());
                let later = async move {
                    let mut timer = own.timer();
                    timer.arm(own.now() + Duration::from_micros(100));
                    std::future::poll_fn(|cx| timer.poll_expired(cx)).await;
                    send();
                };
                drop(cx.executor().spawn(Box::new(|| Box::pin(later))));
            }
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("it is built")
}

/// Runs an executor on a thread's own runtime until the end is sent.
fn start(in_set: bool, end: oneshot::Receiver<()>) -> (Arc<dyn Executor>, JoinHandle<()>) {
    let (send, started) = sync_channel(1);
    let thread = thread::spawn(move || {
        let runtime = runtime();
        let set = LocalSet::new();
        runtime.block_on(set.run_until(async {
            let executor =
                if in_set { TokioRuntime::in_local_set(&set) } else { TokioRuntime::current() };
            send.send(executor.expect("it has one thread")).expect("it waits");
            drop(end.await);
        }));
    });
    (started.recv().expect("it starts"), thread)
}

/// Returns the hops. If `early` is set, the first runtime ends after so many of its hops.
fn case(seed: u64, early: Option<u32>) -> u32 {
    let mut chance = Chance(seed);
    let (mut ends, mut threads, mut executors) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNTIMES {
        let (end, ended) = oneshot::channel();
        let (executor, thread) = start(chance.next(2) == 0, ended);
        ends.push(Some(end));
        threads.push(thread);
        executors.push(executor);
    }
    let (stations, mailboxes): (Vec<Handle<Hop>>, Vec<Mailbox<Hop>>) =
        (0..RUNTIMES).map(|_| actor_core::mailbox()).unzip();
    let hops = Arc::new(AtomicU32::new(0));
    for (number, mailbox) in mailboxes.into_iter().enumerate() {
        let (stations, executors, hops) = (stations.clone(), executors.clone(), Arc::clone(&hops));
        let last = if number == 0 { early } else { None };
        let last = last.and_then(|hops| Some((hops, ends[0].take()?)));
        let own = Arc::clone(&executors[number]);
        let make = move || Station { stations, executors, hops, last };
        drop(Spawn::new(mailbox).start(&own, make).expect("it runs"));
    }
    let (tokens, ended) = sync_channel(MESSAGES as usize);
    for _ in 0..MESSAGES {
        let chance = Chance(chance.next(usize::MAX) as u64);
        let hop = Hop { left: HOPS, chance, _token: Token(tokens.clone()) };
        drop(stations[hop.left as usize % RUNTIMES].try_tell(hop));
    }
    drop(tokens);
    for _ in 0..MESSAGES {
        ended.recv_timeout(PATIENCE).unwrap_or_else(|lost| panic!("seed {seed}: {lost}"));
    }
    // Dropping the other senders ends the other runtimes.
    drop(ends);
    drop(stations);
    for (executor, thread) in executors.into_iter().zip(threads) {
        assert!(executor.join(PATIENCE), "seed {seed}: the end is seen");
        thread.join().expect("no panic leaves the runtime");
    }
    assert!(ended.recv_timeout(PATIENCE).is_err(), "seed {seed}: each ends once");
    hops.load(Ordering::Relaxed)
}

#[test]
fn messages_between_runtimes_take_all_their_hops() {
    for seed in 0..CASES {
        assert_eq!(case(seed, None), MESSAGES * (HOPS + 1), "seed {seed}");
    }
}

#[test]
fn messages_end_once_though_a_runtime_ends_among_them() {
    for seed in 0..CASES {
        let hops = case(seed, Some(3 * seed as u32));
        assert!(hops <= MESSAGES * (HOPS + 1), "seed {seed}");
    }
}
