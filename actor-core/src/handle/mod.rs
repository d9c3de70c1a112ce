//! The sending end: from any thread, with or without a runtime.
//!
//! In reading order: `pair` creates a mailbox and its first handle, `strong` is the handle, `tell`
//! the future of a send waiting for room, `tell_all` many sends in one call, `recipient` a handle
//! narrowed to one kind of message, `weak` a handle without influence on its actor's life, `error`
//! the reasons for a failed send or ask, `letter` the sends of pools.

mod error;
mod letter;
mod pair;
mod recipient;
mod strong;
mod tell;
mod tell_all;
mod weak;

pub use error::{AskBlockingError, AskError, Refusal, TellError, TryTellError};
#[doc(hidden)]
pub use letter::{Lender, Letter, Returned, Room, park_for};
pub use pair::mailbox;
pub use recipient::{Recipient, WeakRecipient};
pub use strong::Handle;
pub use tell::Tell;
pub use tell_all::Unsent;
pub use weak::WeakHandle;
