//! The wait is at most two turns of each busy neighbour. The checks count turns, not time.
//!
//! Each busy actor runs on the executor under test through a [`Counting`] executor of its own. The
//! counting executor counts the turns of its actor. Its clock stands still, so a turn ends only
//! after its full number of messages. The awaited event happens inside a busy actor's handler,
//! while that handler keeps the thread. So every later turn is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::task;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::rig::{PATIENCE, SOON, expired, give_way, go, result_of, signal, start, wait};
use crate::actor::{Actor, Context};
use crate::mailbox::{Lane, Message};
use crate::reply::Reply;
use crate::runtime::{Executor, ExecutorStopped, Maker, Runtime, Timer};

/// The maximum number of turns of each neighbour before the event is served.
const MOST: usize = 2;

/// An executor with a clock standing still. Counts the turns ending on it.
#[derive(Debug)]
struct Counting {
    executor: Arc<dyn Executor>,
    now: Instant,
    turns: Arc<AtomicUsize>,
}

impl Executor for Counting {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.executor.spawn(maker)
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.executor.timer()
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn wall_now(&self) -> SystemTime {
        self.executor.wall_now()
    }

    fn spins(&self) -> bool {
        self.executor.spins()
    }

    fn give_way(&self, cx: &mut task::Context<'_>) {
        self.turns.fetch_add(1, Ordering::SeqCst);
        self.executor.give_way(cx);
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.executor.run_blocking(work);
    }

    fn stop(&self) {
        self.executor.stop();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.executor.join(timeout)
    }
}

type Act = Box<dyn FnOnce() + Send>;

enum Work {
    /// The actor sends itself the next message.
    Again,
    Do(Act),
}

impl Message for Work {
    const LANES: &'static [Lane] = &[Lane::control("control", 16), Lane::fifo("work", 1024)];

    fn lane(&self) -> usize {
        match self {
            Self::Do(_) => 0,
            Self::Again => 1,
        }
    }
}

/// Always has more to do.
struct Busy;

impl Actor for Busy {
    type Message = Work;

    async fn handle(&mut self, work: Work, cx: &mut Context<Work>) {
        match work {
            Work::Again => {
                cx.handle().try_tell(Work::Again).expect("there is room for what was taken")
            }
            Work::Do(act) => act(),
        }
    }
}

/// The number of turns ended by each neighbour.
#[derive(Clone)]
struct Turns(Vec<Arc<AtomicUsize>>);

impl Turns {
    fn now(&self) -> Vec<usize> {
        self.0.iter().map(|turns| turns.load(Ordering::SeqCst)).collect()
    }
}

/// Runs an event in the middle of a busy actor's turn, and checks the number of turns before it is
/// served.
///
/// `prepare` creates the event on the executor. When the event is served, it calls or sends the
/// given [`Served`].
fn counts_turns(
    runtime: &dyn Runtime,
    prepare: impl Fn(&Arc<dyn Executor>, Served) -> Box<dyn FnOnce() + Send>,
) {
    for neighbours in [1, 3] {
        let executor = start(runtime);
        let turns = Turns((0..neighbours).map(|_| Arc::default()).collect());
        let mut busy = Vec::new();
        for turns in &turns.0 {
            let (executor, turns) = (Arc::clone(&executor), Arc::clone(turns));
            let now = executor.now();
            let counting: Arc<dyn Executor> = Arc::new(Counting { executor, now, turns });
            let (handle, running) =
                crate::life::spawn(&counting, || Busy).expect("the executor takes actors");
            (0..300).for_each(|_| handle.try_tell(Work::Again).expect("there is room"));
            busy.push((handle, running));
        }
        for round in 0..20 {
            let (tell, told) = signal();
            let happens = prepare(&executor, Served { turns: turns.clone(), tell });
            let (began, beginning) = signal();
            let seen = turns.clone();
            let act: Act = Box::new(move || {
                // The thread stays busy until the event has happened.
                happens();
                began.send(seen.now()).expect("the check waits");
            });
            busy[round % neighbours].0.try_tell(Work::Do(act)).expect("there is room");
            let before = wait(&beginning);
            // On a loaded machine, a timer may be served before the busy actor sees that it is due.
            let passed: Vec<_> = wait(&told)
                .iter()
                .zip(before)
                .map(|(then, before)| then.saturating_sub(before))
                .collect();
            assert!(
                passed.iter().all(|&turns| turns <= MOST),
                "turns of each of {neighbours} neighbours: {passed:?}"
            );
        }
        for (_, running) in &busy {
            running.kill();
            assert!(running.join_blocking(PATIENCE).is_some());
        }
    }
}

/// Reports that the event was served.
struct Served {
    turns: Turns,
    tell: SyncSender<Vec<usize>>,
}

impl Served {
    fn now(self) {
        self.tell.send(self.turns.now()).expect("the check waits");
    }
}

pub(super) fn a_due_timer_waits_for_two_turns_at_most(runtime: &dyn Runtime) {
    counts_turns(runtime, |executor, served| {
        let own = Arc::clone(executor);
        let (tell, told) = signal();
        go(executor, move || async move {
            let mut timer = own.timer();
            let at = own.now() + SOON;
            timer.arm(at);
            // Armed by the first poll.
            assert!(!super::rig::has_expired(&mut *timer).await);
            tell.send(at).expect("the check waits");
            expired(&mut *timer).await;
            served.now();
        });
        let at = wait(&told);
        let own = Arc::clone(executor);
        Box::new(move || {
            // The timer is due when this ends, whatever the runtime's rounding and the thread
            // watching its timers.
            while own.now() < at + SOON {
                thread::yield_now();
            }
        })
    });
}

pub(super) fn a_message_from_another_thread_waits_for_two_turns_at_most(runtime: &dyn Runtime) {
    counts_turns(runtime, |executor, served| {
        let (reply, answer) = Reply::<()>::pair();
        let (tell, told) = signal();
        go(executor, move || async move {
            let mut answer = std::pin::pin!(answer);
            tell.send(()).expect("the check waits");
            answer.as_mut().await.expect("it is answered");
            served.now();
        });
        wait(&told);
        result_of(executor, give_way);
        Box::new(move || {
            let sends = thread::spawn(move || reply.send(()));
            sends.join().expect("it does not panic");
        })
    });
}

pub(super) fn a_new_actor_waits_for_two_turns_at_most(runtime: &dyn Runtime) {
    /// Reports its creation.
    struct New(Option<Served>);

    impl Actor for New {
        type Message = Work;

        async fn started(&mut self, _cx: &mut Context<Work>) {
            self.0.take().expect("it starts once").now();
        }

        async fn handle(&mut self, _work: Work, _cx: &mut Context<Work>) {}
    }

    counts_turns(runtime, |executor, served| {
        let own = Arc::clone(executor);
        Box::new(move || {
            let spawns =
                thread::spawn(move || drop(crate::life::spawn(&own, || New(Some(served)))));
            spawns.join().expect("it does not panic");
        })
    });
}
