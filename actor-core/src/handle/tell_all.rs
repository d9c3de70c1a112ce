//! Sending many messages in one call.

use std::error::Error;
use std::fmt;

use crate::handle::error::TryTellError;
use crate::handle::strong::Handle;
use crate::mailbox::Message;

/// The messages not sent by [`Handle::try_tell_all`], and the reason.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message};
///
/// struct Vote(u64);
/// impl Message for Vote {
///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 2)];
/// }
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Vote>();
/// let unsent = handle.try_tell_all((1..=4).map(Vote)).expect_err("there is room for two");
/// while mailbox.try_recv().is_some() {}
/// assert_eq!(handle.try_tell_all(unsent.into_messages()).ok(), Some(2));
/// ```
pub struct Unsent<I: Iterator> {
    /// The number of messages sent.
    pub sent: usize,
    /// The first refused message, and the reason.
    pub refused: TryTellError<I::Item>,
    /// The messages after it. None of them was sent.
    pub rest: I,
}

impl<M: Message> Handle<M> {
    /// Sends messages in order until one is refused, and returns the number sent. Never waits.
    ///
    /// Costs as much as one [`try_tell`](Self::try_tell) per message, and wakes a sleeping actor at
    /// most once. Messages of other senders may arrive in between.
    ///
    /// # Errors
    ///
    /// [`Unsent`] returns the first refused message, the reason, and all messages after it. The
    /// messages of a lane therefore stay in order if the caller sends the rest later.
    ///
    /// # Panics
    ///
    /// As [`Handle::try_tell`], at the first such message. The messages before it were sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, TryTellError};
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 2)];
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    /// let unsent = handle.try_tell_all((1..=4).map(Vote)).expect_err("there is room for two");
    /// assert_eq!(unsent.sent, 2);
    /// assert!(matches!(unsent.refused, TryTellError::Full(Vote(3))));
    /// assert_eq!(unsent.into_messages().map(|Vote(n)| n).collect::<Vec<_>>(), [3, 4]);
    /// ```
    pub fn try_tell_all<I: IntoIterator<Item = M>>(
        &self,
        messages: I,
    ) -> Result<usize, Unsent<I::IntoIter>> {
        let mut rest = messages.into_iter();
        let mut sent = 0;
        while let Some(message) = rest.next() {
            if let Err(refused) = self.try_tell(message) {
                return Err(Unsent { sent, refused, rest });
            }
            sent += 1;
        }
        Ok(sent)
    }
}

impl<I: Iterator> Unsent<I> {
    /// Returns the messages that were not sent, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Lane, Message};
    /// # struct Vote(u64);
    /// # impl Message for Vote {
    /// #     const LANES: &'static [Lane] = &[Lane::fifo("votes", 2)];
    /// # }
    /// let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    /// let unsent = handle.try_tell_all((1..=4).map(Vote)).expect_err("there is room for two");
    /// // The refused message is the first.
    /// assert!(unsent.into_messages().map(|Vote(n)| n).eq([3, 4]));
    /// ```
    pub fn into_messages(self) -> impl Iterator<Item = I::Item> {
        std::iter::once(self.refused.into_message()).chain(self.rest)
    }
}

impl<I: Iterator> fmt::Debug for Unsent<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsent")
            .field("sent", &self.sent)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl<I: Iterator> fmt::Display for Unsent<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} messages: {}", self.sent, self.refused)
    }
}

impl<I: Iterator> Error for Unsent<I> {}
