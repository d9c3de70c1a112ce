//! The owner's functions.

use std::ffi::c_void;
use std::fmt;

use actor_core::Handle;

use super::config::{self, MailboxConfig};
use super::pointer::{ALLOCATORS_PART, Mark, Marked, checked, ended, live};
use super::reply::ActorReply;
use super::status::{Status, invalid};
use crate::foreign::{Host, HostLoop, Parcel};
use crate::layouts::Layout;
use crate::letter;
use crate::misuse::{abort, contained};
use crate::owner::{Busy, Next, Owner};
use crate::thread::OwnersThread;
use crate::wake::HostWake;

/// A message of C.
pub(super) type Letter = letter::Letter<Parcel, Box<ActorReply>>;

// The room of a message in its lane, besides the lane's own data.
const _: () = assert!(size_of::<Letter>() <= 48);

/// The receiving end of a mailbox. It belongs to one thread, the owner's.
pub struct ActorMailbox {
    owner: Owner<Parcel, Box<ActorReply>>,
    host: Host,
    layout: &'static Layout,
    thread: OwnersThread,
    mark: Mark,
}

const _: () = assert!(std::mem::offset_of!(ActorMailbox, mark) >= ALLOCATORS_PART);

impl Marked for ActorMailbox {
    const LIVE: u32 = 0xAC70_0001;
    const NAME: &'static str = "mailbox";

    fn mark(&self) -> &Mark {
        &self.mark
    }
}

/// A message in the owner's hands.
#[repr(C)]
#[derive(Debug)]
pub struct Delivery {
    /// The message as it was sent. It belongs to the owner now.
    pub message: *mut c_void,
    /// NULL unless the message is an ask. The owner must call `actor_reply_send` or
    /// `actor_reply_drop` with it, once, at any later time and on any thread.
    pub reply: *mut ActorReply,
    /// The source or the key given by the sender, or ACTOR_NO_SOURCE.
    pub source: u64,
    /// The index of the lane.
    pub lane: usize,
}

impl fmt::Debug for ActorMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorMailbox").finish_non_exhaustive()
    }
}

/// The result of a drain.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The number of messages passed to the handler.
    pub handled: usize,
    /// The budget was used up, and more may wait: drain again, because no wake will come. False: no
    /// message waits, and the next one calls `wake`.
    pub has_more: bool,
    /// The mailbox is closed, and every message was taken.
    pub has_ended: bool,
}

/// Handles one message. `context` is that of the call. The delivery is valid during the call; its
/// message and reply belong to the handler.
pub type Handler =
    Option<unsafe extern "C-unwind" fn(context: *mut c_void, delivery: *const Delivery)>;

impl ActorMailbox {
    pub(super) fn door(&self) -> &Handle<Letter> {
        self.owner.door()
    }

    pub(super) fn host(&self) -> Host {
        self.host
    }

    pub(super) fn layout(&self) -> &'static Layout {
        self.layout
    }

    pub(super) fn thread(&self) -> &OwnersThread {
        &self.thread
    }

    /// Makes the calling thread the owner's, or ends the process if another one is.
    fn adopt(&self, function: &str) {
        if !self.thread.adopt() {
            wrong_thread(function);
        }
    }

    /// Ends the process if the mailbox has an owner on another thread.
    fn on_owners_thread(&self, function: &str) {
        if self.thread.is_another() {
            wrong_thread(function);
        }
    }
}

#[cold]
fn wrong_thread(function: &str) -> ! {
    abort(
        function,
        format_args!("the mailbox belongs to another thread, the first that drained it"),
    )
}

#[cold]
fn wrong_time(function: &str, busy: Busy) -> ! {
    match busy {
        Busy::AtWork => abort(
            function,
            format_args!(
                "called inside a handler of the same mailbox, or its drop_message; return from it first"
            ),
        ),
        Busy::Waking => abort(
            function,
            format_args!("called inside `wake` of the same mailbox; wake the loop, and return"),
        ),
    }
}

