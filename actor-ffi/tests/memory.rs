//! Memory: mailboxes come and go without a trace, and a message in steady use takes none.

#![cfg(not(any(loom, shuttle)))]
#![expect(
    unsafe_code,
    reason = "an allocator that counts is one, and the functions of C are unsafe"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;

use actor_ffi::abi::*;

/// The system's allocator, and the figures of each thread.
struct Counting;

thread_local! {
    static BYTES: Cell<i64> = const { Cell::new(0) };
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does the work; counting touches no memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.set(BYTES.get() + layout.size() as i64);
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get() - layout.size() as i64);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

unsafe extern "C-unwind" fn count(context: *mut c_void, _delivery: *const Delivery) {
    // SAFETY: the context is the number.
    unsafe { *context.cast::<u64>() += 1 };
}

unsafe extern "C-unwind" fn wake(_context: *mut c_void) {}

unsafe extern "C-unwind" fn on_reply(_context: *mut c_void, _outcome: Outcome, _: *mut c_void) {}

fn mailbox() -> (*mut ActorMailbox, *mut ActorHandle) {
    let lane = |name: *const _, kind: LaneKind| LaneConfig {
        name,
        kind: kind as u32,
        weight: 0,
        capacity: 64,
        share: 0,
    };
    let lanes = [
        lane(c"work".as_ptr(), LaneKind::ACTOR_LANE_FIFO),
        lane(c"samples".as_ptr(), LaneKind::ACTOR_LANE_NEWEST_FIRST),
    ];
    let config = MailboxConfig {
        size: size_of::<MailboxConfig>(),
        lane_size: size_of::<LaneConfig>(),
        lanes: lanes.as_ptr(),
        lane_count: lanes.len(),
        drop_message: None,
        wake: Some(wake),
        context: null_mut(),
    };
    let mut mailbox = null_mut();
    // SAFETY: the configuration is valid.
    let status = unsafe { actor_mailbox_new(&raw const config, &raw mut mailbox) };
    assert_eq!(status, Status::ACTOR_OK);
    // SAFETY: the mailbox is live.
    (mailbox, unsafe { actor_handle_new(mailbox) })
}

fn end(mailbox: *mut ActorMailbox, handle: *mut ActorHandle) {
    // SAFETY: the mailbox is live.
    unsafe { actor_mailbox_destroy(mailbox, None, null_mut()) };
    // SAFETY: the handle is live.
    unsafe { actor_handle_drop(handle) };
}

/// Sends 8 messages to each lane, and drains them. Returns the number handled.
fn burst(mailbox: *mut ActorMailbox, handle: *mut ActorHandle) -> u64 {
    for lane in [0, 1] {
        for _ in 0..8 {
            // SAFETY: the handle is live.
            let told = unsafe { actor_try_tell(handle, lane, null_mut()) };
            assert_eq!(told, Status::ACTOR_OK);
        }
    }
    let mut handled = 0_u64;
    // SAFETY: the mailbox is live, and the context is the handler's.
    unsafe { actor_mailbox_drain(mailbox, 99, Some(count), (&raw mut handled).cast()) };
    handled
}

#[test]
fn mailboxes_that_come_and_go_leave_no_memory() {
    let life = || {
        let (mailbox, handle) = mailbox();
        assert_eq!(burst(mailbox, handle), 16);
        let asked =
            // SAFETY: the handle is live.
            unsafe { actor_try_ask(handle, 0, 0, null_mut(), Some(on_reply), null_mut()) };
        assert_eq!(asked, Status::ACTOR_OK);
        end(mailbox, handle);
    };
    // The first one keeps its lanes.
    life();
    let before = BYTES.get();
    (0..1_000).for_each(|_| life());
    assert_eq!(BYTES.get(), before);
}

#[test]
fn messages_in_steady_use_allocate_nothing() {
    let (mailbox, handle) = mailbox();
    (0..4).for_each(|_| assert_eq!(burst(mailbox, handle), 16));
    let before = CALLS.get();
    (0..100).for_each(|_| assert_eq!(burst(mailbox, handle), 16));
    assert_eq!(CALLS.get(), before);
    end(mailbox, handle);
}
