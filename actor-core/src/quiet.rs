//! Contains panics of foreign wakers.
//!
//! **Foreign code runs last, or its panic is contained.** A waker is foreign code, and so is the
//! drop of a message or of a value. A panic of such code between two steps of this crate would
//! prevent the second step: a sender waiting in another lane would not be notified of the close, or
//! an exit would not be published. The rule for each place:
//!
//! | code | owner | rule |
//! |---|---|---|
//! | waker in an event: `tell`, `join`, `closed` | a waiting task | contained by [`Quiet`] |
//! | waker in a reply's slot | the asker | contained by the replier |
//! | waker in the signal | the actor's task | runs last; a panic restores the sleep (`signal`) |
//! | waker replaced or released by the signal | possibly foreign | contained |
//! | drop of an evicted or cancelled message | the sender | runs last, after all counts |
//! | drop of an undelivered message; the hook | sender; spawner | contained; the next one follows |
//!
//! Events need this most: they wake under a lock, and an unwinding waker makes an event miscount
//! its listeners from then on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::panic::contained;

/// Polls a future with a waker free of panics, in its wake and in its drop.
///
/// Allocates at the first poll, and again for each change of the task's waker.
#[derive(Debug)]
pub(crate) struct Quiet<F> {
    future: F,
    waker: Option<(Arc<Contained>, Waker)>,
}

/// A task's waker, as foreign code.
#[derive(Debug)]
struct Contained {
    /// `None` in the drop only.
    waker: Option<Waker>,
}

/// Returns the future, to be polled with a waker free of panics.
pub(crate) fn quietly<F: Future + Unpin>(future: F) -> Quiet<F> {
    Quiet { future, waker: None }
}

impl<F> Quiet<F> {
    pub(crate) fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future + Unpin> Future for Quiet<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, waker } = self.get_mut();
        let is_kept = waker.as_ref().is_some_and(|(contained, _)| contained.wakes(cx.waker()));
        if !is_kept {
            let contained = Arc::new(Contained { waker: Some(cx.waker().clone()) });
            *waker = Some((Arc::clone(&contained), Waker::from(contained)));
        }
        let (_, waker) = waker.as_ref().expect("it has just been made");
        Pin::new(future).poll(&mut Context::from_waker(waker))
    }
}

impl Contained {
    fn wakes(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|kept| kept.will_wake(waker))
    }
}

impl Wake for Contained {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        drop(contained(|| self.waker.iter().for_each(Waker::wake_by_ref)));
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let waker = self.waker.take();
        drop(contained(|| drop(waker)));
    }
}
