//! What sending costs in memory: nothing for a tell, taken or refused, and one allocation for an ask.
//!
//! A test binary of its own, because it counts every allocation of its process's threads, by thread.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actor_core::{Lane, Message, Reply, TryTellError, mailbox};

/// The system's allocator, counting.
struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

fn count() {
    // A thread that ends may allocate after its locals are gone; nobody looks at its count any more.
    _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: everything is passed on to the system's allocator as it came; counting touches a `const` thread-local without
// a destructor, and so allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`, and every pointer comes from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps to the contract of `realloc`, and every pointer comes from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = ALLOCATIONS.get();
    let result = work();
    (ALLOCATIONS.get() - before, result)
}

enum Parcel {
    Weight(#[expect(dead_code, reason = "only its size matters")] [u64; 8]),
    Read(Reply<u64>),
}

const LANES: usize = 4;

struct InLane(usize, Parcel);

impl Message for InLane {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 64),
        Lane::fifo("fifo", 64),
        Lane::newest_first("newest", 64),
        Lane::latest("latest"),
    ];

    fn lane(&self) -> usize {
        self.0
    }
}

fn weight(lane: usize) -> InLane {
    InLane(lane, Parcel::Weight([7; 8]))
}

#[test]
fn a_tell_allocates_nothing_also_when_it_evicts() {
    let (handle, _mailbox) = mailbox();
    for lane in 0..LANES {
        let (allocations, ()) = allocations_of(|| assert!(handle.try_tell(weight(lane)).is_ok()));
        assert!(allocations <= 2, "the first message makes the memory of lane {lane}");
        let (allocations, ()) = allocations_of(|| {
            for _ in 1..64 {
                assert!(handle.try_tell(weight(lane)).is_ok());
            }
        });
        assert_eq!(allocations, 0, "in lane {lane}");
    }
    // The evicting lanes are full now.
    let (allocations, ()) = allocations_of(|| {
        for lane in [2, 3] {
            assert!(handle.try_tell(weight(lane)).is_ok());
        }
    });
    assert_eq!(allocations, 0);
}

#[test]
fn a_refused_tell_allocates_nothing() {
    let (handle, mailbox) = mailbox();
    for _ in 0..64 {
        assert!(handle.try_tell(weight(1)).is_ok());
    }
    let (allocations, refused) = allocations_of(|| matches!(handle.try_tell(weight(1)), Err(TryTellError::Full(_))));
    assert!(refused);
    assert_eq!(allocations, 0, "when the lane is full");
    drop(mailbox);
    let (allocations, refused) = allocations_of(|| matches!(handle.try_tell(weight(1)), Err(TryTellError::Closed(_))));
    assert!(refused);
    assert_eq!(allocations, 0, "when the mailbox is closed");
}

#[test]
fn receiving_allocates_nothing_after_a_lane_s_first_message() {
    let (handle, mut mailbox) = mailbox();
    let send = || (0..LANES).for_each(|lane| assert!(handle.try_tell(weight(lane)).is_ok()));
    send();
    while mailbox.try_recv().is_some() {}
    send();
    let (allocations, received) = allocations_of(|| std::iter::from_fn(|| mailbox.try_recv()).count());
    assert_eq!((allocations, received), (0, LANES));
}

#[test]
fn an_ask_allocates_its_reply_and_nothing_else() {
    let (handle, mut mailbox) = mailbox();
    assert!(handle.try_tell(weight(1)).is_ok());
    assert!(mailbox.try_recv().is_some(), "the lane's first");
    let (allocations, answer) = allocations_of(|| handle.try_ask(|reply| InLane(1, Parcel::Read(reply))));
    assert_eq!(allocations, 1);
    let (allocations, ()) = allocations_of(|| match mailbox.try_recv() {
        Some(InLane(_, Parcel::Read(reply))) => reply.send(9),
        _ => panic!("one was asked"),
    });
    assert_eq!(allocations, 0, "answering");
    let mut answer = answer.expect("there was room");
    let (allocations, answered) =
        allocations_of(|| Pin::new(&mut answer).poll(&mut Context::from_waker(Waker::noop())));
    assert_eq!((allocations, answered), (0, Poll::Ready(Ok(9))));
}
