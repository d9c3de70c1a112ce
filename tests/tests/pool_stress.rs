//! Pools under a flood from several threads, with workers that panic or are killed at random. Each
//! accepted message is handled exactly once, by one worker, and the figures are exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use actor_lanes::life::{Place, Restart, Seat, SpawnError, Wish};
use actor_lanes::pool::{Pool, PoolExit, PoolHandle, Route};
use actor_lanes::{
    Actor, AskError, Context, Executor, Lane, Message, Reply, Runtime, TryTellError,
};
use actor_tests::{PATIENCE, executor};

const SENDERS: u64 = 3;
const MESSAGES: u64 = 4_000;
const WORKERS: usize = 5;
/// One message in so many panics.
const PANICS: u64 = 50;

struct Parcel {
    sender: u64,
    number: u64,
    reply: Option<Reply<u64>>,
    world: Arc<World>,
}

/// What all threads count.
struct World {
    /// By sender and number: how often it was handled.
    handled: Vec<AtomicU64>,
    /// By sender and worker: the last number, plus one.
    last: Vec<AtomicU64>,
    alive: AtomicI64,
    panics: AtomicU64,
    /// All messages of one sender have one worker.
    is_keyed: bool,
}

impl Message for Parcel {
    const LANES: &'static [Lane] = &[Lane::fifo("parcels", 16), Lane::fifo("shared", 16).share(4)];

    fn lane(&self) -> usize {
        (self.number % 2) as usize
    }

