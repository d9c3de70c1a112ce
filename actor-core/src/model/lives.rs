//! Several lives of an actor on one mailbox, under storms of failures, stops, kills and decisions
//! from other threads.
//!
//! For shuttle only, because a life has too many steps for loom. The decisions alone are checked by
//! both (`mailbox/model/verdict.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::life::Still;
use crate::actor::{Actor, Context};
use crate::checker::{block_on, check, thread};
use crate::handle::{Handle, mailbox};
use crate::life::{Exit, ExitReason, Governed, Governor, Restart, Running, Spawn, SpawnRestarting};
use crate::mailbox::{Lane, Mailbox, Message};

/// Enough to interrupt a decision, a request and a sleep by each other.
const PREEMPTIONS: usize = 4;

/// A message holding a share of a counter, so leaked messages are noticed.
enum Strike {
    Do(Arc<()>),
    Fail(Arc<()>),
}

impl Message for Strike {
    const LANES: &'static [Lane] = &[Lane::fifo("strikes", 2)];
}

/// Notices a second state at the same time.
struct Lone(Arc<AtomicBool>);

impl Lone {
    fn new(exists: &Arc<AtomicBool>) -> Self {
        assert!(!exists.swap(true, Ordering::SeqCst), "there are two states");
        Self(Arc::clone(exists))
    }
}

impl Drop for Lone {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Actor for Lone {
    type Message = Strike;

    async fn handle(&mut self, strike: Strike, cx: &mut Context<Strike>) {
        match strike {
            Strike::Do(share) => drop(share),
            Strike::Fail(share) => {
                drop(share);
                cx.fail("it was to fail");
            }
        }
    }
}

/// The reports of a governed actor.
enum Report {
    Started,
    Ended,
    Over,
}

impl Message for Report {
    const LANES: &'static [Lane] = &[Lane::fifo("reports", 32)];
}

struct Reports(Handle<Report>);

impl Reports {
    fn send(&self, report: Report) {
        assert!(self.0.try_tell(report).is_ok(), "there is room for every report");
    }
}

impl Governor for Reports {
    fn begins(&self) -> bool {
        false
    }

    fn life_started(&self) {
        self.send(Report::Started);
    }

    fn life_ended(&self, _reason: &ExitReason) {
        self.send(Report::Ended);
    }

    fn ended(&self, _exit: &Exit) {
        self.send(Report::Over);
    }
}

/// Runs an actor with several lives on a thread of its own, between these two parties.
fn live<T: Send + 'static>(
    spawn: impl Fn(Spawn<Strike>) -> (SpawnRestarting<Strike>, T) + Send + Sync + 'static,
    send: fn(Handle<Strike>, Arc<()>),
    decide: impl Fn(&Running, T) + Send + Sync + 'static,
    judge: impl Fn(&Exit) + Send + Sync + 'static,
) {
    let (spawn, decide) = (Arc::new(spawn), Arc::new(decide));
    check(PREEMPTIONS, move || {
        let (count, exists) = (Arc::new(()), Arc::new(AtomicBool::new(false)));
        let (executor, made, _working) = Still::start();
        let (handle, mailbox) = mailbox::<Strike>();
        let lone = Arc::clone(&exists);
        let (spawn, told) = spawn(Spawn::new(mailbox));
        let running = spawn.start(&executor, move || Lone::new(&lone)).expect("it is not stopped");
        let maker = made.recv().expect("one was started");
        let living = thread::spawn(move || block_on(maker()));
        let share = Arc::clone(&count);
        let sending = thread::spawn(move || send(handle, share));
        let (decide, decided) = (Arc::clone(&decide), running.clone());
        let deciding = thread::spawn(move || decide(&decided, told));
        let exit = block_on(running.join());
        sending.join().expect("sending does not panic");
        deciding.join().expect("deciding does not panic");
        living.join().expect("an actor's panics are contained");
        let lane = &running.exit().expect("it was waited for").lanes[0];
        assert_eq!(lane.accepted, lane.handled + lane.undelivered);
        assert_eq!(Arc::strong_count(&count), 1, "whatever was sent is dropped");
        assert!(!exists.load(Ordering::SeqCst), "no state is left");
        judge(&exit);
    });
}

fn restarting(spawn: Spawn<Strike>) -> (SpawnRestarting<Strike>, ()) {
    (spawn.restart(Restart::transient().most(u32::MAX)), ())
}

/// Sends a message between two that fail, waiting for room.
fn strike(handle: Handle<Strike>, share: Arc<()>) {
    let strikes = [Strike::Fail, Strike::Do, Strike::Fail];
    for strike in strikes {
        // Returned here, or dropped by its receiver.
        drop(block_on(handle.tell(strike(Arc::clone(&share)))).map_err(|refused| refused.0));
    }
}

