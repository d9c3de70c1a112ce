//! What an actor's task and its spawner share: the start, the requests to end, and the exit.
//!
//! # States
//!
//! A life has four properties. Together they are one word, so each transition is one atomic step.
//!
//! * Whether the actor has started. [`start`](Life::start) sets this once, in every phase.
//! * Whether the current life is to end, and not necessarily its actor.
//!   [`end_life`](Life::end_life) sets this, and [`take_request`](Life::take_request) clears it.
//! * Whether values wait for the end of the turn. The actor's task sets this with the first value
//!   of a turn, and clears it when it publishes them (`view`).
//! * Its phase: the requests so far. A phase never loses a request, but `Killed` replaces all
//!   others.
//!
//! | phase | `stop(deadline)` | `end_after_this` | `kill` |
//! |---|---|---|---|
//! | `Running` | `Stopping` | `Ending` | `Killed` |
//! | `Stopping`: a deadline is set | – | `StoppingAndEnding` | `Killed` |
//! | `Ending`: nothing after the message in hand | `StoppingAndEnding` | – | `Killed` |
//! | `StoppingAndEnding` | – | – | `Killed` |
//! | `Killed` | – | – | – |
//!
//! A dash means no change. The spawner's threads call `stop` and `kill`, and the actor's task calls
//! `start` and `end_after_this`.
//!
//! # The end of one life
//!
//! An actor may have several lives, one after another, on one mailbox. Each new life begins with
//! [`begin_again`](Life::begin_again): `Ending` becomes `Running`, and `StoppingAndEnding` becomes
//! `Stopping`, because these requests were made in the last life and for it.
//!
//! ```text
//! any thread: end_life(reason)             the actor's task: take_request
//!   put the reason, unless there is one      clear the bit
//!   set the bit                              take the reason
//!   interrupt the task                       none: an earlier request has taken it along
//! ```
//!
//! No request is lost: a bit set before the clear has its reason, or an earlier one, in place for
//! the take. A bit set after the clear is seen later. Its reason may have been taken by then, so a
//! bit without a reason is no request.
//!
//! A request made between two lives has no life to end. The task takes it back at the end of its
//! rest. A governor takes it back before its decision, so a request after the decision is for the
//! next life, and is not lost.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::mailbox::exit::ExitReason;
use crate::mailbox::extras::Extras;
use crate::mailbox::lazy::FirstUse;
use crate::mailbox::presence::Presence;
use crate::notice::Notice;
use crate::sync::{AtomicUsize, Ordering};
use crate::view::Waiting;

/// The shared part of an actor's life.
pub(crate) struct Life {
    /// [`STARTED`], [`LIFE_ENDS`], [`UNPUBLISHED`], and the [`Phase`] in units of [`PHASE`].
    state: AtomicUsize,
    /// Set once, as the last step of the actor's life.
    reason: OnceLock<ExitReason>,
    /// Notified at the start and at the exit.
    on_change: Notice,
    extras: FirstUse<Extras>,
}

/// The requests to end so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    Stopping,
    Ending,
    StoppingAndEnding,
    Killed,
}

/// The bit of a started actor.
const STARTED: usize = 1;

/// The bit of a request to end the current life.
const LIFE_ENDS: usize = 2;

/// The bit of values that wait for the end of the turn. Above [`LIFE_ENDS`], so that
/// [`Life::is_asked`] covers it, and a turn without such values checks nothing more.
const UNPUBLISHED: usize = 4;

/// One step from a phase to the next in the word.
const PHASE: usize = 8;

impl Phase {
    const ALL: [Self; 5] =
        [Self::Running, Self::Stopping, Self::Ending, Self::StoppingAndEnding, Self::Killed];

    fn of(state: usize) -> Self {
        Self::ALL[state / PHASE]
    }

    fn stopped(self) -> Self {
        match self {
            Self::Running | Self::Stopping => Self::Stopping,
            Self::Ending | Self::StoppingAndEnding => Self::StoppingAndEnding,
            Self::Killed => Self::Killed,
        }
    }

    fn ended(self) -> Self {
        match self {
            Self::Running | Self::Ending => Self::Ending,
            Self::Stopping | Self::StoppingAndEnding => Self::StoppingAndEnding,
            Self::Killed => Self::Killed,
        }
    }

