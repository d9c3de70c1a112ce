//! The memory of a lane is at most as documented.
//!
//! A test binary of its own, because it counts all bytes of its process, per thread.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::task::{Context, Poll, Waker};

use actor_core::{Handle, Lane, Mailbox, Message, mailbox};

/// The system's allocator, with a count.
struct Counting;

thread_local!(static BYTES: Cell<isize> = const { Cell::new(0) });
thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

fn count(bytes: isize) {
    // An ending thread may allocate after the drop of its thread-locals. Its count is not read
    // again.
    _ = BYTES.try_with(|all| all.set(all.get() + bytes));
    _ = ALLOCATIONS.try_with(|all| all.set(all.get() + usize::from(bytes > 0)));
}

// SAFETY: every call is forwarded to the system's allocator unchanged. The counts are `const`
// thread-locals without a destructor, so counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller fulfils the contract of `alloc`, and the two contracts are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller fulfils the contract of `dealloc`, and every pointer comes from
        // `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes of a used lane, without its slots.
const HEAD: isize = 256;

/// Bytes of a slot for a message of 48 bytes.
const SLOT: isize = 64;

const FIRST_SLOTS: isize = 8;

struct InLane(usize, [u64; 5]);

impl Message for InLane {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 512),
        Lane::fifo("fifo", 512),
        Lane::newest_first("newest", 512),
        Lane::latest("latest"),
        Lane::fifo("large", 1 << 16),
    ];

    fn lane(&self) -> usize {
        self.0
    }
}

fn send(handle: &Handle<InLane>, lane: usize, messages: usize) {
    (0..messages).for_each(|_| assert!(handle.try_tell(InLane(lane, [7; 5])).is_ok()));
}

/// Receives all messages, and becomes idle.
fn rest(mailbox: &mut Mailbox<InLane>) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    (0..)
        .take_while(|_| matches!(mailbox.poll_recv(&mut cx), Poll::Ready(Some(InLane(_, [7, ..])))))
        .count()
}

fn bytes_since(before: isize) -> isize {
    BYTES.get() - before
}

#[test]
fn a_lane_takes_no_more_memory_than_documented() {
    for (lane, messages, most) in [
        (1, 0, 0),
        (0, 1, HEAD + FIRST_SLOTS * SLOT),
        (1, 8, HEAD + FIRST_SLOTS * SLOT),
        (1, 9, HEAD + (FIRST_SLOTS + 512) * SLOT),
        (2, 1, HEAD + (512 + 8) * SLOT * 9 / 8),
        (3, 1, HEAD + (1 + 8) * SLOT * 9 / 8),
    ] {
        let (handle, _mailbox) = mailbox();
        let before = BYTES.get();
        send(&handle, lane, messages);
        let kept = bytes_since(before);
        assert!(
            kept <= most,
            "{kept} bytes after {messages} messages in lane {lane}, and not {most}"
        );
    }
}

#[test]
fn an_ended_actors_lanes_release_their_slots_although_handles_are_left() {
    for takes in [false, true] {
        let (handle, mut mailbox) = mailbox();
        let before = BYTES.get();
        (0..InLane::LANES.len())
            .for_each(|lane| send(&handle, lane, 100.min(InLane::LANES[lane].capacity())));
        if takes {
            assert_eq!(rest(&mut mailbox), 401);
        }
        assert!(bytes_since(before) > 1 << 20);
        drop(mailbox);
        let kept = bytes_since(before);
        assert!(kept <= InLane::LANES.len() as isize * HEAD, "{kept} bytes are kept");
        assert!(handle.try_tell(InLane(0, [7; 5])).is_err());
        assert!(bytes_since(before) <= kept, "and none are made anew");
    }
}

#[test]
fn a_calm_lane_releases_the_memory_of_a_burst() {
    let (handle, mut mailbox) = mailbox();
    send(&handle, 1, 1);
    rest(&mut mailbox);
    let before = BYTES.get();
    send(&handle, 1, 512);
    assert_eq!(rest(&mut mailbox), 512);
    assert!(bytes_since(before) >= 512 * SLOT);
    // 64 idle periods, each checking four of the five lanes.
    for _ in 0..2 * 64 {
        send(&handle, 1, 1);
        assert_eq!(rest(&mut mailbox), 1);
    }
    assert_eq!(bytes_since(before), 0);
    send(&handle, 1, 512);
    assert_eq!(rest(&mut mailbox), 512, "and grows again");
    assert_eq!(handle.stats()[1].handled, 1 + 512 + 2 * 64 + 512);
}

#[test]
fn a_lane_with_much_memory_releases_it_at_its_first_idle_check() {
    let (handle, mut mailbox) = mailbox();
    send(&handle, 4, 1);
    rest(&mut mailbox);
    let before = BYTES.get();
    send(&handle, 4, 9);
    assert!(bytes_since(before) >= 1 << 20);
    rest(&mut mailbox);
    (0..4).for_each(|_| _ = rest(&mut mailbox));
    assert_eq!(bytes_since(before), 0);
}

#[test]
fn repeated_bursts_allocate_nothing() {
    let (handle, mut mailbox) = mailbox();
    for round in 0..100 {
        let before = ALLOCATIONS.get();
        send(&handle, 1, 512);
        assert_eq!(rest(&mut mailbox), 512);
        assert!(round == 0 || ALLOCATIONS.get() == before, "in round {round}");
    }
}

#[test]
fn a_stash_releases_the_memory_of_a_burst() {
    let (handle, mut mailbox) = mailbox();
    send(&handle, 2, 1);
    rest(&mut mailbox);
    let before = BYTES.get();
    send(&handle, 2, 512);
    rest(&mut mailbox);
    (0..4).for_each(|_| _ = rest(&mut mailbox));
    assert!(bytes_since(before) <= 64 * SLOT);
}
