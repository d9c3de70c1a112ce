//! The lives of an actor that restarts, as one future on one mailbox.
//!
//! # Protocol
//!
//! ```text
//!            ┌────────────────── begin_again ◀──────────────────┐
//!            ▼                                                  │
//!          life      make, started, messages                    │ rest is over, or
//!            │  a reason to end                                 │ a stop, and messages are left
//!            ▼                                                  │
//!          end       Actor::stopped; the state and what belongs │
//!            │       to the life are dropped                    │
//!            ├── no further life: the mailbox has been closed   │
//!            ▼                                                  │
//!          rest ────────────────────────────────────────────────┘
//!            └── a kill, or a stop without messages: the actor ends
//! ```
//!
//! Everything above runs in the actor's task, so two states never exist at the same time: the next
//! maker runs after the drop of the last state. The mailbox stays with the task throughout. Senders
//! see no difference between a life and a rest: lanes accept, refuse and evict as before. Messages
//! are neither moved nor copied, so none is lost or repeated.
//!
//! Other threads do four things, each followed by an interrupt of the task (`mailbox/signal.rs`):
//!
//! | any thread | in a life | in a rest |
//! |---|---|---|
//! | `stop` | closes the mailbox; the life drains it | ends the rest: a last life, or the end |
//! | `kill` | ends the life and the actor | ends the actor |
//! | `end_life` | ends the life | no effect; after a governor's decision: ends the next life |
//! | a governor's decision | no effect (`mailbox/verdict.rs`) | ends the rest |
//!
//! A governor may also decide about the first life. Then the actor begins with a rest.
//!
//! A rest waits as a handler does, with the signal's `WAITING`: messages do not end it, interrupts
//! do. It reads all state after it has marked itself awake, and announces its wait after that. So a
//! change is read, or it interrupts the wait.
//!
//! The last handle dropped during a rest has no effect. The next life decides whether it is
//! reachable, because it may arm timers in its `started`.
//!
//! **A stop always ends the actor.** Once the mailbox is closed, each further life of a policy
//! counts against its intensity, and a governor is not asked any more: its actor has one more life
//! after the close, if messages are left.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::actor::Actor;
use crate::life::again::Again;
use crate::life::decider::{Decider, Next};
use crate::life::ending::{Ending, Reason};
use crate::life::live::Serving;
use crate::life::lives::Lives;
use crate::life::made::Made;
use crate::life::serve::{Parts, serve};
use crate::life::watch::Watch;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Message, Receiver, Shared};
use crate::panic::{contained, drop_contained};
use crate::runtime::alarm::Alarm;

/// An actor's lives, from making its first state to publishing its exit.
pub(crate) async fn relive<M: Message, K, R: Made<M, K>, F: FnMut() -> R>(
    lives: Again<F, R, M, K>,
    mut ending: Ending<M>,
    mut watch: Watch,
    mut decider: Decider,
) {
    let cx = watch.context(ending.mailbox.shared());
    let mut parts = Parts { lives, state: None, cx };
    // Captured after `ending`, so dropped first with the future: the state is dropped before the
    // exit is published.
    let mut rest = decider.waits_first().then(Rest::for_verdict);
    let mut has_lived = false;
    loop {
        if let Some(rest) = rest {
            if let Some(end) = rest.over(&mut ending, &mut watch).await {
                end.record(&mut ending.reason);
                break;
            }
            begin_again(&mut parts, &mut ending, &watch, has_lived);
        }
        has_lived = true;
        serve_life(&mut parts, &mut ending, &mut watch).await;
        parts.cx.end_work();
        let next = decider.next(ending.reason.get(), &ending.mailbox, watch.now());
        if matches!(next, Next::End) {
            ending.mailbox.close();
        }
        end_life(&mut parts, &mut ending, &mut watch).await;
        rest = match next {
            Next::End => break,
            Next::After(until) => Some(Rest::until(until)),
            Next::Asked => {
                decider.ask(ending.reason.get(), &ending.mailbox);
                Some(Rest::for_verdict())
            }
        };
    }
    ending.mailbox.close();
    ending.reason.also_panic(drop_contained(parts));
}

/// Prepares the next life, or the first one of an actor that has waited for it.
fn begin_again<L: Lives>(
    parts: &mut Parts<L>,
    ending: &mut Ending<L::Message>,
    watch: &Watch,
    has_lived: bool,
) {
    let shared = ending.mailbox.shared();
    shared.life().begin_again();
    if has_lived {
        shared.life().make_extras().count_restart();
        ending.reason = Reason(None);
        parts.cx = watch.context(shared);
        // A result belongs to the life that started its work.
        ending.mailbox.receiver().taking().forget_left();
    }
}

