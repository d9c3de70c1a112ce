//! Several messages of one lane in one call.

use std::fmt;
use std::time::Instant;

use crate::actor::budget::Budget;
use crate::actor::deadline::has_expired;
use crate::mailbox::{Lanes, Message};
use crate::panic::drop_contained;
use crate::runtime::Executor;

/// Messages of one lane, handled in one call of
/// [`Actor::handle_batch`](crate::Actor::handle_batch).
///
/// Returns the messages in the lane's order, and does not wait for more. A batch ends when
///
/// * it has returned as many messages as the lane's [`batch`](crate::Lane::batch) allows, where a
///   message dropped because of its [deadline](Message::deadline) counts as well,
/// * the lane is empty,
/// * a timer is due, if it was armed before the batch began,
/// * a control message waits in another lane,
/// * the actor has requested its own end, or was killed,
/// * 1 ms has passed. The last message exceeds this limit, or up to 15 messages do if they take
///   much longer than the ones before.
///
/// All other messages stay in the lane. A message counts as handled when the next one is taken or
/// when the call ends.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, ExitReason, Lane, Message, Runtime, Spawn, ThreadConfig};
/// # use actor_core::actor::Batch;
/// # struct Vote(u64);
/// # impl Message for Vote {
/// #     const LANES: &'static [Lane] = &[Lane::fifo("votes", 1024).batch(64)];
/// # }
/// struct Votes(u64);
/// impl Actor for Votes {
///     type Message = Vote;
/// #   async fn handle(&mut self, Vote(weight): Vote, _cx: &mut Context<Vote>) {
/// #       self.0 += weight;
/// #   }
///     async fn handle_batch(&mut self, batch: &mut Batch<'_, Vote>, _cx: &mut Context<Vote>) {
///         // One change of the state for all votes of the batch.
///         self.0 += batch.map(|Vote(weight)| weight).sum::<u64>();
///     }
///     async fn stopped(&mut self, _reason: &ExitReason) {
///         assert_eq!(self.0, 6);
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("votes"))?;
/// # let (votes, mailbox) = actor_core::mailbox();
/// # votes.try_tell_all((1..=3).map(Vote))?;
/// # let running = Spawn::new(mailbox).start(&executor, || Votes(0))?;
/// # running.stop(Duration::from_secs(10));
/// # let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends in time");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Batch<'a, M: Message> {
    /// The first message, until it is taken.
    first: Option<M>,
    most: u32,
    mailbox: Lanes<'a, M>,
    clock: &'a dyn Executor,
    /// The due time of the actor's next timer when the batch began.
    due: Option<Instant>,
    /// Counts the messages given out.
    budget: Budget,
    is_over: bool,
    noting: Option<&'a mut dyn Noting<M>>,
}

/// Observes each message before it is handled.
pub(crate) trait Noting<M> {
    /// Called when the first message of a batch is taken. It was noted before.
    fn took_first(&mut self, _message: &M) {}

    fn note(&mut self, message: &M);
}

impl<'a, M: Message> Batch<'a, M> {
    pub(crate) fn new(
        first: M,
        mailbox: Lanes<'a, M>,
        clock: &'a dyn Executor,
        due: Option<Instant>,
        noting: Option<&'a mut dyn Noting<M>>,
    ) -> Self {
        let most = mailbox.batch();
        Self {
            first: Some(first),
            most,
            mailbox,
            clock,
            due,
            budget: Budget::started(clock.now()),
            is_over: false,
            noting,
        }
    }

    /// Returns whether no message has been taken. For the workers of a pool.
    #[doc(hidden)]
    #[must_use]
    pub fn is_untaken(&self) -> bool {
        self.first.is_some()
    }

    /// Returns the first message if it was not taken, and the number of further messages taken.
    pub(crate) fn end(self) -> (Option<M>, u32) {
        (self.first, self.budget.handled().saturating_sub(1))
    }

    /// Returns whether the batch must end for work of higher priority, or for its time limit.
    fn is_cut(&mut self) -> bool {
        if self.mailbox.shared().life().takes_no_more() || self.mailbox.has_other_control() {
            return true;
        }
        // The clock is read for each message only if a timer may become due, because a read costs
        // as much as a small message.
        if self.due.is_none() && !self.budget.is_check_due() {
            return false;
        }
        let now = self.clock.now();
        self.budget.is_time_over(now) || self.due.is_some_and(|due| due <= now)
    }
}

impl<M: Message> Iterator for Batch<'_, M> {
    type Item = M;

    fn next(&mut self) -> Option<M> {
        if let Some(first) = self.first.take() {
            self.budget.count(1);
            if let Some(noting) = &mut self.noting {
                noting.took_first(&first);
            }
            return Some(first);
        }
        loop {
            if self.is_over || self.budget.handled() >= self.most || self.is_cut() {
                self.is_over = true;
                return None;
            }
            let next = self.mailbox.take_alike(|message| has_expired(message, self.clock));
            self.is_over = next.is_none();
            self.budget.count(u32::from(next.is_some()));
            match next? {
                Ok(message) => {
                    if let Some(noting) = &mut self.noting {
                        noting.note(&message);
                    }
                    return Some(message);
                }
                // The panic hook has reported any panic in this drop.
                Err(expired) => drop(drop_contained(expired)),
            }
        }
    }
}

impl<M: Message> fmt::Debug for Batch<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("given", &self.budget.handled())
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
