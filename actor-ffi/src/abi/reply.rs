//! The replies of asks.

use std::ffi::c_void;
use std::fmt;

use super::pointer::{ALLOCATORS_PART, Mark, Marked, ended};
use crate::foreign::{Asking, OnReply};

/// The reply of one ask. It ends by `actor_reply_send` or `actor_reply_drop`.
pub struct ActorReply {
    asking: Asking,
    mark: Mark,
}

const _: () = assert!(std::mem::offset_of!(ActorReply, mark) >= ALLOCATORS_PART);

impl Marked for ActorReply {
    const LIVE: u32 = 0xAC70_0003;
    const NAME: &'static str = "reply";

    fn mark(&self) -> &Mark {
        &self.mark
    }
}

impl ActorReply {
    pub(super) fn new(on_reply: OnReply, context: *mut c_void) -> Box<Self> {
        Box::new(Self { asking: Asking::new(on_reply, context), mark: Mark::new::<Self>() })
    }

    pub(super) fn asking(&mut self) -> &mut Asking {
        &mut self.asking
    }
}

impl Drop for ActorReply {
    fn drop(&mut self) {
        // For the replies that end with their message.
        self.mark.kill();
    }
}

impl fmt::Debug for ActorReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorReply").finish_non_exhaustive()
    }
}

/// Answers an ask: calls its `on_reply` with ACTOR_ANSWERED and the answer, on this thread, before
/// it returns.
///
/// Threads: any. Ownership: the reply ends; the answer becomes the asker's. NULL: a `reply` of NULL
/// aborts; an answer may be NULL. A second use of a reply aborts if it is noticed.
///
/// # Safety
///
/// The reply is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_reply_send(reply: *mut ActorReply, answer: *mut c_void) {
    // SAFETY: the caller's promise.
    let mut reply = unsafe { ended("actor_reply_send", "reply", reply) };
    reply.asking().answer(answer);
}

/// Ends an ask without an answer: calls its `on_reply` with ACTOR_DROPPED and NULL, on this thread,
/// before it returns.
///
/// Threads: any. Ownership: the reply ends. NULL: does nothing. A second use of a reply aborts if
/// it is noticed.
///
/// # Safety
///
/// The reply is live or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_reply_drop(reply: *mut ActorReply) {
    if !reply.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { ended("actor_reply_drop", "reply", reply) });
    }
}