    /// The phase at the begin of another life.
    fn again(self) -> Self {
        match self {
            Self::Running | Self::Ending => Self::Running,
            Self::Stopping | Self::StoppingAndEnding => Self::Stopping,
            Self::Killed => Self::Killed,
        }
    }

    fn has_deadline(self) -> bool {
        match self {
            // A kill may come after a stop, and the loop may read the two after one another.
            Self::Stopping | Self::StoppingAndEnding | Self::Killed => true,
            Self::Running | Self::Ending => false,
        }
    }

    fn takes_no_more(self) -> bool {
        match self {
            Self::Ending | Self::StoppingAndEnding | Self::Killed => true,
            Self::Running | Self::Stopping => false,
        }
    }
}

impl Life {
    pub(crate) fn new() -> Self {
        let state = AtomicUsize::new(0);
        Self { state, reason: OnceLock::new(), on_change: Notice::new(), extras: FirstUse::new() }
    }

    /// Returns what the life has beyond a plain one.
    #[inline]
    pub(crate) fn extras(&self) -> Option<&Extras> {
        self.extras.get()
    }

    /// Returns what the life has beyond a plain one, made at the first call.
    pub(crate) fn make_extras(&self) -> &Extras {
        self.extras.get_or_make(Extras::new).expect("it is never closed")
    }

