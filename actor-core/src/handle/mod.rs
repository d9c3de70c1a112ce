//! The sending end: from any thread, with or without a runtime.
//!
//! In reading order: `pair` creates a mailbox and its first handle, `strong` is the handle, `tell`
//! the future of a send waiting for room, `ask` that of an ask with its time limit, `tell_all` many
//! sends in one call, `recipient` and `recipient_ask` a handle narrowed to one kind of message,
//! `line` the wait of futures that own their handle, `permit` reserved room, `sink` a handle as
//! a sink, `watermarks` edges of a lane's depth, `weak` a handle without influence on its actor's
//! life, `ended` the wait for an actor's end, `watched` what can be watched, `error` the reasons
//! for
//! a failed send or ask, `letter` the sends of pools.

mod ask;
mod ended;
mod error;
mod letter;
mod line;
mod pair;
mod permit;
mod recipient;
mod recipient_ask;
mod sink;
mod strong;
mod tell;
mod tell_all;
mod watched;
mod watermarks;
mod weak;

#[doc(hidden)]
pub use crate::mailbox::watchers::Target;
#[doc(hidden)]
pub use ask::Sealed as SealedAsking;
pub use ask::{Ask, AskTimeout, Asking};
pub use error::{AskBlockingError, AskError, Refusal, TellError, TryTellError};
#[doc(hidden)]
pub use letter::{Lender, Letter, Returned, Room, park_for};
pub use pair::mailbox;
pub use permit::{Closed, Permit, PermitError, Reserve, TryReserveError};
pub use recipient::{Recipient, WeakRecipient};
pub use recipient_ask::RecipientAsk;
pub use sink::{HandleSink, SinkError};
pub use strong::Handle;
pub use tell::Tell;
pub use tell_all::Unsent;
#[doc(hidden)]
pub use watched::Sealed;
pub use watched::Watched;
pub use watermarks::{WatermarkError, Watermarks};
pub use weak::WeakHandle;
