//! A future of the actor, polled in the actor's own task.
//!
//! The future's place is shared by two owners of the same thread: the set of all futures, which
//! polls the woken ones, and the list of pieces, which may drop the future early. No reference
//! into the place is kept while foreign code runs: the future is taken out, and put back.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pin_project::pin_project;

use crate::actor::work::error::WorkError;
use crate::panic::{Contained, Panicked, contained, drop_contained, wake_contained};

/// A future whose output is a message.
pub(super) trait LocalWork<M> {
    /// Polls the future. The message is `None` if the function for it panicked.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>>;

    /// Makes the message of a future without an output.
    fn fail(self: Pin<&mut Self>, error: WorkError) -> Option<M>;
}

#[pin_project]
struct Local<F, I> {
    #[pin]
    future: F,
    /// Taken for the message.
    into_message: Option<Contained<I>>,
}

impl<M, F: Future, I: FnOnce(Result<F::Output, WorkError>) -> M> LocalWork<M> for Local<F, I> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>> {
        let this = self.project();
        let result = match contained(|| this.future.poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(Panicked(text)) => Err(WorkError::Panicked(text)),
        };
        Poll::Ready(message_of(this.into_message, result))
    }

    fn fail(self: Pin<&mut Self>, error: WorkError) -> Option<M> {
        message_of(self.project().into_message, Err(error))
    }
}

fn message_of<M, T, I: FnOnce(Result<T, WorkError>) -> M>(
    into_message: &mut Option<Contained<I>>,
    result: Result<T, WorkError>,
) -> Option<M> {
    let into_message = into_message.take()?.into_inner();
    contained(|| into_message(result)).ok()
}

type Boxed<M> = Pin<Box<dyn LocalWork<M>>>;

/// The place of one future.
pub(super) struct Place<M> {
    /// `None` while the future is polled, and once it has ended.
    work: Cell<Option<Boxed<M>>>,
    /// The waker of the last poll. Wakes the set, so that it drops an ended future's entry.
    waker: Cell<Option<Waker>>,
}

impl<M> Place<M> {
    pub(super) fn new<F, I>(future: F, into_message: I) -> Rc<Self>
    where
        F: Future + 'static,
        I: FnOnce(Result<F::Output, WorkError>) -> M + 'static,
    {
        let work: Boxed<M> =
            Box::pin(Local { future, into_message: Some(Contained::new(into_message)) });
        Rc::new(Self { work: Cell::new(Some(work)), waker: Cell::new(None) })
    }

    /// Drops the future, and returns the message of its error.
    pub(super) fn fail(&self, error: WorkError) -> Option<M> {
        let mut work = self.end()?;
        let message = work.as_mut().fail(error);
        drop(drop_contained(work));
        message
    }

    /// Drops the future without a message.
    pub(super) fn forget(&self) {
        drop(drop_contained(self.end()));
    }

    fn end(&self) -> Option<Boxed<M>> {
        let work = self.work.take();
        wake_contained(self.waker.take());
        work
    }

    fn keep_waker(&self, waker: &Waker) {
        let kept = self.waker.take().filter(|kept| kept.will_wake(waker));
        self.waker.set(Some(kept.unwrap_or_else(|| waker.clone())));
    }
}

impl<M> Drop for Place<M> {
    fn drop(&mut self) {
        drop(drop_contained(self.work.take()));
    }
}

/// The entry of one future in the set of all. Ready with the message, or without one if the future
/// was dropped early.
pub(super) struct Entry<M> {
    pub(super) id: u64,
    pub(super) place: Rc<Place<M>>,
    /// The polls left to all entries of the set in this call.
    pub(super) polls_left: Rc<Cell<u32>>,
}

/// What became of a future.
pub(super) enum Outcome<M> {
    /// Its message, or `None` because the function for it panicked.
    Done(Option<M>),
    /// It was dropped early.
    Gone,
}

impl<M> Future for Entry<M> {
    type Output = (u64, Outcome<M>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { id, place, polls_left } = &*self;
        let Some(left) = polls_left.get().checked_sub(1) else {
            // Passed over until a later turn. The set returns after the second entry that wakes
            // itself.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        polls_left.set(left);
        let Some(mut work) = place.work.take() else { return Poll::Ready((*id, Outcome::Gone)) };
        match work.as_mut().poll(cx) {
            Poll::Pending => {
                place.work.set(Some(work));
                place.keep_waker(cx.waker());
                Poll::Pending
            }
            Poll::Ready(message) => {
                drop(drop_contained(work));
                Poll::Ready((*id, Outcome::Done(message)))
            }
        }
    }
}
