//! Nine senders, threads and futures, use every kind of lane while actors end by stops and panics.
//! No message is lost, and the figures are exact.
//!
//! Each life of an actor is counted separately, on three sides: by the results of the senders, by
//! the actor and its hook, and by the figures of the lanes. Lives run for two seconds on each
//! runtime, or for the number of seconds in `STRESS_SECONDS`:
//!
//! ```text
//! STRESS_SECONDS=60 cargo test --release -p actor-tests --test stress
//! ```

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use actor_lanes::actor::Batch;
use actor_lanes::handle::TellError;
use actor_lanes::{
    Actor, AskError, Context, Executor, ExitReason, Handle, Lane, Message, Reply, Spawn,
    TryTellError, mailbox,
};
use actor_tests::{PATIENCE, end_of, executor};
use futures::FutureExt;

const LANES: usize = 7;
/// Senders on threads of their own.
const THREADS: u64 = 6;
/// Senders that are futures, alternately on the actor's executor and on another.
const FUTURES: u64 = 3;
const SENDERS: u64 = THREADS + FUTURES;

/// The number of live parcels: a parcel neither dropped nor delivered is still counted at the end.
type Alive = Arc<AtomicI64>;

/// A time before all lives.
static PAST: OnceLock<Instant> = OnceLock::new();

struct Parcel {
    lane: usize,
    sender: u64,
    n: u64,
    reply: Option<Reply<u64>>,
    /// A time in the past, for some parcels.
    deadline: Option<Instant>,
    alive: Alive,
}

impl Parcel {
    fn new(lane: usize, sender: u64, n: u64, reply: Option<Reply<u64>>, alive: &Alive) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        let deadline = n.is_multiple_of(7).then(|| *PAST.get().expect("set before the lives"));
        Self { lane, sender, n, reply, deadline, alive: Arc::clone(alive) }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Message for Parcel {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 4),
        Lane::fifo("fifo", 32),
        Lane::newest_first("newest", 8),
        Lane::latest("latest"),
        Lane::fifo("batched", 32).batch(8),
        Lane::fifo("shared", 32).share(5),
        Lane::latest_by_key("by key", 4),
    ];

    fn lane(&self) -> usize {
        self.lane
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn source(&self) -> Option<u64> {
        Some(self.sender)
    }

    fn key(&self) -> u64 {
        self.sender
    }
}

/// Counts by lane, for all threads.
type Counts = [AtomicU64; LANES];

#[derive(Default)]
struct Seen {
    accepted: Counts,
    handled: Counts,
    undelivered: Counts,
    in_all: AtomicU64,
}

/// How a life ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Stop,
    Kill,
    Itself,
    Panic,
    NoHandle,
}

struct Sink {
    seen: Arc<Seen>,
    /// The last number of each sender in each ordered lane.
    last: [[Option<u64>; SENDERS as usize]; LANES],
    end: End,
    left: u64,
}

impl Sink {
    fn take(&mut self, mut parcel: Parcel, cx: &mut Context<Parcel>) {
        let Parcel { lane, sender, n, .. } = parcel;
        assert!(parcel.deadline.is_none(), "an expired parcel is not handled");
        self.seen.handled[lane].fetch_add(1, Ordering::Relaxed);
        self.seen.in_all.fetch_add(1, Ordering::Relaxed);
        if matches!(lane, 0 | 1 | 4 | 5 | 6) {
            let last = self.last[lane][sender as usize].replace(n);
            assert!(last < Some(n), "lane {lane} keeps a sender's order: {n} after {last:?}");
        }
        if let Some(reply) = parcel.reply.take() {
            reply.send(n);
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            match self.end {
                End::Itself => cx.stop(),
                End::Panic => panic!("on purpose"),
                End::Stop | End::Kill | End::NoHandle => {}
            }
        }
    }
}

impl Actor for Sink {
    type Message = Parcel;

    async fn handle(&mut self, parcel: Parcel, cx: &mut Context<Parcel>) {
        self.take(parcel, cx);
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Parcel>, cx: &mut Context<Parcel>) {
        for parcel in batch {
            self.take(parcel, cx);
        }
    }
}

