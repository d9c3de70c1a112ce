//! The actor of a tree: it takes the workers' reports, and carries out the engine's orders.
//!
//! # Protocol
//!
//! ```text
//! the tree's task                              a worker's task, on any thread
//!   Begin     Governed::begin_life  ─────────▶   makes the state, runs `started`
//!   take      ◀──────────────── a report ─────   started
//!   EndLife   Governed::end_life    ─────────▶   drops the state, keeps the mailbox
//!   take      ◀──────────────── a report ─────   life ended; waits for a decision
//!   Stop      Running::stop         ─────────▶   handles its queue
//!   End       Governed::end, or kill ────────▶   drops the state
//!   take      ◀──────────────── a report ─────   over
//! ```
//!
//! Orders are calls without a wait, and reports are messages in a lane with room for all of them
//! (`report.rs`). So neither side ever waits for the other, and both may share a thread. The tree's
//! task waits for four events: a report, the next due delay, a stop, and the deadline of the stop.
//! Each wakes the task, and each wake looks for all of them.
//!
//! A worker's task waits for a decision as it waits for the end of a backoff: for a bit of its own
//! mailbox, with the interrupt of its signal (`actor-core/src/life/relive.rs`).
//!
//! # No orphans
//!
//! [`Tree`] owns the workers from their start. Its drop kills the remaining ones: after a
//! kill or a passed deadline, a panic, the end of its executor, or a start failed halfway.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::{Duration, Instant};

use actor_core::life::Governed;
use actor_core::runtime::Alarm;
use actor_core::{Actor, Context, ExitReason, Lane, Mailbox, Message, Running};

use super::engine::{Engine, Number, Order};
use super::report::Report;

/// The reason of a life ended by its supervisor, together with its siblings: the error in
/// [`ExitReason::Failed`], for [`Actor::stopped`](actor_core::Actor::stopped).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use actor_core::ExitReason;
/// use actor_system::supervise::EndedWithSiblings;
///
/// let reason = ExitReason::Failed(Arc::new(EndedWithSiblings));
/// assert_eq!(reason.to_string(), "failed: ended by its supervisor, together with its siblings");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedWithSiblings;

/// The only message of a tree: run until the end.
pub(super) struct Run;

impl Message for Run {
    const LANES: &'static [Lane] = &[Lane::control("supervision", 1)];
}

/// A tree of actors, under one root.
pub(super) struct Tree {
    engine: Engine,
    reports: Mailbox<Report>,
    workers: Workers,
    /// Whether a stop has begun.
    is_stopping: bool,
    deadline: Option<Instant>,
    /// The end of the next delay.
    alarm: Alarm,
}

/// The workers, in the order of their start.
#[derive(Default)]
pub(super) struct Workers {
    all: Vec<Worker>,
    are_over: bool,
}

struct Worker {
    number: Number,
    running: Running,
    governed: Option<Governed>,
    is_stopped: bool,
}

/// Reports taken before other tasks of the thread have a turn.
const TURN: usize = 128;

impl Tree {
    pub(super) fn new(engine: Engine, reports: Mailbox<Report>, workers: Workers) -> Self {
        let (is_stopping, deadline, alarm) = (false, None, Alarm::new());
        Self { engine, reports, workers, is_stopping, deadline, alarm }
    }

    /// Runs the tree until `is_done`, or until all actors have ended. A stop comes first.
    async fn run(&mut self, cx: &Context<Run>, is_done: fn(&Engine) -> bool) {
        let own = cx.handle();
        let mut closed = pin!(own.closed());
        poll_fn(|task| {
            if !self.is_stopping && closed.as_mut().poll(task).is_ready() {
                self.is_stopping = true;
                self.engine.stop(cx.now());
            }
            self.poll_run(cx, is_done, task)
        })
        .await;
    }

