//! The host's pointers and callbacks as values with an owner.
#![expect(unsafe_code, reason = "the functions and the messages of C come without a proof")]

use std::ffi::c_void;
use std::mem::ManuallyDrop;

use crate::misuse::contained;

/// Ends a message. Called on the thread that evicts it, or on the owner's in a take or the destroy.
pub type DropMessage =
    Option<unsafe extern "C-unwind" fn(context: *mut c_void, message: *mut c_void)>;

/// Wakes the owner's loop.
pub type Wake = Option<unsafe extern "C-unwind" fn(context: *mut c_void)>;

/// Receives the outcome of an ask. Called after the `drop_message` of an ask that is dropped.
pub type OnReply = Option<
    unsafe extern "C-unwind" fn(context: *mut c_void, outcome: Outcome, answer: *mut c_void),
>;

/// The outcome of an ask.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the C header")]
pub enum Outcome {
    /// The owner sent an answer.
    ACTOR_ANSWERED = 0,
    /// No answer will come: the owner dropped the reply, or the message was evicted, or the mailbox
    /// was destroyed first. The answer is NULL.
    ACTOR_DROPPED = 1,
}

/// The host's destructor of messages.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    pub(crate) drop_message: DropMessage,
    pub(crate) context: *mut c_void,
}

/// A message of the host, dropped by the host's destructor.
pub(crate) struct Parcel {
    message: *mut c_void,
    host: Host,
}

// SAFETY: the header requires that the destructor may run on any thread, and that a message may
// change threads.
unsafe impl Send for Parcel {}

impl Parcel {
    pub(crate) fn new(message: *mut c_void, host: Host) -> Self {
        Self { message, host }
    }

    /// Returns the message to the host, which owns it from now on.
    pub(crate) fn into_message(self) -> *mut c_void {
        ManuallyDrop::new(self).message
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        let Some(drop_message) = self.host.drop_message else { return };
        contained("drop_message", || {
            // SAFETY: the header requires a function for this context and for each message.
            unsafe { drop_message(self.host.context, self.message) }
        });
    }
}

/// Reports the outcome of one ask, exactly once.
pub(crate) struct Asking {
    on_reply: OnReply,
    context: *mut c_void,
}

// SAFETY: the header requires that the callback may run on any thread.
unsafe impl Send for Asking {}

impl Asking {
    pub(crate) fn new(on_reply: OnReply, context: *mut c_void) -> Self {
        Self { on_reply, context }
    }

    pub(crate) fn answer(&mut self, answer: *mut c_void) {
        self.report(Outcome::ACTOR_ANSWERED, answer);
    }

    /// Ends the ask without a report: it was refused.
    pub(crate) fn withdraw(&mut self) {
        self.on_reply = None;
    }

    fn report(&mut self, outcome: Outcome, answer: *mut c_void) {
        let Some(on_reply) = self.on_reply.take() else { return };
        contained("on_reply", || {
            // SAFETY: the header requires a function for this context, callable once.
            unsafe { on_reply(self.context, outcome, answer) }
        });
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.report(Outcome::ACTOR_DROPPED, std::ptr::null_mut());
    }
}

/// The host's wake function, with its context.
pub(crate) struct HostLoop {
    wake: unsafe extern "C-unwind" fn(context: *mut c_void),
    context: *mut c_void,
}

// SAFETY: the header requires that the function may run on any thread.
unsafe impl Send for HostLoop {}
// SAFETY: the header requires that several threads may run it at once.
unsafe impl Sync for HostLoop {}

impl HostLoop {
    pub(crate) fn new(
        wake: unsafe extern "C-unwind" fn(context: *mut c_void),
        context: *mut c_void,
    ) -> Self {
        Self { wake, context }
    }

    pub(crate) fn call(&self) {
        contained("wake", || {
            // SAFETY: the header requires a function for this context until the destroy returns.
            unsafe { (self.wake)(self.context) }
        });
    }
}
