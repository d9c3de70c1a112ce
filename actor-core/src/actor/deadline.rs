//! The look at a message's deadline, directly before it would be handled.

use crate::mailbox::Message;
use crate::runtime::Executor;

/// Returns whether a message's deadline has passed.
///
/// Inlined, so that nothing is left of it for a message type without deadlines.
#[inline(always)]
pub(crate) fn has_expired<M: Message>(message: &M, clock: &dyn Executor) -> bool {
    message.deadline().is_some_and(|deadline| clock.now() >= deadline)
}
