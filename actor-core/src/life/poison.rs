//! The message in hand at the end of a life, for the program's hook.

use crate::actor::Noting;
use crate::mailbox::exit::ExitReason;
use crate::panic::Contained;

/// Keeps a summary of the message in hand.
pub(crate) trait Poison<M>: Noting<M> + Send {
    /// Forgets the message in hand.
    fn is_handled(&mut self);

    /// Passes the summary of the message in hand to the hook, unless the end was normal.
    fn life_ended(&mut self, reason: &ExitReason);
}

/// The two functions of [`Spawn::on_poison`](crate::Spawn::on_poison).
pub(crate) struct Hook<S, F, H> {
    summarise: Contained<F>,
    hook: Contained<H>,
    in_hand: Option<Contained<S>>,
}

impl<S, F, H> Hook<S, F, H> {
    pub(crate) fn new(summarise: F, hook: H) -> Self {
        Self { summarise: Contained::new(summarise), hook: Contained::new(hook), in_hand: None }
    }
}

impl<M, S, F: FnMut(&M) -> S, H> Noting<M> for Hook<S, F, H> {
    fn note(&mut self, message: &M) {
        self.in_hand = Some(Contained::new((self.summarise.get_mut())(message)));
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
            (self.hook.get_mut())(summary.into_inner(), reason);
        }
    }
}
