//! The message in hand at the end of a life, for the program's hook.

use crate::actor::Noting;
use crate::mailbox::exit::ExitReason;

/// Keeps a summary of the message in hand.
pub(crate) trait Poison<M>: Noting<M> + Send {
    /// Forgets the message in hand.
    fn is_handled(&mut self);

    /// Passes the summary of the message in hand to the hook, unless the end was normal.
    fn life_ended(&mut self, reason: &ExitReason);
}

/// The two functions of [`Spawn::on_poison`](crate::Spawn::on_poison).
pub(crate) struct Hook<S, F, H> {
    summarise: F,
    hook: H,
    in_hand: Option<S>,
}

impl<S, F, H> Hook<S, F, H> {
    pub(crate) fn new(summarise: F, hook: H) -> Self {
        Self { summarise, hook, in_hand: None }
    }
}

impl<M, S, F: FnMut(&M) -> S, H> Noting<M> for Hook<S, F, H> {
    fn note(&mut self, message: &M) {
        self.in_hand = Some((self.summarise)(message));
    }
}

impl<M, S, F, H> Poison<M> for Hook<S, F, H>
where
    S: Send,
    F: FnMut(&M) -> S + Send,
    H: FnMut(S, &ExitReason) + Send,
{
    fn is_handled(&mut self) {
        self.in_hand = None;
    }

    fn life_ended(&mut self, reason: &ExitReason) {
        if let Some(summary) = self.in_hand.take()
            && !reason.is_normal()
        {
            (self.hook)(summary, reason);
        }
    }
}
