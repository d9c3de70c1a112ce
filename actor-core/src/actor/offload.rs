//! Work on another thread, and the way back of its result, which becomes a message and holds no thread meanwhile.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use crate::handle::Handle;
use crate::mailbox::{Closeable, Envelope, Message, Refused};
use crate::panic::{Panicked, contained};

/// Says why offloaded work has no result.
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
    /// It panicked, with this message.
    Panicked(String),
    /// It was dropped before it began: no thread could be started for it, or the executor has ended.
    NotRun,
}

/// A piece of work in flight. Whatever becomes of it, its actor gets a message, or it is counted as lost.
///
/// ```text
///   run ── Ok(result) ──────┐                        ┌─ lane: accepted ────────────┐
///   run ── panics ── Err ───┼─▶ into_message ── M ──▶├─ lane: full, or closed      ├─▶ one less in flight
///   dropped unrun ── Err ───┘        │               │    └▶ late: the actor lives ┘
///                                    └─ panics: lost └─── late: it has ended, so what is in flight is lost
/// ```
pub(crate) struct Work<M: Message, T, W, I>
where
    I: FnOnce(Result<T, WorkError>) -> M,
{
    /// Keeps the actor reachable until the message is where the actor finds it.
    handle: Handle<M>,
    work: Option<W>,
    /// There until there is a result of any kind.
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
        // Its lane as well: naming one that does not exist panics, and the actor is to be spared that.
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
                // A waker that panics does so after the message was accepted.
                drop(contained(|| refused = shared.send(lane, Envelope { message, asker: None }).err()));
                match refused {
                    None => beside.work_returns(),
                    // It stays in flight: until the actor takes it, or for good if the actor has ended, which counts it as
                    // lost.
                    Some(Refused::Full(envelope) | Refused::OverShare(envelope) | Refused::Closed(envelope)) => {
                        was_late = true;
                        let refused = beside.late().push(envelope.message);
                        drop(contained(|| drop(refused)));
                    }
                }
            }
        }
        // An actor that is open waits for this only if its lane did not wake it. One that closes sees that nothing is in
        // flight any more, or is seen to be closed.
        if was_late || shared.is_closed() {
            shared.interrupt();
        }
    }
}

impl<M: Message, T, W, I> Drop for Work<M, T, W, I>
where
    I: FnOnce(Result<T, WorkError>) -> M,
{
    /// Work that was not run has a message as well.
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