/// A small random number generator, so that each life differs and can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        // splitmix64: https://prng.di.unimi.it/splitmix64.c
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Sends in every possible way until the actor has ended.
fn send(
    handle: &Handle<Parcel>,
    sender: u64,
    seed: u64,
    until: Option<u64>,
    seen: &Seen,
    alive: &Alive,
) {
    let mut dice = Dice(seed);
    for n in 0.. {
        let lane = dice.below(LANES as u64) as usize;
        let parcel = |reply| Parcel::new(lane, sender, n, reply, alive);
        let (accepted, closed) = match dice.below(9) {
            0 => match handle.tell_blocking(parcel(None), Duration::from_micros(200)) {
                Ok(()) => (true, false),
                Err(refused) => (false, matches!(refused, TryTellError::Closed(_))),
            },
            // The asker drops its ask immediately: the parcel is cancelled, unless it was already
            // taken.
            1 => match handle.try_ask(|reply| parcel(Some(reply))) {
                Ok(answer) => {
                    drop(answer);
                    (true, false)
                }
                Err(refused) => (false, matches!(refused, TryTellError::Closed(_))),
            },
            2 => match handle.try_ask(|reply| parcel(Some(reply))) {
                Ok(answer) => {
                    // The reply is sent or dropped: no ask hangs.
                    if let Ok(answer) = futures::executor::block_on(answer) {
                        assert_eq!(answer, n);
                    }
                    (true, false)
                }
                Err(refused) => (false, matches!(refused, TryTellError::Closed(_))),
            },
            // Drops the send if it would have to wait, although room may already be assigned to it.
            3 => match handle.tell(parcel(None)).now_or_never() {
                Some(sent) => (sent.is_ok(), sent.is_err()),
                None => (false, false),
            },
            _ => match handle.try_tell(parcel(None)) {
                Ok(()) => (true, false),
                Err(TryTellError::Full(back)) => {
                    assert_eq!((back.sender, back.n), (sender, n), "what was refused comes back");
                    (false, false)
                }
                Err(TryTellError::Closed(_)) => (false, true),
            },
        };
        seen.accepted[lane].fetch_add(u64::from(accepted), Ordering::Relaxed);
        if closed || until.is_some_and(|until| n >= until) {
            return;
        }
    }
}

/// Sends asynchronously, as an actor does, until the actor has ended.
async fn send_as_future(
    handle: Handle<Parcel>,
    sender: u64,
    seed: u64,
    until: Option<u64>,
    seen: Arc<Seen>,
    alive: Alive,
) {
    let mut dice = Dice(seed);
    for n in 0.. {
        let lane = dice.below(LANES as u64) as usize;
        let parcel = |reply| Parcel::new(lane, sender, n, reply, &alive);
        let (accepted, closed) = match dice.below(4) {
            0 => match handle.ask(|reply| parcel(Some(reply))).await {
                Ok(answer) => {
                    assert_eq!(answer, n);
                    (true, false)
                }
                Err(AskError::Dropped) => (true, false),
                Err(AskError::Closed(_)) => (false, true),
            },
            _ => match handle.tell(parcel(None)).await {
                Ok(()) => (true, false),
                Err(TellError(_)) => (false, true),
            },
        };
        seen.accepted[lane].fetch_add(u64::from(accepted), Ordering::Relaxed);
        if closed || until.is_some_and(|until| n >= until) {
            return;
        }
        // The actor may be on this very thread.
        yield_now().await;
    }
}

