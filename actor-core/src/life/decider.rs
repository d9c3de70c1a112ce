//! Who decides about the next life: the actor's policy, or a governor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::life::governor::Governor;
use crate::life::restart::Restarts;
use crate::life::running::Running;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Mailbox, Message};
use crate::panic::contained;

pub(crate) enum Decider {
    Policy(Restarts),
    Governor {
        governor: Arc<dyn Governor>,
        /// Whether the mailbox was closed when the last life ended. The life after that is the last
        /// one.
        was_closed: bool,
        waits_first: bool,
    },
}

/// What follows a life.
pub(crate) enum Next {
    End,
    /// Another life after this delay. A rest of a closed mailbox is over at once.
    After(Duration),
    /// The governor decides.
    Asked,
}

impl Decider {
    /// Decides, as far as this thread can, at the end of a life with this reason.
    pub(crate) fn next<M: Message>(
        &mut self,
        reason: &ExitReason,
        mailbox: &Mailbox<M>,
        now: Instant,
    ) -> Next {
        let is_closed = mailbox.shared().is_closed();
        // An actor that stops itself is not yet closed.
        if reason.is_final() || (is_closed && matches!(reason, ExitReason::Stopped)) {
            return Next::End;
        }
        match self {
            Self::Policy(restarts) => match restarts.next(reason, now) {
                Some(delay) => Next::After(delay),
                None => Next::End,
            },
            Self::Governor { was_closed, .. } => {
                if std::mem::replace(was_closed, is_closed) {
                    return Next::End;
                }
                Next::Asked
            }
        }
    }

    /// Makes the governor a receiver of the exit, before the first life. Returns the governor.
    pub(crate) fn attach(&mut self, running: &Running) -> Option<Arc<dyn Governor>> {
        let Self::Governor { governor, waits_first, .. } = self else { return None };
        running.govern();
        if matches!(contained(|| governor.begins()), Ok(false)) {
            *waits_first = true;
            running.ask_for_verdict();
        }
        let own = Arc::clone(governor);
        running.on_end(move |exit| own.ended(exit));
        Some(Arc::clone(governor))
    }

    /// Returns whether the first life waits for a decision.
    pub(crate) fn waits_first(&self) -> bool {
        matches!(self, Self::Governor { waits_first: true, .. })
    }

    /// Asks the governor, after the state has been dropped.
    pub(crate) fn ask<M: Message>(&self, reason: &ExitReason, mailbox: &Mailbox<M>) {
        if let Self::Governor { governor, .. } = self {
            // First the question, because the answer may come during the call.
            mailbox.shared().life().make_extras().verdict().ask();
            drop(contained(|| governor.life_ended(reason)));
        }
    }
}