    fn source(&self) -> Option<u64> {
        Some(self.sender)
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.world.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

fn panics(sender: u64, number: u64) -> bool {
    (sender * 31 + number * 7).is_multiple_of(PANICS)
}

struct Worker(usize);

impl Actor for Worker {
    type Message = Parcel;

    async fn handle(&mut self, mut parcel: Parcel, _cx: &mut Context<Parcel>) {
        let (sender, number) = (parcel.sender, parcel.number);
        let world = Arc::clone(&parcel.world);
        world.handled[(sender * MESSAGES + number) as usize].fetch_add(1, Ordering::Relaxed);
        if world.is_keyed {
            // The two lanes have no order between each other.
            let lane = parcel.lane();
            let place = (sender as usize * WORKERS + self.0) * 2 + lane;
            let before = world.last[place].swap(number + 1, Ordering::Relaxed);
            assert!(before <= number, "{number} after {before}: not in order");
        }
        if panics(sender, number) {
            world.panics.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose");
        }
        if let Some(reply) = parcel.reply.take() {
            reply.send(number);
        }
    }
}

/// Two executors in turn.
struct Both([Arc<dyn Executor>; 2], AtomicUsize);

impl Place for Both {
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        self.0[self.1.fetch_add(1, Ordering::Relaxed) % 2].seat(wish)
    }
}

/// Sends all messages of one sender, in every way.
fn send(pool: &PoolHandle<Parcel>, sender: u64, world: &Arc<World>) {
    let parcel = |number, reply| {
        world.alive.fetch_add(1, Ordering::Relaxed);
        Parcel { sender, number, reply, world: Arc::clone(world) }
    };
    for number in 0..MESSAGES {
        match number % 8 {
            0 => {
                let asked = pool.ask(|reply| parcel(number, Some(reply)));
                match futures::executor::block_on(asked) {
                    Ok(answer) => assert_eq!(answer, number),
                    Err(AskError::Dropped) => assert!(panics(sender, number)),
                    Err(AskError::Closed(_)) => panic!("a worker is left"),
                }
            }
            1..=4 => {
                let mut parcel = parcel(number, None);
                while let Err(TryTellError::Full(back)) = pool.try_tell(parcel) {
                    parcel = back;
                    thread::yield_now();
                }
            }
            5 => futures::executor::block_on(pool.tell(parcel(number, None)))
                .expect("a worker is left"),
            _ => pool.tell_blocking(parcel(number, None), PATIENCE).expect("there is room in time"),
        }
    }
}

/// Floods a pool, and kills workers meanwhile. Every message must be handled once.
fn flood(
    runtime: &dyn Runtime,
    is_keyed: bool,
    kills: usize,
    start: impl Fn(&Both) -> (PoolHandle<Parcel>, actor_lanes::pool::PoolRunning),
) -> (Arc<World>, PoolExit) {
    let count = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect();
    let world = Arc::new(World {
        handled: count((SENDERS * MESSAGES) as usize),
        last: count(SENDERS as usize * WORKERS * 2),
        alive: AtomicI64::new(0),
        panics: AtomicU64::new(0),
        is_keyed,
    });
    let both = Both([executor(runtime), executor(runtime)], AtomicUsize::new(0));
    let (pool, running) = start(&both);
    thread::scope(|threads| {
        for sender in 0..SENDERS {
            let (pool, world) = (pool.clone(), &world);
            threads.spawn(move || send(&pool, sender, world));
        }
        for worker in running.workers().iter().take(kills) {
            let has_come_far = || {
                let handled = world.handled.iter().map(|n| n.load(Ordering::Relaxed)).sum::<u64>();
                handled > MESSAGES / 4
            };
            while !has_come_far() {
                thread::yield_now();
            }
            worker.kill();
        }
    });
    drop(pool);
    let exit = running.join_blocking(PATIENCE).expect("nothing reaches the pool");
    let handled: Vec<_> = world.handled.iter().map(|n| n.load(Ordering::Relaxed)).collect();
    assert!(handled.iter().all(|n| *n == 1), "a message is lost or repeated");
    assert_eq!(world.alive.load(Ordering::Relaxed), 0, "parcels are left");
    assert_eq!(exit.handled(), SENDERS * MESSAGES);
    assert_eq!(exit.undelivered(), 0);
    let restarts: u64 = exit.workers.iter().map(|exit| exit.restarts).sum();
    let panics = world.panics.load(Ordering::Relaxed);
    // A worker killed at its panic does not restart.
    assert!((panics - kills as u64..=panics).contains(&restarts), "{restarts} of {panics}");
    for lane in exit.queue.iter().chain(&exit.workers).flat_map(|exit| &exit.lanes) {
        let ended = lane.handled + lane.evicted + lane.cancelled + lane.undelivered;
        assert_eq!((lane.accepted, lane.depth), (ended, 0), "{lane:?}");
    }
    for executor in both.0 {
        executor.stop();
        assert!(executor.join(PATIENCE));
    }
    (world, exit)
}

#[test]
fn a_pool_loses_and_repeats_nothing_while_its_workers_panic() {
    hush();
    let restart = || Restart::up_to(u32::MAX);
    for runtime in actor_lanes::runtime::all() {
        for route in [Route::RoundRobin, Route::LeastLoaded] {
            flood(&*runtime, false, 0, |both| {
                let pool = Pool::new(WORKERS).route(route).restart(restart());
                pool.start(both, Worker).expect("it starts")
            });
        }
        flood(&*runtime, true, 0, |both| {
            let pool = Pool::new(WORKERS).route(Route::by_key(|parcel: &Parcel| parcel.sender));
            pool.restart(restart()).start(both, Worker).expect("it starts")
        });
        let (_, exit) = flood(&*runtime, false, 0, |both| {
            let pool = Pool::shared_queue(WORKERS).restart(restart());
            pool.start(both, Worker).expect("it starts")
        });
        assert!(exit.is_normal(), "{exit:?}");
    }
}

#[test]
fn a_shared_queue_loses_and_repeats_nothing_while_its_workers_are_killed() {
    hush();
    for runtime in actor_lanes::runtime::all() {
        // A handler without a wait runs to its end, so a kill takes no message in hand.
        let (_, exit) = flood(&*runtime, false, WORKERS - 1, |both| {
            let pool = Pool::shared_queue(WORKERS).restart(Restart::up_to(u32::MAX));
            pool.start(both, Worker).expect("it starts")
        });
        let queue = exit.queue.expect("it has a queue");
        assert!(queue.reason.is_normal(), "{queue:?}");
        assert!(exit.workers[WORKERS - 1].reason.is_normal());
    }
}

/// Intended panics are not printed.
fn hush() {
    std::panic::set_hook(Box::new(|panic| {
        if !panic.to_string().contains("on purpose") {
            eprintln!("{panic}");
        }
    }));
}