#[test]
fn a_failing_actor_handles_all_and_ends_with_its_last_handle() {
    live(
        restarting,
        strike,
        |_running, ()| {},
        |exit| {
            assert!(matches!(exit.reason, ExitReason::Unreachable));
            assert_eq!((exit.lanes[0].handled, exit.restarts), (3, 2));
        },
    );
}

#[test]
fn a_stop_between_failures_loses_no_accepted_message() {
    live(
        restarting,
        strike,
        |running, ()| running.stop(Duration::from_secs(1)),
        |exit| {
            // The failure at the last message of a drain remains the reason: the first or third.
            let is_last = exit.lanes[0].handled % 2 == 1;
            assert!(exit.reason.is_normal() || is_last, "{}", exit.reason);
            assert_eq!(exit.undelivered(), 0);
        },
    );
}

#[test]
fn a_kill_between_failures_ends_the_actor() {
    live(restarting, strike, |running, ()| running.kill(), |_exit| {});
}

/// Runs a governed actor, and a governor on the thread of the decisions.
fn governed(
    send: fn(Handle<Strike>, Arc<()>),
    govern: impl Fn(&Running, &Governed, &mut Mailbox<Report>) + Send + Sync + 'static,
    judge: impl Fn(&Exit) + Send + Sync + 'static,
) {
    live(
        |spawn| {
            let (handle, reports) = mailbox::<Report>();
            (spawn.governed(Arc::new(Reports(handle))), reports)
        },
        send,
        move |running, mut reports| {
            let governed = running.governed().expect("it has a governor");
            govern(running, &governed, &mut reports);
        },
        judge,
    );
}

fn next(reports: &mut Mailbox<Report>) -> Report {
    block_on(reports.recv()).expect("the actor reports its end")
}

/// Begins a life after each end of one, until the actor is over.
fn begin_each(governed: &Governed, reports: &mut Mailbox<Report>) {
    loop {
        match next(reports) {
            Report::Started => {}
            Report::Ended => drop(governed.begin_life()),
            Report::Over => return,
        }
    }
}

fn wait_for_end_of_life(reports: &mut Mailbox<Report>) {
    while !matches!(next(reports), Report::Ended) {}
}

fn why() -> ExitReason {
    ExitReason::Panicked("its sibling".to_owned())
}

#[test]
fn a_governed_actor_has_a_life_for_each_decision() {
    governed(
        strike,
        |_running, governed, reports| {
            assert!(governed.begin_life(), "the first life waits");
            begin_each(governed, reports);
        },
        |exit| assert_eq!((exit.lanes[0].handled, exit.restarts), (3, 2)),
    );
}

#[test]
fn a_life_that_is_to_end_right_after_its_decision_ends() {
    governed(
        |handle, _share| block_on(handle.closed()),
        |_running, governed, reports| {
            for _ in 0..2 {
                assert!(governed.begin_life());
                governed.end_life(why());
                wait_for_end_of_life(reports);
            }
            assert!(governed.end());
        },
        |exit| {
            assert_eq!(exit.reason.to_string(), "panicked: its sibling");
            assert_eq!(exit.restarts, 1);
        },
    );
}

#[test]
fn a_request_for_a_life_that_has_ended_spares_the_next_one() {
    governed(
        |handle, share| {
            drop(handle.try_tell(Strike::Fail(share)));
            block_on(handle.closed());
        },
        |running, governed, reports| {
            assert!(governed.begin_life());
            wait_for_end_of_life(reports);
            governed.end_life(why());
            assert!(governed.begin_life());
            assert!(matches!(next(reports), Report::Started));
            running.stop(Duration::from_secs(1));
            assert!(matches!(next(reports), Report::Over));
        },
        |exit| assert_eq!(exit.restarts, 1),
    );
}

#[test]
fn requests_and_decisions_in_a_storm_of_failures_lose_no_message() {
    governed(
        strike,
        |_running, governed, reports| {
            assert!(governed.begin_life());
            governed.end_life(why());
            begin_each(governed, reports);
        },
        |exit| assert_eq!((exit.lanes[0].handled, exit.undelivered()), (3, 0)),
    );
}

#[test]
fn a_stop_of_a_governed_actor_that_waits_ends_it_without_a_decision() {
    governed(
        strike,
        |running, _governed, _reports| running.stop(Duration::from_secs(1)),
        |exit| assert_eq!(exit.lanes[0].accepted, exit.lanes[0].handled + exit.undelivered()),
    );
}

#[test]
fn a_kill_of_a_governed_actor_ends_it_whatever_was_decided() {
    governed(
        strike,
        |running, governed, reports| {
            assert!(governed.begin_life());
            running.kill();
            begin_each(governed, reports);
        },
        |_exit| {},
    );
}