async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn live(executor: &Arc<dyn Executor>, other: &Arc<dyn Executor>, seed: u64) {
    let mut dice = Dice(seed);
    let end =
        [End::Stop, End::Kill, End::Itself, End::Panic, End::NoHandle][dice.below(5) as usize];
    let (alive, seen) = (Alive::default(), Arc::new(Seen::default()));
    let (handle, mailbox) = mailbox();
    let (hook_seen, sink_seen) = (Arc::clone(&seen), Arc::clone(&seen));
    let left = 1 + dice.below(2_000);
    let running = Spawn::new(mailbox)
        .on_undelivered(move |lane, parcel: Parcel| {
            assert_eq!(Parcel::LANES[parcel.lane].name(), lane);
            hook_seen.undelivered[parcel.lane].fetch_add(1, Ordering::Relaxed);
        })
        .start(executor, move || Sink { seen: sink_seen, last: Default::default(), end, left })
        .expect("the executor runs");
    // Without handles an actor ends after it has handled everything, so its senders stop by
    // themselves.
    let until = matches!(end, End::NoHandle).then_some(left);
    // Room for each sender: a future blocked here would also block the executor needed by the
    // actor.
    let (ended, end_of_futures) = mpsc::sync_channel(FUTURES as usize);
    for sender in THREADS..SENDERS {
        let sending = send_as_future(
            handle.clone(),
            sender,
            seed ^ (sender << 32),
            until,
            Arc::clone(&seen),
            Alive::clone(&alive),
        );
        let (ended, executor) = (ended.clone(), if sender % 2 == 0 { executor } else { other });
        let send_and_tell = async move {
            sending.await;
            ended.send(()).expect("the test waits");
        };
        executor.spawn(Box::new(move || Box::pin(send_and_tell))).expect("the executor runs");
    }
    thread::scope(|threads| {
        for sender in 0..THREADS {
            let (handle, seen, alive) = (handle.clone(), &*seen, &alive);
            threads.spawn(move || send(&handle, sender, seed ^ (sender << 32), until, seen, alive));
        }
        while seen.in_all.load(Ordering::Relaxed) < left
            && running.exit().is_none()
            && until.is_none()
        {
            thread::yield_now();
        }
        match end {
            End::Stop => running.stop(Duration::from_secs(10)),
            End::Kill => running.kill(),
            End::Itself | End::Panic | End::NoHandle => {}
        }
    });
    (0..FUTURES).for_each(|_| end_of_futures.recv_timeout(PATIENCE).expect("every send ends"));
    let weak = handle.downgrade();
    // Without a handle, the actor ends by itself. Otherwise the figures are read after every user
    // has finished.
    let kept = (!matches!(end, End::NoHandle)).then_some(handle);
    let exit = end_of(&running);
    let stats = kept.map_or_else(|| exit.lanes.clone(), |handle| handle.stats());
    assert!(weak.upgrade().is_none() || !matches!(end, End::NoHandle));
    match (end, &exit.reason) {
        (End::Stop | End::Itself, ExitReason::Stopped)
        | (End::Kill, ExitReason::Killed)
        | (End::Panic, ExitReason::Panicked(_))
        | (End::NoHandle, ExitReason::Unreachable) => {}
        (end, reason) => panic!("seed {seed}: {end:?} ended as {reason}"),
    }
    // The senders have returned. Each message in flight at the end was returned, or has counted the
    // messages it evicted. Apart from these, the last figures equal the exit's.
    for (lane, (last, at_exit)) in stats.iter().zip(&exit.lanes).enumerate() {
        let of = |counts: &Counts| counts[lane].load(Ordering::Relaxed);
        let accepted = of(&seen.accepted);
        let name = last.name;
        let case =
            format!("seed {seed}, {end:?}, lane {name}: {last:?} (at its exit: {at_exit:?})");
        let in_flight =
            last.evicted.abs_diff(at_exit.evicted) + last.accepted.abs_diff(at_exit.accepted);
        assert!(in_flight <= 2 * SENDERS, "{case}");
        assert_eq!(last.accepted, accepted, "accepted; {case}");
        assert_eq!(last.depth, 0, "depth; {case}");
        assert_eq!(of(&seen.handled), last.handled, "handled; {case}");
        assert_eq!(of(&seen.undelivered), last.undelivered, "undelivered; {case}");
        let ended = last.handled + last.evicted + last.cancelled + last.expired + last.undelivered;
        assert_eq!(
            accepted, ended,
            "accepted = handled + evicted + cancelled + expired + undelivered; {case}"
        );
        assert!(last.high_water <= last.capacity as u64, "{case}");
    }
    assert_eq!(alive.load(Ordering::Relaxed), 0, "seed {seed}, {end:?}: parcels are left");
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the test goes on is no part of what it holds"
)]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn nothing_is_lost_however_an_actor_ends() {
    let seconds = std::env::var("STRESS_SECONDS")
        .ok()
        .map_or(2, |text| text.parse().expect("STRESS_SECONDS is a whole number of seconds"));
    std::panic::set_hook(Box::new(|panic| {
        // Intended panics are not printed.
        if !panic.to_string().contains("on purpose") {
            eprintln!("{panic}");
        }
    }));
    PAST.get_or_init(now);
    for runtime in actor_lanes::runtime::all() {
        let (executor, other) = (executor(&*runtime), executor(&*runtime));
        let until = now() + Duration::from_secs(seconds);
        let mut lives = 0;
        while now() < until || lives < 10 {
            live(&executor, &other, lives);
            lives += 1;
        }
        println!("{}: {lives} lives", runtime.name());
        for executor in [executor, other] {
            executor.stop();
            assert!(executor.join(PATIENCE));
        }
    }
}
