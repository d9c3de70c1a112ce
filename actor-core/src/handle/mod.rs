//! The sending end: from any thread, with or without a runtime.
//!
//! In reading order: `pair` creates a mailbox and its first handle, `strong` is the handle, `tell`
//! the future of a send waiting for room, `ask` that of an ask with its time limit, `tell_all` many
//! sends in one call, `recipient` and `recipient_ask` a handle narrowed to one kind of message,
//! `weak` a handle without influence on its actor's life, `ended` the wait for an actor's end,
//! `watched` what can be watched, `gauge` a reader of figures, `error` the reasons for a failed
//! send or ask, `letter` the sends of pools.

mod ask;
mod ended;
mod error;
mod gauge;
mod letter;
mod pair;
mod recipient;
mod recipient_ask;
mod strong;
mod tell;
mod tell_all;
mod watched;
mod weak;

#[doc(hidden)]
pub use crate::mailbox::watchers::Target;
#[doc(hidden)]
pub use ask::Sealed as SealedAsking;
pub use ask::{Ask, AskTimeout, Asking};
pub use error::{AskBlockingError, AskError, Refusal, TellError, TryTellError};
pub use gauge::Gauge;
#[doc(hidden)]
pub use letter::{Lender, Letter, Returned, Room, park_for};
pub use pair::mailbox;
pub use recipient::{Recipient, WeakRecipient};
pub use recipient_ask::RecipientAsk;
pub use strong::Handle;
pub use tell::Tell;
pub use tell_all::Unsent;
#[doc(hidden)]
pub use watched::Sealed;
pub use watched::Watched;
pub use weak::WeakHandle;
