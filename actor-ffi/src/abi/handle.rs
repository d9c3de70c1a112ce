//! The senders' functions.

use std::ffi::c_void;
use std::fmt;
use std::time::Duration;

use actor_core::handle::Refusal;
use actor_core::{Handle, TryTellError};

use super::mailbox::{ActorMailbox, Letter};
use super::pointer::{ALLOCATORS_PART, Mark, Marked, ended, live};
use super::reply::ActorReply;
use super::status::Status;
use crate::foreign::{Host, OnReply, Parcel};
use crate::layouts::Layout;
use crate::letter::NO_SOURCE;
use crate::misuse::abort;
use crate::thread::OwnersThread;

/// The sending end of a mailbox. Any number of threads may use one handle at the same time.
pub struct ActorHandle {
    handle: Handle<Letter>,
    host: Host,
    layout: &'static Layout,
    owner: OwnersThread,
    mark: Mark,
}

const _: () = assert!(std::mem::offset_of!(ActorHandle, mark) >= ALLOCATORS_PART);

impl Marked for ActorHandle {
    const LIVE: u32 = 0xAC70_0002;
    const NAME: &'static str = "handle";

    fn mark(&self) -> &Mark {
        &self.mark
    }
}

impl ActorHandle {
    fn into_pointer(
        handle: Handle<Letter>,
        host: Host,
        layout: &'static Layout,
        owner: OwnersThread,
    ) -> *mut Self {
        Box::into_raw(Box::new(Self { handle, host, layout, owner, mark: Mark::new::<Self>() }))
    }

    pub(super) fn handle(&self) -> &Handle<Letter> {
        &self.handle
    }

    pub(super) fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Ends the process if there is no such lane.
    #[inline]
    fn check(&self, function: &str, lane: u32) {
        let lanes = self.layout.lanes().len();
        if lane as usize >= lanes {
            no_lane(function, lane, lanes);
        }
    }

    /// Sends, or gives the letter back with the reason.
    #[inline]
    fn send(&self, function: &str, letter: Letter) -> Result<(), (Status, Letter)> {
        self.check(function, letter.lane);
        self.handle.offer(letter).map_err(|refusal| match refusal {
            Refusal::Full(letter) => (Status::ACTOR_FULL, letter),
            Refusal::OverShare(letter) => (Status::ACTOR_FULL_SHARE, letter),
            Refusal::Closed(letter) => (Status::ACTOR_CLOSED, letter),
        })
    }

    #[inline]
    fn tell(&self, function: &str, lane: usize, source: u64, message: *mut c_void) -> Status {
        let message = Parcel::new(message, self.host);
        let letter = Letter { message, reply: None, tag: source, lane: narrow(lane) };
        match self.send(function, letter) {
            Ok(()) => Status::ACTOR_OK,
            Err((status, letter)) => {
                // Still the caller's.
                _ = letter.message.into_message();
                status
            }
        }
    }

    fn tell_blocking(
        &self,
        lane: usize,
        source: u64,
        message: *mut c_void,
        timeout: Duration,
    ) -> Status {
        if self.owner.is_this() {
            waits_for_itself("actor_tell");
        }
        self.check("actor_tell", narrow(lane));
        let message = Parcel::new(message, self.host);
        let letter = Letter { message, reply: None, tag: source, lane: narrow(lane) };
        let (status, letter) = match self.handle.tell_blocking(letter, timeout) {
            Ok(()) => return Status::ACTOR_OK,
            Err(TryTellError::Full(letter)) => (Status::ACTOR_FULL, letter),
            Err(TryTellError::Closed(letter)) => (Status::ACTOR_CLOSED, letter),
        };
        // Still the caller's.
        _ = letter.message.into_message();
        status
    }
}

impl fmt::Debug for ActorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorHandle").field("handle", &self.handle).finish_non_exhaustive()
    }
}

#[cold]
fn waits_for_itself(function: &str) -> ! {
    abort(
        function,
        format_args!(
            "the owner's thread makes the room, so it cannot wait for it; use actor_try_tell"
        ),
    )
}

/// An index past the end stays past the end.
fn narrow(lane: usize) -> u32 {
    u32::try_from(lane).unwrap_or(u32::MAX)
}

#[cold]
fn no_lane(function: &str, lane: u32, lanes: usize) -> ! {
    abort(function, format_args!("`lane` is {lane}, but the mailbox has {lanes}, counted from 0"))
}

/// Creates a handle to a mailbox.
///
/// Threads: any, while no other thread destroys the mailbox. Ownership: the handle is the caller's,
/// and ends by `actor_handle_drop`, before or after the mailbox. NULL: aborts.
///
/// # Safety
///
/// The mailbox is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_handle_new(mailbox: *const ActorMailbox) -> *mut ActorHandle {
    // SAFETY: the caller's promise.
    let mailbox = unsafe { live("actor_handle_new", "mailbox", mailbox) };
    let (door, owner) = (mailbox.door().clone(), mailbox.thread().clone());
    ActorHandle::into_pointer(door, mailbox.host(), mailbox.layout(), owner)
}

/// Creates a second handle to the same mailbox. One handle serves any number of threads; a clone
/// only has an end of its own.
///
/// Threads: any. Ownership: the new handle is the caller's. NULL: aborts.
///
/// # Safety
///
/// The handle is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_handle_clone(handle: *const ActorHandle) -> *mut ActorHandle {
    // SAFETY: the caller's promise.
    let handle = unsafe { live("actor_handle_clone", "handle", handle) };
    let (door, owner) = (handle.handle.clone(), handle.owner.clone());
    ActorHandle::into_pointer(door, handle.host, handle.layout, owner)
}