    /// Returns the name of the actor, if it has one.
    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.extras()?.name()
    }

    /// Returns what other threads see of the actor at work, if it has a name.
    pub(crate) fn presence(&self) -> Option<&Arc<Presence>> {
        self.extras()?.presence()
    }

    /// Returns the number of the named actor. 0 without a name.
    pub(crate) fn number(&self) -> u64 {
        self.presence().map_or(0, |presence| presence.number())
    }

    /// Sets the deadline unless there is one. The caller interrupts the task afterwards.
    pub(crate) fn stop(&self, deadline: Instant) {
        self.make_extras().set_deadline(deadline);
        self.change(Phase::stopped);
    }

    /// Requests the end without any further message. The caller interrupts the task afterwards.
    pub(crate) fn kill(&self) {
        self.change(|_phase| Phase::Killed);
    }

    /// Requests the end after the message in hand. Called by the actor's task.
    pub(crate) fn end_after_this(&self) {
        self.change(Phase::ended);
    }

    /// Requests the end of the current life with this reason, as a kill ends the actor: a waiting
    /// handler is dropped at its wait. The first request of a life counts. The mailbox stays open.
    /// The caller interrupts the task afterwards.
    pub(crate) fn end_life(&self, reason: ExitReason) {
        // A reason behind another one is not needed.
        drop(self.make_extras().request.put(reason));
        // SeqCst, as in `change`.
        self.state.fetch_or(LIFE_ENDS, Ordering::SeqCst);
    }

    /// Returns the reason of a kill, or of a request to end the current life. Called by the actor's
    /// task.
    #[cold]
    pub(crate) fn request(&self) -> Option<ExitReason> {
        if self.is_killed() { Some(ExitReason::Killed) } else { self.take_request() }
    }

    /// Takes the reason of a request to end the current life. Called by the actor's task, and by a
    /// governor while the task waits for its decision.
    #[cold]
    pub(crate) fn take_request(&self) -> Option<ExitReason> {
        if self.state() & LIFE_ENDS == 0 {
            return None;
        }
        self.state.fetch_and(!LIFE_ENDS, Ordering::SeqCst);
        self.extras()?.request.take()
    }

    /// Begins another life of the actor. Called by the actor's task.
    pub(crate) fn begin_again(&self) {
        self.change(Phase::again);
    }

    fn change(&self, next: impl Fn(Phase) -> Phase) {
        let to_next =
            |state: usize| Some((state & (PHASE - 1)) | (next(Phase::of(state)) as usize * PHASE));
        // It always succeeds. SeqCst, before the check of the signal: a task with an announced wait
        // either sees the change or is seen waiting. Acquire, within SeqCst: a second stop hands
        // the first one's deadline on.
        _ = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, to_next);
    }

    /// SeqCst: pairs with the exchange in `change`, for a task with an announced wait.
    #[inline]
    fn state(&self) -> usize {
        self.state.load(Ordering::SeqCst)
    }

    /// Returns whether there is any request to end, or a value to publish. The actor's loop calls
    /// this for each message, so it compares the word with the lowest request.
    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.state() >= LIFE_ENDS
    }

    #[inline]
    pub(crate) fn is_killed(&self) -> bool {
        const { assert!(Phase::ALL.len() - 1 == Phase::Killed as usize, "`Killed` is the last phase") };
        self.state() >= Phase::Killed as usize * PHASE
    }

    /// Returns whether nothing more is to be handled.
    pub(crate) fn takes_no_more(&self) -> bool {
        let state = self.state();
        state & LIFE_ENDS != 0 || (state >= PHASE && Phase::of(state).takes_no_more())
    }

    /// Returns the deadline of the first stop, if there was one.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        if state >= PHASE && Phase::of(state).has_deadline() {
            self.extras()?.deadline()
        } else {
            None
        }
    }

    /// Keeps a view's new value until the end of the turn. Called by the actor's task.
    pub(crate) fn publish_later(&self, waiting: Arc<dyn Waiting>) {
        if self.make_extras().unpublished.add(waiting) {
            self.state.fetch_or(UNPUBLISHED, Ordering::SeqCst);
        }
    }

    /// Publishes the values of this turn. Called by the actor's task. The program's destructors
    /// may run here, and their panics are contained.
    #[cold]
    pub(crate) fn publish(&self) {
        if self.state() & UNPUBLISHED != 0 {
            self.state.fetch_and(!UNPUBLISHED, Ordering::SeqCst);
            if let Some(extras) = self.extras() {
                extras.unpublished.publish();
            }
        }
    }

    /// Marks the actor as started.
    pub(crate) fn start(&self) {
        // One bit of the word, so no phase is lost. SeqCst: pairs with the load in `has_started`.
        self.state.fetch_or(STARTED, Ordering::SeqCst);
        self.on_change.notify();
    }

    pub(crate) fn has_started(&self) -> bool {
        self.state() & STARTED != 0
    }

    /// Publishes the exit, unless there is one.
    pub(crate) fn end(&self, reason: ExitReason) {
        if self.reason.set(reason).is_ok() {
            self.on_change.notify();
        }
    }

    /// Returns why the actor has ended, if it has.
    #[inline]
    pub(crate) fn reason(&self) -> Option<&ExitReason> {
        self.reason.get()
    }

    /// Returns the notice of the start and of the exit.
    pub(crate) fn on_change(&self) -> &Notice {
        &self.on_change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_keeps_every_request_until_the_kill() {
        use Phase::{Ending, Killed, Running, Stopping, StoppingAndEnding};

        let table = [
            (Running, Stopping, Ending),
            (Stopping, Stopping, StoppingAndEnding),
            (Ending, StoppingAndEnding, Ending),
            (StoppingAndEnding, StoppingAndEnding, StoppingAndEnding),
            (Killed, Killed, Killed),
        ];
        for (phase, stopped, ended) in table {
            assert_eq!((phase.stopped(), phase.ended()), (stopped, ended), "from {phase:?}");
            let bits = STARTED | LIFE_ENDS | UNPUBLISHED;
            assert_eq!(Phase::of((phase as usize * PHASE) | bits), phase);
        }
    }

    #[test]
    fn another_life_keeps_the_requests_to_the_actor_only() {
        use Phase::{Ending, Killed, Running, Stopping, StoppingAndEnding};

        assert_eq!((Running.again(), Ending.again()), (Running, Running));
        assert_eq!((Stopping.again(), StoppingAndEnding.again()), (Stopping, Stopping));
        assert_eq!(Killed.again(), Killed);
    }

    #[cfg(not(any(loom, shuttle)))]
    #[test]
    fn the_first_request_to_end_a_life_counts_and_the_next_life_has_none() {
        let life = Life::new();
        life.end_life(ExitReason::Panicked("first".to_owned()));
        life.end_life(ExitReason::Killed);
        assert!(life.is_asked() && life.takes_no_more() && !life.is_killed());
        let taken = life.take_request();
        assert!(matches!(taken, Some(ExitReason::Panicked(text)) if text == "first"));
        assert!(life.take_request().is_none() && !life.is_asked());
        life.end_after_this();
        life.begin_again();
        assert!(!life.is_asked());
        life.end_life(ExitReason::Killed);
        life.begin_again();
        assert!(life.is_asked(), "a request after the decision is for the next life");
    }

    #[test]
    fn a_kill_keeps_the_deadline_of_an_earlier_stop() {
        assert!(Phase::Stopping.has_deadline() && Phase::Killed.has_deadline());
    }
}
