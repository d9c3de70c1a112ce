//! Work on another thread, and the delivery of its result as a message.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use crate::handle::Handle;
use crate::mailbox::{Closeable, Envelope, Message, Refused};
use crate::panic::{Panicked, contained};

/// The reason for offloaded work without a result.
///
/// # Examples
///
/// ```
/// use actor_core::actor::WorkError;
///
/// let failed: Result<u64, _> = Err(WorkError::Panicked("no such block".to_owned()));
/// assert_eq!(failed.clone().unwrap_or(7), 7);
/// assert_eq!(failed.unwrap_err().to_string(), "offloaded work panicked: no such block");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkError {
    /// The work panicked, with this message.
    Panicked(String),
    /// The work was dropped before it began: no thread could be started, or the executor has ended.
    NotRun,
}

/// One piece of work in flight. In every case its actor receives a message, or the work is counted
/// as lost.
///
/// ```text
///   run ── Ok(result) ──────┐                        ┌─ lane: accepted ───────────┐
///   run ── panics ── Err ───┼─▶ into_message ── M ──▶├─ lane: full, or closed     ├─▶ one less
///   dropped unrun ── Err ───┘        │               │    └▶ late: actor runs ────┘   in flight
///                                    └─ panics: lost └────── late: actor ended: lost
/// ```
pub(crate) struct Work<M: Message, T, W, I>
where
    I: FnOnce(Result<T, WorkError>) -> M,
{
    /// Keeps the actor reachable until its message is delivered.
    handle: Handle<M>,
    work: Option<W>,
    /// `None` once there is a result, good or bad.
    into_message: Option<I>,
    result: PhantomData<fn() -> T>,
}

impl<M: Message, T, W, I> Work<M, T, W, I>
where
    W: FnOnce() -> T,
    I: FnOnce(Result<T, WorkError>) -> M,
{
    /// Counts the work as in flight.
    pub(crate) fn new(handle: Handle<M>, work: W, into_message: I) -> Self {
        handle.shared().make_beside().work_leaves();
        Self { handle, work: Some(work), into_message: Some(into_message), result: PhantomData }
    }

    pub(crate) fn run(mut self) {
        let Some(work) = self.work.take() else { return };
        self.settle(contained(work).map_err(|Panicked(text)| WorkError::Panicked(text)));
    }
}

impl<M: Message, T, W, I> Work<M, T, W, I>
where
    I: FnOnce(Result<T, WorkError>) -> M,
{
    fn settle(&mut self, result: Result<T, WorkError>) {
        let Some(into_message) = self.into_message.take() else { return };
        let shared = self.handle.shared();
        let beside = shared.make_beside();
        // The lane is found inside as well: a message with an invalid lane panics here, not in the
        // actor.
        let made = contained(|| {
            let message = into_message(result);
            let lane = shared.lane_of(&message);
            (message, lane)
        });
        let mut was_late = false;
        match made {
            Err(_panicked) => beside.work_is_lost(),
            Ok((message, lane)) => {
                let mut refused = None;
                // A panic here comes from a waker, after the message was accepted.
                drop(contained(|| {
                    refused = shared.send(lane, Envelope { message, asker: None }).err()
                }));
                match refused {
                    None => beside.work_returns(),
                    // The work stays in flight until the actor takes the message. An ended actor
                    // counts it as lost.
                    Some(
                        Refused::Full(envelope)
                        | Refused::OverShare(envelope)
                        | Refused::Closed(envelope),
                    ) => {
                        was_late = true;
                        let refused = beside.late().push(envelope.message);
                        drop(contained(|| drop(refused)));
                    }
                }
            }
        }
        // With an open mailbox, only a late message needs this: for others the lane has woken the
        // actor. With a closed mailbox, the actor must see that less work is in flight.
        if was_late || shared.is_closed() {
            shared.interrupt();
        }
    }
}

impl<M: Message, T, W, I> Drop for Work<M, T, W, I>
where
    I: FnOnce(Result<T, WorkError>) -> M,
{
    /// Delivers a message for work not run.
    fn drop(&mut self) {
        if self.into_message.is_some() {
            let work = self.work.take();
            drop(contained(|| drop(work)));
            drop(contained(|| self.settle(Err(WorkError::NotRun))));
        }
    }
}

impl fmt::Display for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "offloaded work panicked: {message}"),
            Self::NotRun => f.write_str("offloaded work was dropped before it began"),
        }
    }
}

impl Error for WorkError {}
