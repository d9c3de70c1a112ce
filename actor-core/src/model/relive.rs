//! Actors with several lives: restarts, rests and decisions, against stops, kills and senders.
//!
//! For shuttle only, because a life has too many steps for loom. The word of requests and the
//! decision are checked by loom as well (`mailbox/model/life.rs`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::actor::{Actor, Context};
use crate::checker::{block_on, check, thread};
use crate::handle::{Handle, TryTellError, mailbox};
use crate::life::{Backoff, Exit, ExitReason, Governor, Restart, Running, Spawn};
use crate::mailbox::{Lane, Message};
use crate::model::life::{FAR, SOON, Still};

/// Enough to interrupt a stop, a send and a rest by each other.
const PREEMPTIONS: usize = 4;
const MESSAGES: usize = 3;

/// The number of ends of each message: handled, undelivered, or returned to its sender. Each has
/// one.
type Ends = Arc<[AtomicUsize; MESSAGES]>;

/// A message with its number. The first fails its actor.
struct Work(usize);

impl Message for Work {
    const LANES: &'static [Lane] = &[Lane::fifo("work", 2)];
}

struct Worker {
    ends: Ends,
    states: Arc<AtomicUsize>,
}

impl Worker {
    fn new(ends: &Ends, states: &Arc<AtomicUsize>) -> Self {
        assert_eq!(states.fetch_add(1, Ordering::SeqCst), 0, "two states at once");
        Self { ends: Arc::clone(ends), states: Arc::clone(states) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.states.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Actor for Worker {
    type Message = Work;

    async fn handle(&mut self, Work(n): Work, cx: &mut Context<Work>) {
        self.ends[n].fetch_add(1, Ordering::SeqCst);
        if n == 0 {
            cx.fail("the first message fails its actor");
        }
    }
}

/// Sends all messages, and drops the handle.
fn send(handle: &Handle<Work>, ends: &Ends) {
    for n in 0..MESSAGES {
        if let Err(TryTellError::Full(Work(n)) | TryTellError::Closed(Work(n))) =
            handle.try_tell(Work(n))
        {
            ends[n].fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// How the lives are decided upon.
#[derive(Clone, Copy)]
enum Decides {
    Policy(fn() -> Restart),
    /// Another thread, for each life.
    Governor(fn(&Running)),
}

/// Decides in a thread of its own.
struct Deciding {
    running: OnceLock<Running>,
    decide: fn(&Running),
    threads: Sender<thread::JoinHandle<()>>,
}

impl Governor for Deciding {
    fn life_ended(&self, _reason: &ExitReason) {
        let running = self.running.get().expect("set before the life begins").clone();
        let decide = self.decide;
        self.threads.send(thread::spawn(move || decide(&running))).expect("the model waits");
    }
}

/// Runs lives on three threads: one sends, one acts from outside, one is the executor.
fn relive(
    decides: Decides,
    act: fn(&Running),
    judge: impl Fn(&Exit) + Send + Sync + Copy + 'static,
) {
    check(PREEMPTIONS, move || {
        let (ends, states) = (Ends::default(), Arc::default());
        let (executor, made, _working) = Still::start();
        let (threads, deciding) = channel();
        let (handle, mailbox) = mailbox::<Work>();
        let lost = Arc::clone(&ends);
        let spawn = Spawn::new(mailbox)
            .on_undelivered(move |_lane, Work(n)| _ = lost[n].fetch_add(1, Ordering::SeqCst));
        let (own, alive) = (Arc::clone(&ends), Arc::clone(&states));
        let make = move || Worker::new(&own, &alive);
        let running = match decides {
            Decides::Policy(policy) => spawn.restart(policy()).start(&executor, make),
            Decides::Governor(decide) => {
                let governor = Arc::new(Deciding { running: OnceLock::new(), decide, threads });
                let own: Arc<Deciding> = Arc::clone(&governor);
                let running = spawn.governed(governor).start(&executor, make);
                own.running
                    .set(running.as_ref().expect("it is not stopped").clone())
                    .expect("set once");
                running
            }
        }
        .expect("it is not stopped");
        let maker = made.recv().expect("one was started");
        let living = thread::spawn(move || block_on(maker()));
        let sent = Arc::clone(&ends);
        let sending = thread::spawn(move || send(&handle, &sent));
        let actor = running.clone();
        let acting = thread::spawn(move || act(&actor));
        judge(&block_on(running.join()));
        sending.join().expect("sending does not panic");
        acting.join().expect("acting does not panic");
        living.join().expect("an actor's panics are contained");
        deciding.try_iter().for_each(|one| one.join().expect("deciding does not panic"));
        assert_eq!(states.load(Ordering::SeqCst), 0, "each state was dropped");
        for end in ends.iter() {
            assert_eq!(end.load(Ordering::SeqCst), 1, "a message was lost or repeated");
        }
        let lane = &running.exit().expect("it has ended").lanes[0];
        assert_eq!(lane.accepted, lane.handled + lane.undelivered);
    });
}

fn at_once() -> Restart {
    Restart::transient()
}

fn soon() -> Restart {
    Restart::transient().backoff(Backoff::constant(SOON))
}

/// Longer than the model runs.
fn later() -> Restart {
    Restart::transient().backoff(Backoff::constant(FAR))
}

fn nothing(_running: &Running) {}

fn stop(running: &Running) {
    running.stop(Duration::MAX);
}

fn kill(running: &Running) {
    running.kill();
}

#[test]
fn a_restarted_actor_ends_when_nothing_can_reach_it() {
    relive(Decides::Policy(at_once), nothing, |exit| {
        assert!(matches!(exit.reason, ExitReason::Unreachable));
        assert_eq!((exit.restarts, exit.undelivered()), (1, 0));
    });
}

#[test]
fn a_handle_dropped_during_a_backoff_ends_the_actor_after_it() {
    relive(Decides::Policy(soon), nothing, |exit| {
        assert!(matches!(exit.reason, ExitReason::Unreachable));
        assert_eq!((exit.restarts, exit.undelivered()), (1, 0));
    });
}

#[test]
fn a_stop_ends_an_actor_in_every_state_with_its_queue_handled() {
    for policy in [at_once, soon, later] {
        relive(Decides::Policy(policy), stop, |exit| {
            // The failure at the last message of a drain remains the reason.
            let is_last = exit.restarts == 0 && exit.lanes[0].handled == 1;
            assert!(exit.reason.is_normal() || is_last, "{}", exit.reason);
            assert_eq!(exit.undelivered(), 0);
        });
    }
}

#[test]
fn a_kill_ends_an_actor_in_every_state() {
    for policy in [at_once, soon, later] {
        relive(
            Decides::Policy(policy),
            |running| {
                stop(running);
                kill(running);
            },
            |_exit| {},
        );
    }
}

#[test]
fn requests_to_end_lives_neither_end_the_actor_nor_lose_messages() {
    relive(
        Decides::Policy(at_once),
        |running| {
            running.end_life(ExitReason::Panicked("linked".to_owned()));
            running.end_life(ExitReason::Panicked("linked".to_owned()));
        },
        |exit| {
            assert!(exit.restarts <= 3);
            assert_eq!(exit.undelivered(), 0);
        },
    );
}

fn begin(running: &Running) {
    running.governed().expect("it has a governor").begin_life();
}

fn end(running: &Running) {
    running.governed().expect("it has a governor").end();
}

#[test]
fn a_governor_on_another_thread_begins_the_next_life() {
    relive(Decides::Governor(begin), nothing, |exit| {
        assert!(matches!(exit.reason, ExitReason::Unreachable));
        assert_eq!((exit.restarts, exit.undelivered()), (1, 0));
    });
}

#[test]
fn a_governor_and_a_stop_end_the_actor_once() {
    for decide in [begin, end, nothing] {
        relive(Decides::Governor(decide), stop, |exit| assert!(exit.restarts <= 1));
    }
}

#[test]
fn a_governor_that_ends_lives_and_a_kill_end_the_actor_once() {
    relive(
        Decides::Governor(|running| {
            begin(running);
            let governed = running.governed().expect("it has a governor");
            governed.end_life(ExitReason::Panicked("a sibling".to_owned()));
        }),
        |running| {
            running.end_life(ExitReason::Panicked("linked".to_owned()));
            kill(running);
        },
        |_exit| {},
    );
}