/// Creates a mailbox, and writes it to `*out`.
///
/// From now on the first message calls `wake`. The mailbox belongs to the first thread that calls
/// `actor_mailbox_drain`, `actor_mailbox_next` or `actor_mailbox_adopt`.
///
/// Returns ACTOR_INVALID for an impossible configuration, and writes NULL to `*out`;
/// `actor_last_error` then names the lane and the remedy.
///
/// Lists of lanes are kept until the process ends, each different one once, and at most 4,096.
///
/// Threads: any. Ownership: everything in `config` is copied; the mailbox is the caller's, and ends
/// by `actor_mailbox_destroy`. NULL: aborts.
///
/// # Safety
///
/// The arguments are as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_mailbox_new(
    config: *const MailboxConfig,
    out: *mut *mut ActorMailbox,
) -> Status {
    let config = checked("actor_mailbox_new", "config", config);
    let out = checked("actor_mailbox_new", "out", out).cast_mut();
    // SAFETY: the caller's promise.
    unsafe { out.write(std::ptr::null_mut()) };
    // SAFETY: the caller's promise.
    let layout = match unsafe { config::read(config) } {
        Ok(layout) => layout,
        Err(status) => return status,
    };
    // SAFETY: the caller's promise.
    let config = unsafe { &*config };
    let host = Host { drop_message: config.drop_message, context: config.context };
    let wake = config.wake.map(|wake| {
        let host = HostLoop::new(wake, config.context);
        HostWake::new(move || host.call())
    });
    match Owner::new(layout.lanes(), wake) {
        Ok(owner) => {
            let (thread, mark) = (OwnersThread::none(), Mark::new::<ActorMailbox>());
            let mailbox = Box::new(ActorMailbox { owner, host, layout, thread, mark });
            // SAFETY: the caller's promise.
            unsafe { out.write(Box::into_raw(mailbox)) };
            Status::ACTOR_OK
        }
        Err(error) => invalid(format_args!("{error}; choose a smaller capacity")),
    }
}

/// Makes the calling thread the owner's, before it takes anything. Optional: the first
/// `actor_mailbox_drain` or `actor_mailbox_next` does the same.
///
/// Threads: the owner's. Aborts if another thread is the owner's already. NULL: aborts.
///
/// # Safety
///
/// The mailbox is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_mailbox_adopt(mailbox: *mut ActorMailbox) {
    // SAFETY: the caller's promise.
    let mailbox = unsafe { live("actor_mailbox_adopt", "mailbox", mailbox) };
    mailbox.adopt("actor_mailbox_adopt");
}

/// Takes the next message and writes it to `*out`: control lanes first, then data lanes by turns.
///
/// Returns ACTOR_OK with a message. Without one, `*out` is unchanged: ACTOR_EMPTY announces the
/// owner's sleep, so the next message calls `wake`; ACTOR_ENDED follows a close. An owner that
/// stops before ACTOR_EMPTY must come back by itself, because no wake will come.
///
/// Threads: the owner's; aborts on another. Aborts inside a handler or `wake` of this mailbox.
/// Ownership: the message and the reply become the caller's. NULL: aborts.
///
/// # Safety
///
/// The mailbox is live, and `out` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_mailbox_next(
    mailbox: *mut ActorMailbox,
    out: *mut Delivery,
) -> Status {
    // SAFETY: the caller's promise.
    let mailbox = unsafe { live("actor_mailbox_next", "mailbox", mailbox) };
    let out = checked("actor_mailbox_next", "out", out).cast_mut();
    mailbox.adopt("actor_mailbox_next");
    match mailbox.owner.next() {
        Ok(Next::Message(letter)) => {
            // SAFETY: the caller's promise.
            unsafe { out.write(delivery(letter)) };
            Status::ACTOR_OK
        }
        Ok(Next::Asleep) => Status::ACTOR_EMPTY,
        Ok(Next::Ended) => Status::ACTOR_ENDED,
        Err(busy) => wrong_time("actor_mailbox_next", busy),
    }
}

