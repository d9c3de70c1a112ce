//! Whole lives of an actor, from the start to the published exit, stopped from outside during
//! sends.
//!
//! For shuttle only, because a life has too many steps for loom.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use crate::actor::{Actor, Context};
use crate::checker::{block_on, check, thread};
use crate::handle::{AskError, Handle, mailbox};
use crate::life::{Exit, ExitReason, Restart, Running, Spawn};
use crate::mailbox::{Lane, Mailbox, Message};
use crate::reply::{Answer, Reply};
use crate::runtime::{Executor, ExecutorStopped, Maker, Timer};

/// Passes its makers to the model, where they run. Its time is moved by its timers only.
#[derive(Debug)]
pub(super) struct Still {
    start: Instant,
    /// Nanoseconds since the start.
    passed: Arc<AtomicU64>,
    makers: Sender<Maker>,
    workers: Sender<thread::JoinHandle<()>>,
}

/// Expires at its second poll if armed for less than [`FAR`], otherwise never.
struct Alarm {
    start: Instant,
    passed: Arc<AtomicU64>,
    at: Option<u64>,
    was_polled: bool,
}

/// Timers armed for this delay or longer never expire.
pub(super) const FAR: Duration = Duration::from_millis(500);

impl Timer for Alarm {
    fn arm(&mut self, at: Instant) {
        let after = at.saturating_duration_since(self.start);
        self.at = (after < FAR).then(|| u64::try_from(after.as_nanos()).expect("it is near"));
        self.was_polled = false;
    }

    fn poll_expired(&mut self, task: &mut Task<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        if std::mem::replace(&mut self.was_polled, true) {
            self.passed.fetch_max(at, Ordering::SeqCst);
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Still {
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no other way to make an `Instant`, and its value is of no account"
    )]
    pub(super) fn start() -> (Arc<dyn Executor>, Receiver<Maker>, Receiver<thread::JoinHandle<()>>)
    {
        let ((makers, made), (workers, working)) = (channel(), channel());
        (
            Arc::new(Self { start: Instant::now(), passed: Arc::default(), makers, workers }),
            made,
            working,
        )
    }
}

impl Executor for Still {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.makers.send(maker).map_err(|refused| ExecutorStopped(refused.0))
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(Alarm {
            start: self.start,
            passed: Arc::clone(&self.passed),
            at: None,
            was_polled: false,
        })
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_nanos(self.passed.load(Ordering::SeqCst))
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.workers.send(thread::spawn(work)).expect("the model waits");
    }

    fn stop(&self) {}

    fn join(&self, _timeout: Duration) -> bool {
        true
    }
}

/// A message holding a share of a counter, so leaked messages are noticed.
enum Work {
    Do(Arc<()>),
    Answer(Reply<Arc<()>>, Arc<()>),
    /// Offloads the work, and handles its result.
    Offload(Arc<()>),
    /// Spawns a future that waits for the share, and handles the share.
    Spawn(Answer<Arc<()>>),
    /// Offloads the work, and ends the life with an error.
    OffloadAndFail(Arc<()>),
    /// The result of a life that has ended.
    Late(Arc<()>),
    /// Makes the handler wait forever.
    Wait(Arc<()>),
}

impl Message for Work {
    const LANES: &'static [Lane] = &[Lane::control("answers", 1), Lane::fifo("work", 1)];

    fn lane(&self) -> usize {
        match self {
            Self::Answer(..) => 0,
            Self::Do(_)
            | Self::Offload(_)
            | Self::Spawn(_)
            | Self::OffloadAndFail(_)
            | Self::Late(_)
            | Self::Wait(_) => 1,
        }
    }
}

