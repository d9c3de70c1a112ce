//! Wakers of strangers, kept from panicking where somebody else's work goes on.
//!
//! **Foreign code runs last, or its panic is contained.** A waker, and the drop of a message or of a value, is code of
//! somebody else. Between two things that this crate owes, its panic would keep the second from being done: a sender that
//! waits in another lane would not be told of the close, an exit would not be published. So, by place:
//!
//! | code | whose | rule |
//! |---|---|---|
//! | waker in an event: `tell`, `join`, `closed` | a waiting task's | [`Quiet`]: contained in the waker itself |
//! | waker in a reply's slot | the asker's | contained by the replier |
//! | waker in the signal | the actor's task | runs last; a panic sets its sleep again (`signal`) |
//! | waker that the signal replaces or lets go | perhaps a stranger's | contained |
//! | drop of an evicted or cancelled message | the sender's | runs last, when all is counted |
//! | drop of an undelivered message, and the hook | the sender's, the spawner's | contained, and the next one has its turn |
//!
//! Events need it most: they wake under a lock, and one whose waker unwinds miscounts its listeners from then on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::panic::contained;

/// A future whose waker does not panic, neither when it wakes nor when it is dropped.
///
/// It costs an allocation at the first poll, and another where the task's waker changes.
#[derive(Debug)]
pub(crate) struct Quiet<F> {
    future: F,
    waker: Option<(Arc<Contained>, Waker)>,
}

/// A task's waker, which is foreign code.
#[derive(Debug)]
struct Contained {
    /// There until the drop.
    waker: Option<Waker>,
}

/// Polls a future with a waker that does not panic.
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
