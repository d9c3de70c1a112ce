//! The functions of the header `actor.h`.
//!
//! Every function states its threads, the ownership of its arguments, and what `NULL` does. A
//! misuse that can be seen ends the process with a sentence on the standard error stream. Nothing
//! unwinds out of a function.
#![expect(unsafe_code, reason = "C passes raw pointers, and finds functions by their names")]

// In the order of the header.
mod status;

mod config;

mod mailbox;

mod handle;

mod reply;

mod stats;

mod pointer;

pub use config::{LaneConfig, LaneKind, MailboxConfig};
pub use handle::{
    ActorHandle, actor_handle_clone, actor_handle_drop, actor_handle_is_closed, actor_handle_new,
    actor_tell, actor_try_ask, actor_try_tell, actor_try_tell_from,
};
pub use mailbox::{
    ActorMailbox, Delivery, Handler, Turn, actor_mailbox_adopt, actor_mailbox_close,
    actor_mailbox_destroy, actor_mailbox_drain, actor_mailbox_new, actor_mailbox_next,
};
pub use reply::{ActorReply, actor_reply_drop, actor_reply_send};
pub use stats::{LaneStats, actor_handle_stats, actor_mailbox_stats};
pub use status::{Status, actor_last_error, actor_status_text};

pub use crate::foreign::{DropMessage, OnReply, Outcome, Wake};

/// The source of a message without one. A lane with a share does not bound such messages.
pub const ACTOR_NO_SOURCE: u64 = u64::MAX;

const _: () = assert!(ACTOR_NO_SOURCE == crate::letter::NO_SOURCE);
