//! The last steps of an actor, in every case: queued messages to the hook, and the exit.

use crate::mailbox::exit::ExitReason;
use crate::mailbox::extras::Extras;
use crate::mailbox::watchers;
use crate::mailbox::{Closeable, Mailbox, Message};
use crate::panic::{Panicked, contained, drop_contained};

/// Receives each undelivered message with its lane's name.
pub(crate) type Undelivered<M> = Box<dyn FnMut(&'static str, M) + Send>;

/// The last steps of an actor's life, in every case: queued messages to the hook, and the exit.
pub(crate) struct Ending<M: Message> {
    pub(crate) mailbox: Mailbox<M>,
    /// Without one, undelivered messages are dropped. Boxed twice, because most actors have none,
    /// and this is part of every actor's size.
    pub(crate) hook: Option<Box<Undelivered<M>>>,
    pub(crate) reason: Reason,
}

/// The exit reason. `None` until the loop returns one. A life dropped before that was abandoned by
/// its executor.
pub(crate) struct Reason(pub(crate) Option<ExitReason>);

impl Reason {
    pub(crate) fn get(&self) -> &ExitReason {
        static ABANDONED: ExitReason = ExitReason::Abandoned;
        self.0.as_ref().unwrap_or(&ABANDONED)
    }

    /// Records a later failure. The first cause remains the reason, unless it was a normal end.
    #[inline]
    pub(crate) fn also(&mut self, late: ExitReason) {
        let was_normal = self.0.as_ref().is_some_and(ExitReason::is_normal);
        if was_normal && !late.is_normal() {
            self.0 = Some(late);
        }
    }

    pub(crate) fn also_panic(&mut self, ran: Result<(), Panicked>) {
        if let Err(panicked) = ran {
            self.also(panicked.into());
        }
    }
}

impl From<Panicked> for ExitReason {
    fn from(Panicked(text): Panicked) -> Self {
        Self::Panicked(text)
    }
}

impl<M: Message> Ending<M> {
    pub(crate) fn new(mailbox: Mailbox<M>) -> Self {
        Self { mailbox, hook: None, reason: Reason(None) }
    }
}

impl<M: Message> Drop for Ending<M> {
    fn drop(&mut self) {
        let reason = self.reason.0.take().unwrap_or(ExitReason::Abandoned);
        let Self { mailbox, hook, .. } = self;
        let mut undelivered = |lane, message| match hook.as_mut() {
            Some(hook) => hook(lane, message),
            None => drop(message),
        };
        while contained(|| mailbox.drain_undelivered(&mut undelivered)).is_err() {
            // The hook panicked at one message, and the panic hook has reported it. The remaining
            // messages follow.
        }
        // Dropped before the exit is published, so a joining thread can rely on the hook's values
        // being released.
        drop(drop_contained(hook.take()));
        let shared = mailbox.shared();
        if let Some(extras) = shared.life().extras() {
            // Before the exit as well, because a joining thread may read a view, or what these have
            // done.
            shared.life().publish();
            report(extras, &**shared, &reason);
        }
        shared.life().end(reason);
        watchers::end(&**shared);
    }
}

/// Passes the exit to its receivers: the host, and the governor.
#[cold]
fn report(extras: &Extras, mailbox: &dyn Closeable, reason: &ExitReason) {
    for on_end in extras.on_end() {
        drop(contained(|| on_end(&mailbox.exit(reason.clone()))));
    }
}
