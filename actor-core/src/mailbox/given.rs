//! Lanes given when a mailbox is made, for a message type without lanes of its own.

use std::error::Error;
use std::fmt;

use crate::mailbox::Mailbox;
use crate::mailbox::consumer::Consumer;
use crate::mailbox::lane::Lane;
use crate::mailbox::message::Message;
use crate::mailbox::queue;
use crate::mailbox::receiver::{NO_LANE, State};
use crate::mailbox::shared::Shared;

/// Why a mailbox cannot have the given lanes.
///
/// # Examples
///
/// ```
/// use actor_core::mailbox::LanesError;
///
/// assert_eq!(LanesError::None.to_string(), "a mailbox needs one lane at least");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LanesError {
    /// No lane was given.
    None,
    /// More than 65,534 lanes were given.
    TooMany,
    /// The messages of this lane, an index, take more memory than there are addresses for.
    TooLarge(usize),
}

impl<M: Message> Mailbox<M> {
    /// Creates a mailbox with lanes decided at run time, for instance by a configuration.
    ///
    /// The message type declares no lane, with `LANES = &[]`, and implements
    /// [`lane`](Message::lane), [`source`](Message::source) and [`key`](Message::key). A type with
    /// lanes of its own does not compile here. [`Mailbox::handle`] makes the handles.
    ///
    /// A send or a take costs as much as with many declared lanes, so somewhat more than with few.
    ///
    /// # Errors
    ///
    /// See [`LanesError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Mailbox, Message};
    ///
    /// struct Sample {
    ///     lane: usize,
    ///     value: u64,
    /// }
    ///
    /// impl Message for Sample {
    ///     const LANES: &'static [Lane] = &[];
    ///
    ///     fn lane(&self) -> usize {
    ///         self.lane
    ///     }
    ///     fn source(&self) -> Option<u64> {
    ///         None
    ///     }
    ///     fn key(&self) -> u64 {
    ///         self.value
    ///     }
    /// }
    ///
    /// static LANES: [Lane; 2] = [Lane::control("urgent", 4), Lane::newest_first("samples", 2)];
    ///
    /// let mut mailbox = Mailbox::<Sample>::with_lanes(&LANES)?;
    /// let handle = mailbox.handle();
    /// for (lane, value) in [(1, 10), (1, 20), (0, 30)] {
    ///     assert!(handle.try_tell(Sample { lane, value }).is_ok());
    /// }
    /// let order: Vec<_> = std::iter::from_fn(|| Some(mailbox.try_recv()?.value)).collect();
    /// assert_eq!(order, [30, 20, 10]);
    /// # Ok::<(), actor_core::mailbox::LanesError>(())
    /// ```
    pub fn with_lanes(lanes: &'static [Lane]) -> Result<Self, LanesError> {
        const { assert!(M::LANES.is_empty(), "a message type with `LANES` takes no others") };
        if lanes.is_empty() {
            return Err(LanesError::None);
        }
        if lanes.len() >= NO_LANE as usize {
            return Err(LanesError::TooMany);
        }
        match lanes.iter().position(|lane| !queue::fits::<M>(lane)) {
            Some(lane) => Err(LanesError::TooLarge(lane)),
            None => Ok(Self { consumer: Consumer::new(Shared::new(lanes), State::new(lanes)) }),
        }
    }
}

impl fmt::Display for LanesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("a mailbox needs one lane at least"),
            Self::TooMany => f.write_str("a mailbox has at most 65,534 lanes"),
            Self::TooLarge(lane) => {
                write!(f, "lane {lane} takes more memory than there are addresses for")
            }
        }
    }
}

impl Error for LanesError {}
