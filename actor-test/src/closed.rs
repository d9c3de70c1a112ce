//! A handle whose actor has ended.

use actor_core::{Handle, Message, mailbox};

/// Returns a handle to an ended actor: every send returns its message as `Closed`.
///
/// # Examples
///
/// ```
/// use actor_core::{Message, TryTellError};
/// use actor_test::closed_handle;
///
/// struct Job;
/// impl Message for Job {}
///
/// let gone = closed_handle::<Job>();
/// assert!(gone.is_closed());
/// assert!(matches!(gone.try_tell(Job), Err(TryTellError::Closed(Job))));
/// ```
#[must_use]
pub fn closed_handle<M: Message>() -> Handle<M> {
    let (handle, mailbox) = mailbox();
    drop(mailbox);
    handle
}