    fn poll_run(
        &mut self,
        cx: &Context<Run>,
        is_done: fn(&Engine) -> bool,
        task: &mut task::Context<'_>,
    ) -> Poll<()> {
        self.note_deadline(cx);
        for _ in 0..TURN {
            while let Some(order) = self.engine.next_order() {
                self.carry_out(order, cx);
            }
            if self.engine.is_over() || (!self.is_stopping && is_done(&self.engine)) {
                return Poll::Ready(());
            }
            match self.reports.poll_recv(task) {
                Poll::Ready(Some(Report { worker, event })) => {
                    self.engine.take(worker, event, cx.now());
                    continue;
                }
                // The workers' mailboxes hold the other handles.
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            let Some(due) = self.engine.next_due() else { return Poll::Pending };
            ready!(self.alarm.poll_at(due, &**cx.executor(), task));
            self.engine.tick(cx.now());
        }
        cx.executor().give_way(task);
        Poll::Pending
    }

    /// A stop closes the mailbox before it sets the deadline, so a child may have been told to stop
    /// in between.
    fn note_deadline(&mut self, cx: &Context<Run>) {
        if self.is_stopping && self.deadline.is_none() {
            self.deadline = cx.deadline();
            if let Some(deadline) = self.deadline {
                self.workers.hurry(deadline.saturating_duration_since(cx.now()));
            }
        }
    }

    fn carry_out(&mut self, order: Order, cx: &Context<Run>) {
        match order {
            Order::Begin(worker) => self.workers.of(worker).begin_life(),
            Order::EndLife(worker) => self.workers.of(worker).end_life(),
            Order::Stop(worker) => {
                let left = |deadline: Instant| deadline.saturating_duration_since(cx.now());
                self.workers.of(worker).stop(self.deadline.map_or(Duration::MAX, left));
            }
            Order::End(worker) => self.workers.of(worker).end(),
        }
    }

    /// Ends the tree's own actor once all others have ended.
    fn end(&mut self, cx: &mut Context<Run>) {
        self.workers.are_over = self.engine.is_over();
        match self.engine.cause() {
            Some(cause) => cx.end(cause.reason.clone()),
            None => cx.stop(),
        }
    }
}

impl Actor for Tree {
    type Message = Run;

    async fn started(&mut self, cx: &mut Context<Run>) {
        self.engine.start(cx.now());
        self.run(cx, Engine::has_started).await;
        // The rest runs in a handler, so the tree counts as started. A stop refuses the
        // message.
        if self.engine.is_over() || cx.handle().try_tell(Run).is_err() {
            self.run(cx, |_| false).await;
            self.end(cx);
        }
    }

    async fn handle(&mut self, _run: Run, cx: &mut Context<Run>) {
        self.run(cx, |_| false).await;
        self.end(cx);
    }
}

impl Workers {
    /// Adds a worker. It waits for its first life.
    pub(super) fn add(&mut self, number: Number, running: Running) {
        let governed = running.governed();
        self.all.push(Worker { number, running, governed, is_stopped: false });
    }

    fn of(&mut self, number: Number) -> &mut Worker {
        let at = self.all.binary_search_by_key(&number, |worker| worker.number);
        &mut self.all[at.expect("orders are for workers of this tree")]
    }

    /// Sets the deadline of the workers told to stop without one.
    fn hurry(&self, left: Duration) {
        let stopped = self.all.iter().filter(|worker| worker.is_stopped);
        stopped.for_each(|worker| worker.running.stop(left));
    }
}

impl Worker {
    // A worker stopped or killed by another party does not wait for a decision. It ends, and
    // reports its end.

    fn begin_life(&self) {
        if let Some(governed) = &self.governed {
            governed.begin_life();
        }
    }

    fn end_life(&self) {
        if let Some(governed) = &self.governed {
            governed.end_life(ExitReason::Failed(Arc::new(EndedWithSiblings)));
        }
    }

    fn stop(&mut self, left: Duration) {
        self.is_stopped = true;
        self.running.stop(left);
    }

    fn end(&self) {
        let was_waiting = self.governed.as_ref().is_some_and(Governed::end);
        if !was_waiting {
            self.running.kill();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if !self.are_over {
            self.all.iter().rev().for_each(|worker| worker.running.kill());
        }
    }
}

impl fmt::Display for EndedWithSiblings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ended by its supervisor, together with its siblings")
    }
}

impl Error for EndedWithSiblings {}