/// Runs one life from its maker to its reason to end.
async fn serve_life<L: Lives>(
    parts: &mut Parts<L>,
    ending: &mut Ending<L::Message>,
    watch: &mut Watch,
) {
    let (receiver, mailbox) = ending.mailbox.receiver().split();
    let mut serving = pin!(Some(serve(parts, receiver)));
    let reason = Serving { watch, mailbox, part: serving.as_mut() }.await;
    ending.reason.0 = Some(reason);
    // As in a plain life: the values of a waiting handler.
    drop(contained(|| serving.set(None)));
}

/// Runs `stopped`, and drops the state and what belongs to the life.
async fn end_life<M: Message, K, R: Made<M, K>, F: FnMut() -> R>(
    parts: &mut Parts<Again<F, R, M, K>>,
    ending: &mut Ending<M>,
    watch: &mut Watch,
) {
    let reason = ending.reason.get().clone();
    if let Some(actor) = &mut parts.state {
        let mut stopped = pin!(Some(async {
            actor.stopped(&reason).await;
            ExitReason::Stopped
        }));
        let receiver = ending.mailbox.receiver();
        let late =
            poll_fn(|task| watch.poll_stopped(receiver.local(), stopped.as_mut(), task)).await;
        drop(contained(|| stopped.set(None)));
        ending.reason.also(late);
    }
    ending.reason.also_panic(drop_contained(parts.state.take()));
    ending.reason.also_panic(contained(|| parts.cx.end_of_life()));
    parts.lives.life_ended(&reason);
}

/// The time between two lives.
struct Rest {
    /// `None` while a governor decides.
    until: Option<Instant>,
    alarm: Alarm,
}

/// Why no life follows a rest.
enum End {
    /// The governor ends the actor, with the reason of its last life.
    Decided,
    Requested(ExitReason),
}

impl End {
    fn record(self, reason: &mut Reason) {
        match self {
            Self::Requested(requested) => reason.0 = Some(requested),
            // An actor that has not lived has no reason yet.
            Self::Decided => drop(reason.0.get_or_insert(ExitReason::Stopped)),
        }
    }
}

impl Rest {
    fn until(at: Instant) -> Self {
        Self { until: Some(at), alarm: Alarm::new() }
    }

    fn for_verdict() -> Self {
        Self { until: None, alarm: Alarm::new() }
    }

    /// Waits for the end of the rest. Returns `None` if another life begins.
    async fn over<M: Message>(mut self, ending: &mut Ending<M>, watch: &mut Watch) -> Option<End> {
        let mut receiver = ending.mailbox.receiver();
        poll_fn(|task| self.poll_over(receiver.reborrow(), watch, task)).await
    }

    fn poll_over<M: Message>(
        &mut self,
        mut mailbox: Receiver<'_, M>,
        watch: &mut Watch,
        task: &mut Context<'_>,
    ) -> Poll<Option<End>> {
        mailbox.local().signal_side().begin();
        if let Some(over) = end_of_rest(&mut mailbox, watch) {
            if let Some(extras) = mailbox.shared().life().extras() {
                extras.verdict().withdraw();
            }
            forget_request(mailbox.shared());
            return Poll::Ready(over);
        }
        let polled = match self.until {
            Some(until) => self.alarm.poll_at(until, watch.executor(), task).map(|()| {
                forget_request(mailbox.shared());
                None
            }),
            // A governor has taken back an earlier request, and may have made a new one since.
            None => match mailbox.shared().life().make_extras().verdict().take() {
                Some(true) => Poll::Ready(None),
                Some(false) => Poll::Ready(Some(End::Decided)),
                None => Poll::Pending,
            },
        };
        if polled.is_pending() {
            watch.wait(&mailbox.local(), task);
        }
        polled
    }
}

/// Takes back a request to end the last life, made after its end.
fn forget_request<M: Message>(mailbox: &Shared<M>) {
    drop(drop_contained(mailbox.life().take_request()));
}

/// Returns whether a request ends the rest: with the end of the actor, or with its last life.
fn end_of_rest<M: Message>(mailbox: &mut Receiver<'_, M>, watch: &Watch) -> Option<Option<End>> {
    let shared = mailbox.shared();
    if shared.life().is_killed() {
        return Some(Some(End::Requested(ExitReason::Killed)));
    }
    if !shared.is_closed() {
        return None;
    }
    // A claim in flight becomes a message later.
    if !mailbox.has_messages() && shared.is_drained() {
        return Some(Some(End::Requested(ExitReason::Stopped)));
    }
    let has_passed = shared.life().deadline().is_some_and(|deadline| watch.now() >= deadline);
    Some(has_passed.then_some(End::Requested(ExitReason::DeadlinePassed)))
}
