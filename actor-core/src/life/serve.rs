//! The actor loop.

use std::future::{Future, poll_fn};
use std::mem::needs_drop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use crate::actor::budget::{Budget, Then};
use crate::actor::deadline::has_expired;
use crate::actor::{Actor, Batch, Context, Outcome};
use crate::life::eye::{BatchNotes, Eye, Site};
use crate::life::lives::Lives;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::presence;
use crate::mailbox::{Message, Receiver};
use crate::panic::drop_contained;

/// The loop's data, without the mailbox. In one struct, so the loop's future holds one reference.
pub(crate) struct Parts<L: Lives> {
    pub(crate) lives: L,
    pub(crate) state: Option<L::Actor>,
    pub(crate) cx: Context<L::Message>,
}

impl<L: Lives> Parts<L> {
    /// Returns whether a drop of this may run code of the program. The state is not included.
    #[inline(always)]
    pub(crate) fn holds_foreign(&mut self) -> bool {
        self.lives.holds_maker() || self.cx.holds_foreign()
    }
}

impl<L: Lives> Drop for Parts<L> {
    /// Drops the state of an abandoned actor. This may follow a panic in the drop of its handler.
    fn drop(&mut self) {
        if needs_drop::<L::Actor>() && self.state.is_some() {
            drop(drop_contained(self.state.take()));
        }
    }
}

/// Makes the actor's state, and handles messages until there is a reason to end.
#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` keeps its arguments twice, and this is most of an actor's size"
)]
pub(crate) fn serve<L: Lives>(
    parts: &mut Parts<L>,
    mut mailbox: Receiver<'_, L::Message>,
) -> impl Future<Output = ExitReason> {
    async move {
        match parts.lives.make() {
            Ok(actor) => parts.state = Some(actor),
            Err(error) => return ExitReason::Failed(Arc::from(error)),
        }
        if let Some(actor) = &mut parts.state {
            let outcome = actor.started(&mut parts.cx).await;
            parts.cx.settle(outcome);
        }
        if !parts.cx.is_ending() {
            parts.lives.has_started(mailbox.shared().life());
        }
        let eye = parts.lives.eye();
        let mut budget = Budget::new();
        loop {
            if let Some(reason) = reason_to_end(&mut parts.cx, &mailbox) {
                return reason;
            }
            if budget.is_check_due() {
                budget.end_sample(&*parts.cx.executor, |look| mailbox.look(look));
                let has_more = has_more(&mut parts.cx, &mailbox);
                let then = budget.check(&*parts.cx.executor, has_more, |look| mailbox.look(look));
                match then {
                    Then::Next => {}
                    Then::Sleep => mailbox.skip_linger(),
                    Then::GiveWay => {
                        // Not in a handler meanwhile.
                        mailbox.taking().finish();
                        if parts.cx.has_sources() {
                            parts.cx.show();
                        }
                        budget.give_way(&*parts.cx.executor).await;
                    }
                }
            }
            let next = Next { budget: &mut budget, mailbox: &mut mailbox, cx: &mut parts.cx };
            let Some(message) = next.await else {
                if parts.cx.is_kept_by_monitors() && !mailbox.is_closed() {
                    poll_fn(|_task| poll_monitors(&mailbox)).await;
                    continue;
                }
                return reason_without_message(&mailbox);
            };
            if has_expired(&message, &*parts.cx.executor) {
                mailbox.taking().expire();
                budget.count(1);
                // The panic hook has reported any panic in this drop.
                drop(drop_contained(message));
                if let Some(actor) = &mut parts.state {
                    actor.message_expired(&mut parts.cx);
                }
                continue;
            }
            if mailbox.gives_batches() {
                // On the heap, so actors without batches need no memory for one.
                budget.count(Box::pin(handle_batch(parts, &mut mailbox, message)).await);
            } else {
                let Parts { state: Some(actor), cx, lives } = parts else {
                    return ExitReason::Abandoned;
                };
                lives.note(&message);
                eye.timer_late(|| {
                    let Context { timers, executor, .. } = &mut *cx;
                    timers.as_mut()?.lateness(|| executor.now())
                });
                eye.began(&message, || site(&mailbox, cx));
                // One wait for both kinds of eyes: with two, the future would have the code of two
                // handlers, and one too large to be inlined.
                let outcome = eye.clone().handle(actor, message, cx).await;
                cx.settle(outcome);
                // A message that ends its actor stays in hand.
                if !cx.is_ending() {
                    lives.is_handled();
                }
                budget.count(1);
            }
        }
    }
}