/// Ends a handle. The mailbox goes on.
///
/// Threads: any; nothing may use this handle at the same time or later. An `on_reply` or a
/// `drop_message` inside a send must not drop the handle of that send. Ownership: the handle ends.
/// NULL: does nothing.
///
/// # Safety
///
/// The handle is live or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_handle_drop(handle: *mut ActorHandle) {
    if handle.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    drop(unsafe { ended("actor_handle_drop", "handle", handle) });
}

/// Returns whether the mailbox is closed or destroyed. No send succeeds after that.
///
/// Threads: any. NULL: aborts.
///
/// # Safety
///
/// The handle is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_handle_is_closed(handle: *const ActorHandle) -> bool {
    // SAFETY: the caller's promise.
    let handle = unsafe { live("actor_handle_is_closed", "handle", handle) };
    handle.handle.is_closed()
}

/// Sends a message into a lane, or refuses it at once. Never waits, and takes no lock. Allocates
/// only to give the lane memory: for its first message, and when more than 8 wait.
///
/// Returns ACTOR_OK, ACTOR_FULL or ACTOR_CLOSED. A lane that evicts ends its oldest message by
/// `drop_message`, on this thread, to make room. It is full only if there is no memory for it.
///
/// Threads: any, also one that is ending. Ownership: with ACTOR_OK the message is the mailbox's; if
/// refused, it is still the caller's. NULL: a `handle` of NULL aborts; a message may be NULL. A
/// lane past the end aborts.
///
/// # Safety
///
/// The handle is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_try_tell(
    handle: *const ActorHandle,
    lane: usize,
    message: *mut c_void,
) -> Status {
    // SAFETY: the caller's promise.
    let handle = unsafe { live("actor_try_tell", "handle", handle) };
    handle.tell("actor_try_tell", lane, NO_SOURCE, message)
}

/// Sends a message with its source, such as the number of a peer, or with its key.
///
/// A lane with a share bounds the waiting messages of each source, and returns ACTOR_FULL_SHARE
/// beyond that. A lane of ACTOR_LANE_LATEST_BY_KEY keeps the last message of each key;
/// ACTOR_NO_SOURCE is a key like all others. Other lanes only hand the number on in the delivery.
/// Otherwise as `actor_try_tell`.
///
/// # Safety
///
/// The handle is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_try_tell_from(
    handle: *const ActorHandle,
    lane: usize,
    source: u64,
    message: *mut c_void,
) -> Status {
    // SAFETY: the caller's promise.
    let handle = unsafe { live("actor_try_tell_from", "handle", handle) };
    handle.tell("actor_try_tell_from", lane, source, message)
}

/// Sends a message, and waits for room for at most `timeout_ms` milliseconds. UINT64_MAX is no
/// bound.
///
/// Returns ACTOR_OK, ACTOR_FULL after the timeout (also for a full share), or ACTOR_CLOSED. The
/// close of the mailbox ends the wait. The source is that of `actor_try_tell_from`, or
/// ACTOR_NO_SOURCE.
///
/// A timeout of 0 does not wait. A sender that waits takes a lock for a moment, and no sender is
/// sure of the next room: a later one may be first.
///
/// Threads: any that may block, also one that is ending. Aborts on the owner's thread, which makes
/// the room. Not for `wake`, nor for `drop_message` or `on_reply` if these may run on the owner's
/// thread. Ownership: as `actor_try_tell`. NULL: as `actor_try_tell`.
///
/// # Safety
///
/// The handle is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_tell(
    handle: *const ActorHandle,
    lane: usize,
    source: u64,
    message: *mut c_void,
    timeout_ms: u64,
) -> Status {
    // SAFETY: the caller's promise.
    let handle = unsafe { live("actor_tell", "handle", handle) };
    handle.tell_blocking(lane, source, message, Duration::from_millis(timeout_ms))
}

/// Sends a message with a reply in its delivery, or refuses it at once.
///
/// With ACTOR_OK, `on_reply` is called exactly once: with ACTOR_ANSWERED and the answer, or with
/// ACTOR_DROPPED and NULL. The call comes on the thread that answers or drops, which may be this
/// one, before the function returns: an evicting lane drops asks as well. If refused, it is not
/// called. The source is that of `actor_try_tell_from`, or ACTOR_NO_SOURCE. Allocates the reply.
///
/// Threads: any, also one that is ending; `on_reply` runs on any. Ownership: as `actor_try_tell`;
/// the context must be valid until `on_reply` was called. NULL: a `handle` or an `on_reply` of NULL
/// aborts; a message or a context may be NULL.
///
/// # Safety
///
/// The handle is live, and `on_reply` is a function for this context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_try_ask(
    handle: *const ActorHandle,
    lane: usize,
    source: u64,
    message: *mut c_void,
    on_reply: OnReply,
    context: *mut c_void,
) -> Status {
    // SAFETY: the caller's promise.
    let handle = unsafe { live("actor_try_ask", "handle", handle) };
    if on_reply.is_none() {
        abort("actor_try_ask", format_args!("`on_reply` is NULL"));
    }
    let reply = Some(ActorReply::new(on_reply, context));
    let message = Parcel::new(message, handle.host);
    let letter = Letter { message, reply, tag: source, lane: narrow(lane) };
    match handle.send("actor_try_ask", letter) {
        Ok(()) => Status::ACTOR_OK,
        Err((status, mut letter)) => {
            if let Some(reply) = &mut letter.reply {
                reply.asking().withdraw();
            }
            // Still the caller's.
            _ = letter.message.into_message();
            status
        }
    }
}
