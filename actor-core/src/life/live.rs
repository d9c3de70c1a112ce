//! The life of an actor that has one life, as a future.

use std::future::{Future, poll_fn};
use std::mem::needs_drop;
use std::pin::{Pin, pin};
use std::task::{self, Poll};

use crate::actor::Actor;
use crate::life::ending::Ending;
use crate::life::lives::Lives;
use crate::life::serve::{Parts, serve};
use crate::life::watch::Watch;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Message, Shared, Sleeper};
use crate::panic::{contained, drop_contained};

/// One actor's whole life, from making its state to publishing its exit.
///
/// Written as one block, with each part pinned where it is made, because this future is most of an
/// actor's size and an `async fn` stores its arguments twice.
pub(crate) fn live<L: Lives>(
    lives: L,
    mut ending: Ending<L::Message>,
    mut watch: Watch,
) -> impl Future<Output = ()> {
    let mut parts = Parts { lives, state: None, cx: watch.context(ending.mailbox.shared()) };
    async move {
        // Captured first, so dropped first with the future: the state is dropped before the exit is
        // published.
        let all = &mut parts;
        {
            let (receiver, mailbox) = ending.mailbox.receiver().split();
            let mut serving = pin!(Some(serve(all, receiver)));
            let reason = Serving { watch: &mut watch, mailbox, part: serving.as_mut() }.await;
            ending.reason.0 = Some(reason);
            // Drops a waiting handler's values. The panic hook has reported any panic in this drop,
            // and the exit reason stays the same.
            drop(contained(|| serving.set(None)));
        }
        parts.cx.end_work();
        ending.mailbox.close();
        let late = if let Some(actor) = &mut parts.state {
            let reason = ending.reason.get();
            let mut stopped = pin!(Some(async {
                actor.stopped(reason).await;
                ExitReason::Stopped
            }));
            let receiver = ending.mailbox.receiver();
            let late =
                poll_fn(|task| watch.poll_stopped(receiver.local(), stopped.as_mut(), task)).await;
            drop(contained(|| stopped.set(None)));
            Some(late)
        } else {
            None
        };
        if let Some(late) = late {
            ending.reason.also(late);
        }
        if needs_drop::<L::Actor>() {
            ending.reason.also_panic(drop_contained(parts.state.take()));
        }
        parts.lives.life_ended(ending.reason.get());
        if parts.holds_foreign() {
            ending.reason.also_panic(contained(move || {
                let mut parts = parts;
                parts.cx.end_of_life();
            }));
        }
    }
}

/// Runs the actor's loop to its end. Not a closure, because the compiler does not inline the
/// closure into the actor's future.
pub(crate) struct Serving<'a, M: Message, P> {
    pub(crate) watch: &'a mut Watch,
    pub(crate) mailbox: Sleeper<'a, Shared<M>>,
    pub(crate) part: Pin<&'a mut Option<P>>,
}

impl<M: Message, P: Future<Output = ExitReason>> Future for Serving<'_, M, P> {
    type Output = ExitReason;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<ExitReason> {
        let Self { watch, mailbox, part } = &mut *self;
        watch.poll_serving(mailbox, part.as_mut(), task)
    }
}