/// Returns whether the actor has a further message, or waits for one of its own.
#[inline(always)]
fn has_more<M: Message>(cx: &mut Context<M>, mailbox: &Receiver<'_, M>) -> bool {
    mailbox.shared().has_late() || mailbox.has_next() || (cx.has_sources() && awaits(mailbox, cx))
}

/// Returns whether a source of the actor besides its lanes has a further message, or will have one.
#[cold]
fn awaits<M: Message>(mailbox: &Receiver<'_, M>, cx: &mut Context<M>) -> bool {
    let has_timers = cx.timers.as_ref().is_some_and(|timers| !timers.is_empty());
    cx.inflow.get_mut().as_ref().is_some_and(|inflow| inflow.has_more())
        || (has_timers && !mailbox.is_closed())
}

/// Waits for the next message. Not a closure, because the compiler does not inline the closure into
/// the loop.
struct Next<'a, 'm, M: Message> {
    budget: &'a mut Budget,
    mailbox: &'a mut Receiver<'m, M>,
    cx: &'a mut Context<M>,
}

impl<M: Message> Future for Next<'_, '_, M> {
    type Output = Option<M>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<Option<M>> {
        let Self { budget, mailbox, cx } = &mut *self;
        let look = |look| mailbox.look(look);
        budget.begin(&*cx.executor, || mailbox.has_several(), look);
        let next = poll_next(mailbox, cx, task);
        if next.is_pending() {
            budget.rest();
        }
        next
    }
}

/// Waits for the end of a watched actor, as an actor that nothing else can reach. An end and a
/// stop interrupt the task.
fn poll_monitors<M: Message>(mailbox: &Receiver<'_, M>) -> Poll<()> {
    let is_over = mailbox.shared().comes_beside() || mailbox.is_closed();
    if is_over { Poll::Ready(()) } else { Poll::Pending }
}

#[inline(always)]
fn reason_to_end<M: Message>(cx: &mut Context<M>, mailbox: &Receiver<'_, M>) -> Option<ExitReason> {
    if cx.is_ending() {
        return cx.take_ending();
    }
    let life = mailbox.shared().life();
    if !life.is_asked() {
        return None;
    }
    if let Some(reason) = life.request() {
        return Some(reason);
    }
    let has_passed = life.deadline().is_some_and(|deadline| cx.now() >= deadline);
    (has_passed && (cx.work().is_some() || mailbox.shared().is_lending() || mailbox.has_messages()))
        .then_some(ExitReason::DeadlinePassed)
}

/// Returns the reason for the end of an actor that can receive no further message.
fn reason_without_message<M: Message>(mailbox: &Receiver<'_, M>) -> ExitReason {
    match mailbox.is_closed() {
        // A kill precedes its close, but may follow the last check in the loop.
        true if mailbox.shared().life().is_killed() => ExitReason::Killed,
        true => ExitReason::Stopped,
        false => ExitReason::Unreachable,
    }
}

/// Returns where the message in hand is handled, for an observer.
fn site<'a, M: Message>(mailbox: &'a Receiver<'_, M>, cx: &'a Context<M>) -> Site<'a> {
    let actor = mailbox.shared().life().name();
    Site { actor, lane: mailbox.lane_in_hand(), clock: &*cx.executor }
}

/// Handles a message together with the ones behind it in its lane. Returns their number.
async fn handle_batch<L: Lives>(
    parts: &mut Parts<L>,
    mailbox: &mut Receiver<'_, L::Message>,
    message: L::Message,
) -> u32 {
    let Parts { state: Some(actor), cx, lives } = parts else { return 0 };
    let (clock, due) = (Arc::clone(&cx.executor), cx.next_timer());
    let eye = lives.eye();
    let name = if L::Eye::SEES { mailbox.shared().life().name().cloned() } else { None };
    let site = Site { actor: name.as_ref(), lane: mailbox.lane_in_hand(), clock: &*clock };
    lives.note(&message);
    let mut notes = BatchNotes { noting: lives.noting(), eye: eye.clone(), site };
    let noting = notes.if_any();
    let mut batch = Batch::new(message, mailbox.taking(), &*clock, due, noting);
    let outcome = eye.clone().around(actor.handle_batch(&mut batch, cx)).await;
    let (rest, more) = batch.end();
    match rest {
        Some(message) if !outcome.is_failure() => {
            eye.began(&message, || site);
            let outcome = eye.around(actor.handle(message, cx)).await;
            cx.settle(outcome);
        }
        _ => cx.settle(outcome),
    }
    if !cx.is_ending() {
        lives.is_handled();
    }
    more + 1
}