/// Arms a timer for each of these delays.
struct Worker(&'static [Duration]);

impl Actor for Worker {
    type Message = Work;

    async fn started(&mut self, cx: &mut Context<Work>) {
        self.0.iter().for_each(|&delay| _ = cx.after(delay, Work::Do(Arc::default())));
    }

    async fn handle(&mut self, work: Work, cx: &mut Context<Work>) {
        match work {
            Work::Do(share) => drop(share),
            Work::Offload(share) => {
                cx.offload(|| share, |share| Work::Do(share.expect("it does not panic")))
            }
            Work::Spawn(answer) => {
                let share = |share: Result<Result<_, _>, _>| share.ok().and_then(Result::ok);
                cx.spawn(answer, move |answered| Work::Do(share(answered).unwrap_or_default()));
            }
            Work::OffloadAndFail(share) => {
                let other = Arc::clone(&share);
                cx.offload(|| share, |_| Work::Late(other));
                cx.fail("this handler fails, as the model wants it to");
            }
            Work::Answer(reply, share) => reply.send(share),
            Work::Late(_share) => panic!("the result belongs to another life"),
            Work::Wait(_share) => pending().await,
        }
    }
}

/// Runs a life on four threads: one sends, one stops the actor, one is its executor, and this one
/// waits for the exit. All accepted messages must be accounted for.
fn live(
    send: fn(Handle<Work>, Arc<()>),
    stop: fn(&Running),
    judge: impl Fn(&Exit) + Send + Sync + Copy + 'static,
) {
    live_with(&[], send, stop, judge);
}

/// As [`live`], for an actor with timers.
fn live_with(
    timers: &'static [Duration],
    send: fn(Handle<Work>, Arc<()>),
    stop: fn(&Running),
    judge: impl Fn(&Exit) + Send + Sync + Copy + 'static,
) {
    let start = move |mailbox, executor: &_| {
        Spawn::new(mailbox).start(executor, move || Worker(timers)).expect("it is not stopped")
    };
    live_started(start, send, stop, judge);
}

/// As [`live`], for an actor started in any way.
fn live_started(
    start: impl Fn(Mailbox<Work>, &Arc<dyn Executor>) -> Running + Send + Sync + Copy + 'static,
    send: fn(Handle<Work>, Arc<()>),
    stop: fn(&Running),
    judge: impl Fn(&Exit) + Send + Sync + Copy + 'static,
) {
    check(PREEMPTIONS, move || {
        let count = Arc::new(());
        let (executor, made, working) = Still::start();
        let (handle, mailbox) = mailbox::<Work>();
        let running = start(mailbox, &executor);
        let maker = made.recv().expect("one was started");
        let living = thread::spawn(move || block_on(maker()));
        let share = Arc::clone(&count);
        let sending = thread::spawn(move || send(handle, share));
        let stopper = running.clone();
        let stopping = thread::spawn(move || stop(&stopper));
        judge(&block_on(running.join()));
        sending.join().expect("sending does not panic");
        stopping.join().expect("stopping does not panic");
        living.join().expect("an actor's panics are contained");
        working.try_iter().for_each(|worker| worker.join().expect("work does not panic"));
        let exit = running.exit().expect("it was waited for");
        for lane in &exit.lanes {
            assert_eq!(lane.accepted, lane.handled + lane.cancelled + lane.undelivered);
        }
        assert_eq!(Arc::strong_count(&count), 1, "whatever was sent is dropped");
        let lost = running.exit().expect("it has ended").lost_work;
        assert_eq!(lost, exit.lost_work, "what is lost stays so");
    });
}

/// Enough to interrupt a stop, a send and a sleep by each other.
const PREEMPTIONS: usize = 4;

fn tell_two(handle: Handle<Work>, share: Arc<()>) {
    for _ in 0..2 {
        let sent = block_on(handle.tell(Work::Do(Arc::clone(&share))));
        // Returned here, or dropped by its receiver.
        drop(sent.map_err(|refused| refused.0));
    }
}

/// Asks while a message waits. Every ask must end.
fn ask(handle: Handle<Work>, share: Arc<()>) {
    let told = handle.try_tell(Work::Do(Arc::clone(&share)));
    let answer = block_on(handle.ask(|reply| Work::Answer(reply, share)));
    match answer {
        Ok(share) => drop(share),
        Err(AskError::Closed(_) | AskError::Dropped) => {}
    }
    drop(told);
}

fn kill(running: &Running) {
    running.kill();
}

fn stop(running: &Running) {
    running.stop(Duration::from_secs(1));
}

fn undelivered(exit: &Exit) -> u64 {
    exit.lanes.iter().map(|lane| lane.undelivered).sum()
}

#[test]
fn an_actor_without_a_stop_ends_with_its_last_handle() {
    live(
        tell_two,
        |_running| {},
        |exit| {
            assert!(matches!(exit.reason, ExitReason::Unreachable));
            assert_eq!((exit.lanes[1].handled, undelivered(exit)), (2, 0));
        },
    );
}

#[test]
fn a_stopped_actor_handles_all_accepted_messages() {
    live(tell_two, stop, |exit| {
        assert!(exit.reason.is_normal());
        assert_eq!(undelivered(exit), 0);
    });
}

#[test]
fn a_killed_actor_ends() {
    live(tell_two, kill, |_exit| {});
}

#[test]
fn an_actor_with_a_waiting_handler_can_be_killed() {
    let wait = |handle: Handle<Work>, share: Arc<()>| drop(handle.try_tell(Work::Wait(share)));
    live(wait, kill, |exit| assert!(!matches!(exit.reason, ExitReason::Abandoned)));
}

#[test]
fn an_ask_to_a_stopped_actor_ends() {
    live(ask, stop, |exit| assert!(exit.reason.is_normal()));
}

#[test]
fn an_ask_to_a_killed_actor_ends() {
    live(ask, kill, |_exit| {});
}

#[test]
fn a_handle_waiting_for_the_end_is_notified() {
    let wait = |handle: Handle<Work>, share: Arc<()>| {
        block_on(handle.closed());
        assert!(handle.try_tell(Work::Do(share)).is_err());
    };
    live(wait, kill, |exit| assert!(matches!(exit.reason, ExitReason::Killed)));
}

/// Short enough to expire.
pub(super) const SOON: Duration = Duration::from_millis(1);

/// Drops the last handle, so only timers keep the actor.
fn leave(handle: Handle<Work>, _share: Arc<()>) {
    drop(handle);
}

fn stop_without_end(running: &Running) {
    running.stop(Duration::MAX);
}

#[test]
fn an_actor_kept_by_a_timer_ends_at_a_stop_with_endless_patience() {
    live_with(&[FAR], leave, stop_without_end, |exit| {
        assert!(matches!(exit.reason, ExitReason::Stopped))
    });
}

#[test]
fn an_actor_kept_by_a_timer_ends_at_a_stop_before_its_deadline() {
    live_with(&[FAR], leave, stop, |exit| assert!(matches!(exit.reason, ExitReason::Stopped)));
}

#[test]
fn a_timer_expiring_during_a_stop_ends_the_actor_once() {
    live_with(&[SOON, FAR], tell_two, stop_without_end, |exit| assert!(exit.reason.is_normal()));
}

#[test]
fn an_actor_ends_with_its_last_timer_and_its_last_handle() {
    live_with(
        &[SOON],
        tell_two,
        |_running| {},
        |exit| assert!(matches!(exit.reason, ExitReason::Unreachable)),
    );
}

#[test]
fn a_second_stop_moves_no_deadline_and_loses_no_wake() {
    let stop_twice = |running: &Running| {
        running.stop(Duration::MAX);
        running.stop(Duration::from_secs(1));
        running.stop(Duration::ZERO);
    };
    live_with(&[FAR], leave, stop_twice, |exit| {
        assert!(matches!(exit.reason, ExitReason::Stopped))
    });
}

#[test]
fn a_deadline_ends_a_waiting_handler() {
    let wait = |handle: Handle<Work>, share: Arc<()>| drop(handle.try_tell(Work::Wait(share)));
    live_with(
        &[FAR],
        wait,
        |running| running.stop(SOON),
        |exit| assert!(!matches!(exit.reason, ExitReason::Abandoned)),
    );
}

fn offload(handle: Handle<Work>, share: Arc<()>) {
    drop(handle.try_tell(Work::Offload(Arc::clone(&share))));
    // May take the place needed by the result.
    drop(handle.try_tell(Work::Do(share)));
}

#[test]
fn an_actor_without_a_stop_waits_for_its_work() {
    live(
        offload,
        |_running| {},
        |exit| {
            assert!(matches!(exit.reason, ExitReason::Unreachable));
            assert!((2..=3).contains(&exit.lanes[1].handled));
            assert_eq!((undelivered(exit), exit.lost_work), (0, 0));
        },
    );
}

#[test]
fn a_stopped_actor_waits_for_its_work() {
    live(offload, stop, |exit| {
        assert!(exit.reason.is_normal());
        assert_eq!((undelivered(exit), exit.lost_work), (0, 0));
    });
}

#[test]
fn an_actor_stopped_with_endless_patience_waits_for_its_work() {
    live_with(&[FAR], offload, stop_without_end, |exit| {
        assert!(exit.reason.is_normal());
        assert_eq!((undelivered(exit), exit.lost_work), (0, 0));
    });
}

#[test]
fn a_killed_actor_counts_lost_work() {
    live(offload, kill, |exit| assert!(exit.lost_work <= 1));
}

#[test]
fn an_actor_ended_by_its_deadline_counts_lost_work() {
    live(offload, |running| running.stop(SOON), |exit| assert!(exit.lost_work <= 1));
}

/// Sends a future, and then its output.
fn spawn_future(handle: Handle<Work>, share: Arc<()>) {
    let (reply, answer) = Reply::pair();
    drop(handle.try_tell(Work::Spawn(answer)));
    drop(handle);
    reply.send(share);
}

#[test]
fn an_actor_without_a_stop_waits_for_its_future() {
    live(
        spawn_future,
        |_running| {},
        |exit| {
            assert!(matches!(exit.reason, ExitReason::Unreachable));
            assert_eq!((exit.lanes[1].handled, undelivered(exit), exit.lost_work), (2, 0, 0));
        },
    );
}

#[test]
fn a_stopped_actor_waits_for_its_future() {
    live(spawn_future, stop, |exit| {
        assert!(exit.reason.is_normal());
        assert_eq!((undelivered(exit), exit.lost_work), (0, 0));
    });
}

#[test]
fn a_killed_actor_drops_its_future_and_counts_it() {
    live(spawn_future, kill, |exit| {
        assert!(exit.lost_work + undelivered(exit) <= 1);
        assert!(exit.in_flight <= exit.lost_work);
    });
}

fn start_again(mailbox: Mailbox<Work>, executor: &Arc<dyn Executor>) -> Running {
    let spawn = Spawn::new(mailbox).restart(Restart::up_to(2));
    spawn.start(executor, || Worker(&[])).expect("it is not stopped")
}

/// Offloads work in a life that ends at once, and sends a message for the next life.
fn offload_and_fail(handle: Handle<Work>, share: Arc<()>) {
    drop(handle.try_tell(Work::OffloadAndFail(Arc::clone(&share))));
    drop(block_on(handle.tell(Work::Do(share))).map_err(|refused| refused.0));
}

#[test]
fn a_result_of_an_ended_life_never_reaches_the_next_one() {
    live_started(
        start_again,
        offload_and_fail,
        |_running| {},
        |exit| {
            assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
            assert_eq!((exit.restarts, exit.lost_work, undelivered(exit)), (1, 1, 0));
        },
    );
}

#[test]
fn a_result_of_an_ended_life_is_counted_once_at_a_stop() {
    live_started(start_again, offload_and_fail, stop, |exit| {
        assert!(exit.lost_work + undelivered(exit) <= 1, "{exit:?}");
    });
}