/// Passes up to `budget` messages to `handler`, one after the other: control lanes first, then data
/// lanes by turns.
///
/// If it ends because no message is left, the owner's sleep is announced: the next message calls
/// `wake`, once. If the budget is used up, `has_more` is true and no wake comes: drain again after
/// the loop's other work. A budget of 0 takes nothing and returns `has_more`; SIZE_MAX is no bound.
/// After the end, each further drain returns `has_ended`, unless its budget is 0.
///
/// The handler may use handles, replies, the statistics and `actor_mailbox_close`. It must not take
/// messages of this mailbox, or destroy it: that aborts. So does an `on_reply` of its replies.
///
/// Threads: the owner's; aborts on another. Aborts inside a handler or `wake` of this mailbox.
/// Ownership: each message and reply becomes the handler's. NULL: aborts, except for `context`.
///
/// # Safety
///
/// The mailbox is live, and the handler is a function for this context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_mailbox_drain(
    mailbox: *mut ActorMailbox,
    budget: usize,
    handler: Handler,
    context: *mut c_void,
) -> Turn {
    // SAFETY: the caller's promise.
    let mailbox = unsafe { live("actor_mailbox_drain", "mailbox", mailbox) };
    let Some(handler) = handler else {
        abort("actor_mailbox_drain", format_args!("`handler` is NULL"))
    };
    mailbox.adopt("actor_mailbox_drain");
    let turn = mailbox.owner.drain(budget, |letter| {
        let delivery = delivery(letter);
        contained("handler", || {
            // SAFETY: the caller's promise.
            unsafe { handler(context, &raw const delivery) }
        });
    });
    match turn {
        Ok(turn) => {
            Turn { handled: turn.handled, has_more: turn.has_more, has_ended: turn.has_ended }
        }
        Err(busy) => wrong_time("actor_mailbox_drain", busy),
    }
}

/// Closes the mailbox: later sends return ACTOR_CLOSED, and every message accepted before is still
/// to be taken. Calls `wake` if the owner sleeps.
///
/// Threads: the owner's, or any one thread before there is an owner; aborts on another. A handler
/// may call it. NULL: aborts.
///
/// # Safety
///
/// The mailbox is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_mailbox_close(mailbox: *mut ActorMailbox) {
    // SAFETY: the caller's promise.
    let mailbox = unsafe { live("actor_mailbox_close", "mailbox", mailbox) };
    mailbox.on_owners_thread("actor_mailbox_close");
    mailbox.owner.close();
}

/// Closes the mailbox, hands back each message that was accepted and not taken, and frees it.
///
/// `undelivered` receives these messages, and their replies, as a handler does; the messages of one
/// lane come oldest first. It must not use the mailbox any more: that aborts. If it is NULL,
/// `drop_message` ends the messages, and their asks are reported as ACTOR_DROPPED.
///
/// Once it returns, `wake` is never called again, and no call of it is in progress: the destroy
/// waits for calls on other threads. Handles stay valid, and return ACTOR_CLOSED.
///
/// Threads: the owner's, or any one thread before there is an owner; aborts on another. Aborts
/// inside a handler or `wake` of this mailbox. Ownership: the mailbox ends. NULL: a `mailbox` of
/// NULL does nothing.
///
/// # Safety
///
/// The mailbox is live or NULL, and the handler is a function for this context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_mailbox_destroy(
    mailbox: *mut ActorMailbox,
    undelivered: Handler,
    context: *mut c_void,
) {
    if mailbox.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let alive = unsafe { live("actor_mailbox_destroy", "mailbox", mailbox) };
    alive.on_owners_thread("actor_mailbox_destroy");
    if let Some(busy) = alive.owner.busy() {
        wrong_time("actor_mailbox_destroy", busy);
    }
    // SAFETY: the caller's promise.
    let mailbox = unsafe { ended("actor_mailbox_destroy", "mailbox", mailbox) };
    // The memory of the mark is freed after the handlers.
    let ActorMailbox { owner, thread, .. } = *mailbox;
    thread.end();
    owner.destroy(|letter| {
        let Some(handler) = undelivered else { return drop(letter) };
        let delivery = delivery(letter);
        contained("undelivered", || {
            // SAFETY: the caller's promise.
            unsafe { handler(context, &raw const delivery) }
        });
    });
}

/// Hands a letter over to the host.
fn delivery(letter: Letter) -> Delivery {
    let Letter { message, reply, tag, lane } = letter;
    Delivery {
        message: message.into_message(),
        reply: reply.map_or(std::ptr::null_mut(), Box::into_raw),
        source: tag,
        lane: lane as usize,
    }
}