/// Returns the next message. Returns `None` if no message can arrive any more.
///
/// Small, because it is part of the loop: an actor with messages only needs one check here.
#[inline(always)]
pub(super) fn poll_next<M: Message>(
    mailbox: &mut Receiver<'_, M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    if cx.has_sources() || mailbox.shared().comes_beside() {
        return poll_sources_and_mailbox(mailbox, cx, task);
    }
    mailbox.reborrow().poll_next(task)
}

/// As `poll_next`, for an actor that has or had timers or other sources: due timers, late results
/// and items of streams first, then the mailbox.
#[inline(never)]
fn poll_sources_and_mailbox<M: Message>(
    mailbox: &mut Receiver<'_, M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    let next = if cx.has_inflow() || mailbox.shared().comes_beside() {
        poll_results_and_others(mailbox, cx, task)
    } else if cx.timers.as_ref().is_none_or(|timers| timers.is_empty()) {
        poll_mailbox(mailbox, task)
    } else {
        poll_timers_and_mailbox(mailbox, cx, task)
    };
    if next.is_pending() && cx.has_sources() {
        cx.show();
    }
    next
}

/// Returns the next message of the mailbox, where another source has had its turn.
#[inline(never)]
fn poll_mailbox<M: Message>(
    mailbox: &mut Receiver<'_, M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    mailbox.reborrow().poll_next(task)
}

/// As `poll_next`, for an actor with work in flight, attached streams or the end of a watched
/// actor. It ends only once all results were handled.
#[inline(never)]
fn poll_results_and_others<M: Message>(
    mailbox: &mut Receiver<'_, M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    // Work is polled here, outside of the handler of the last message.
    mailbox.taking().finish();
    // A closed mailbox ends all streams.
    if mailbox.is_closed() {
        cx.end_streams();
    }
    if let Some(message) = take_timer(mailbox, cx) {
        return Poll::Ready(Some(message));
    }
    // The message after a late one comes from elsewhere, and neither starves.
    if !mailbox.taking().was_late()
        && let Some(message) = take_late(true, mailbox, cx)
    {
        return Poll::Ready(Some(message));
    }
    let others = match &cx.timers {
        Some(timers) if !timers.is_empty() => poll_mailbox_and_timers(mailbox, cx, task),
        _ => poll_mailbox(mailbox, task),
    };
    if let Poll::Ready(Some(message)) = others {
        return Poll::Ready(Some(message));
    }
    let mut is_first = true;
    loop {
        // The items of weak streams may be without an end, and keep no actor.
        let is_over = others.is_ready() && !is_kept(mailbox, cx);
        if let Some(message) = take_late(!is_over, mailbox, cx) {
            return Poll::Ready(Some(message));
        }
        let executor = Arc::clone(&cx.executor);
        let Some(work) = cx.work() else {
            if mailbox.shared().is_lending() || waits_for_streams(mailbox, cx) {
                return Poll::Pending;
            }
            // The last work that kept the actor may have ended without a message.
            let has_timers = cx.timers.as_ref().is_some_and(|timers| !timers.is_empty());
            if others.is_pending() && has_timers {
                if let Some(message) = take_timer(mailbox, cx) {
                    return Poll::Ready(Some(message));
                }
                return poll_mailbox_and_timers(mailbox, cx, task);
            }
            return others;
        };
        // A later result interrupts the task, or ends the sleep announced by the lanes.
        ready!(work.poll_deadline(&*executor, task));
        // Many deadlines have passed, and no message is ready. A timer may also be early, once.
        if !std::mem::take(&mut is_first) {
            executor.give_way(task);
            return Poll::Pending;
        }
    }
}

/// Takes the end of a watched actor, the result of a piece of work, or an item of a stream. Results
/// and items take turns, and `items` states whether any are taken.
fn take_late<M: Message>(
    items: bool,
    mailbox: &mut Receiver<'_, M>,
    cx: &mut Context<M>,
) -> Option<M> {
    while let Some((id, ended)) = mailbox.taking().take_down() {
        // A closed mailbox ends all monitors.
        let is_closed = mailbox.is_closed();
        let monitors = cx.monitors().filter(|_| !is_closed);
        let Some(message) = monitors.and_then(|monitors| monitors.message(id, ended)) else {
            continue;
        };
        let message = mailbox.taking().send_own(message);
        if message.is_some() {
            return message;
        }
    }
    if !items {
        take_result(mailbox, cx)
    } else if cx.streams().is_some_and(|streams| streams.go_first()) {
        take_item(mailbox, cx).or_else(|| take_result(mailbox, cx))
    } else {
        take_result(mailbox, cx).or_else(|| take_item(mailbox, cx))
    }
}

