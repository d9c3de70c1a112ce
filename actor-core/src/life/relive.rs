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
//! after the close, if messages are left. A policy may have no limit. But each life that starts
//! takes a message, and a few lives in a row that do not start ([`IN_VAIN`]) end the actor.
//!
//! Each rest first gives way to the executor's other tasks, so an actor whose maker always fails
//! does not keep them from running.
//!
//! Values of the program that are dropped between two lives may panic: an error in a reason, and
//! what a context holds. Their drops are contained, because an unwinding task would end its actor.

use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::actor::Actor;
use crate::life::decider::{Decider, Next};
use crate::life::ending::{Ending, Reason};
use crate::life::live::Serving;
use crate::life::lives::{Lives, ManyLives};
use crate::life::serve::{Parts, serve};
use crate::life::watch::Watch;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Message, Receiver, Shared};
use crate::panic::{Contained, contained, drop_contained};
use crate::runtime::alarm::Alarm;

/// After the close of the mailbox, the number of lives in a row that do not start.
const IN_VAIN: u32 = 5;

/// A delay past the end of the clock, such as [`Duration::MAX`], is this long: 100 years.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// An actor's lives, from making its first state to publishing its exit.
pub(crate) async fn relive<L: ManyLives>(
    lives: L,
    mut ending: Ending<L::Message>,
    mut watch: Watch,
    mut decider: Decider,
) {
    let cx = watch.context(ending.mailbox.shared());
    let mut parts = Parts { lives, state: None, cx };
    // Captured after `ending`, so dropped first with the future: the state is dropped before the
    // exit is published.
    let mut rest = decider.waits_first().then(Rest::for_verdict);
    let mut has_lived = false;
    let mut was_draining = false;
    let mut in_vain = 0;
    loop {
        if let Some(rest) = rest {
            // A future dropped during the rest abandons the actor.
            let last = Contained::new(ending.reason.0.take());
            let over = rest.over(&mut ending, &mut watch).await;
            ending.reason.0 = last.into_inner();
            if let Some(end) = over {
                end.after(was_draining).record(&mut ending.reason);
                break;
            }
            begin_again(&mut parts, &mut ending, &watch, has_lived);
        }
        has_lived = true;
        let was_closed = ending.mailbox.shared().is_closed();
        serve_life(&mut parts, &mut ending, &mut watch).await;
        parts.cx.end_work();
        was_draining = ending.mailbox.shared().is_closed();
        let has_started = parts.lives.take_started();
        in_vain = if was_closed && !has_started { in_vain + 1 } else { 0 };
        let mut next = decider.next(ending.reason.get(), &ending.mailbox, watch.now());
        if in_vain == IN_VAIN {
            next = Next::End;
        }
        if matches!(next, Next::End) {
            ending.mailbox.close();
        }
        end_life(&mut parts, &mut ending, &mut watch).await;
        rest = match next {
            Next::End => break,
            Next::After(delay) => Some(Rest::of(delay, watch.now())),
            Next::Asked => {
                decider.ask(ending.reason.get(), &ending.mailbox);
                Some(Rest::for_verdict())
            }
        };
    }
    ending.mailbox.close();
    ending.reason.also_panic(parts.lives.drop_maker());
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
        drop(drop_contained(ending.reason.0.take()));
        drop(drop_contained(mem::replace(&mut parts.cx, watch.context(shared))));
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
async fn end_life<L: ManyLives>(
    parts: &mut Parts<L>,
    ending: &mut Ending<L::Message>,
    watch: &mut Watch,
) {
    // The message in hand is gone, and counts as handled also during a long rest.
    ending.mailbox.receiver().taking().finish();
    // The values of the last turn are not late by a rest.
    ending.mailbox.shared().life().publish();
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
    drop(drop_contained(reason));
}

/// The time between two lives.
struct Rest {
    /// `None` while a governor decides.
    until: Option<Instant>,
    alarm: Alarm,
    has_given_way: bool,
}

/// Why no life follows a rest.
enum End {
    /// With the reason of its last life: the governor ends the actor, or nothing is left.
    Decided,
    Requested(ExitReason),
}

impl End {
    /// A life that failed at the last message of a drain has no successor to handle anything, so
    /// its failure remains the reason.
    fn after(self, was_draining: bool) -> Self {
        match self {
            Self::Requested(ExitReason::Stopped) if was_draining => Self::Decided,
            other => other,
        }
    }

    fn record(self, reason: &mut Reason) {
        match self {
            Self::Requested(requested) => drop(drop_contained(reason.0.replace(requested))),
            // An actor that has not lived has no reason yet.
            Self::Decided => drop(reason.0.get_or_insert(ExitReason::Stopped)),
        }
    }
}

impl Rest {
    fn of(delay: Duration, now: Instant) -> Self {
        let until = now.checked_add(delay).unwrap_or(now + NEVER);
        Self { until: Some(until), ..Self::for_verdict() }
    }

    fn for_verdict() -> Self {
        Self { until: None, alarm: Alarm::new(), has_given_way: false }
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
        if !mem::replace(&mut self.has_given_way, true) {
            watch.executor().give_way(task);
            return Poll::Pending;
        }
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