fn take_result<M: Message>(mailbox: &mut Receiver<'_, M>, cx: &mut Context<M>) -> Option<M> {
    let Context { inflow, executor, .. } = cx;
    let work = inflow.get_mut().as_mut().and_then(|inflow| inflow.all_work());
    match work.and_then(|work| presence::beside(|| work.poll_message(&**executor))) {
        Some(message) => Some(mailbox.taking().give_late(message)),
        None => mailbox.taking().take_late(),
    }
}

fn take_item<M: Message>(mailbox: &mut Receiver<'_, M>, cx: &mut Context<M>) -> Option<M> {
    let streams = cx.streams()?;
    let message = presence::beside(|| streams.poll_message())?;
    Some(mailbox.taking().give_late(message))
}

/// Returns whether the actor waits for a stream. Weak streams are waited for only while something
/// else keeps the actor alive.
fn waits_for_streams<M: Message>(mailbox: &Receiver<'_, M>, cx: &mut Context<M>) -> bool {
    let is_kept = cx.is_kept_by_monitors() && !mailbox.is_closed();
    cx.streams().is_some_and(|streams| is_kept || streams.keep_reachable())
}

/// Returns whether something besides handles and timers keeps the actor alive.
#[cold]
fn is_kept<M: Message>(mailbox: &Receiver<'_, M>, cx: &mut Context<M>) -> bool {
    cx.work().is_some()
        || mailbox.shared().is_lending()
        || cx.is_kept_by_monitors()
        || cx.streams().is_some_and(|streams| streams.keep_reachable())
}

/// Returns the next message of a due timer or of the mailbox.
///
/// Weak timers are waited for only while something else keeps the actor alive: a handle, another
/// timer, or a source seen by [`is_kept`].
#[inline(always)]
fn poll_timers_and_mailbox<M: Message>(
    mailbox: &mut Receiver<'_, M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    if let Some(message) = take_timer(mailbox, cx) {
        return Poll::Ready(Some(message));
    }
    match mailbox.reborrow().poll_next(task) {
        Poll::Ready(Some(message)) => Poll::Ready(Some(message)),
        Poll::Ready(None) => poll_timers(true, mailbox, cx, task),
        Poll::Pending => poll_timers(false, mailbox, cx, task),
    }
}

/// Takes the message of a due timer, unless the last message was a timer's.
#[inline(always)]
fn take_timer<M: Message>(mailbox: &mut Receiver<'_, M>, cx: &mut Context<M>) -> Option<M> {
    let timers = cx.timers.as_mut()?;
    // A closed mailbox ends all timers.
    if !timers.alarm.goes_first() || mailbox.is_closed() {
        return None;
    }
    let now = cx.executor.now();
    if !timers.is_due(now) {
        return None;
    }
    let message = timers.take_due(now, || cx.executor.wall_now())?;
    timers.alarm.went();
    Some(mailbox.taking().give_beside(message))
}

/// Returns the next message of the mailbox, or else of a due timer.
fn poll_mailbox_and_timers<M: Message>(
    mailbox: &mut Receiver<'_, M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    match poll_mailbox(mailbox, task) {
        Poll::Ready(Some(message)) => Poll::Ready(Some(message)),
        Poll::Ready(None) => poll_timers(true, mailbox, cx, task),
        Poll::Pending => poll_timers(false, mailbox, cx, task),
    }
}

/// Returns the message of a due timer, after a poll of the mailbox. `ended` states whether no
/// further message can reach the mailbox.
#[inline(never)]
fn poll_timers<M: Message>(
    ended: bool,
    mailbox: &mut Receiver<'_, M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    if mailbox.is_closed() {
        return if ended { Poll::Ready(None) } else { Poll::Pending };
    }
    let keep_alive = cx.timers.as_ref().is_some_and(|timers| timers.keep_alive());
    if ended && !keep_alive && !is_kept(mailbox, cx) {
        return Poll::Ready(None);
    }
    let Context { timers: Some(timers), executor, .. } = cx else { return Poll::Pending };
    let mut is_first = true;
    while let Some(at) = timers.next() {
        ready!(timers.alarm.poll_at(at, &**executor, task));
        if let Some(message) = timers.take_due(executor.now(), || executor.wall_now()) {
            timers.alarm.went();
            return Poll::Ready(Some(mailbox.taking().give_beside(message)));
        }
        // Many looks at the wall clock, and no message. A timer of the runtime may also be early by
        // its resolution, once.
        if !std::mem::take(&mut is_first) {
            executor.give_way(task);
            break;
        }
    }
    Poll::Pending
}
