//! The allocations of sends: none for a tell, accepted or refused, and none for an ask after the
//! first ones.
//!
//! A test binary of its own, because it counts all allocations of its process, per thread.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use actor_core::{Handle, Lane, Mailbox, Message, Reply, TryTellError, mailbox};
use futures::executor::block_on;
use futures::join;

/// The system's allocator, with a count.
struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

fn count() {
    // An ending thread may allocate after the drop of its thread-locals. Its count is not read
    // again.
    _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is forwarded to the system's allocator unchanged. The count is a `const`
// thread-local without a destructor, so counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller fulfils the contract of `alloc`, and the two contracts are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller fulfils the contract of `dealloc`, and every pointer comes from
        // `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller fulfils the contract of `realloc`, and every pointer comes from
        // `System`.
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
fn a_tell_allocates_nothing_even_when_it_evicts() {
    let (handle, mut mailbox) = mailbox();
    let fill = |lane| {
        let (allocations, ()) =
            allocations_of(|| (0..64).for_each(|_| assert!(handle.try_tell(weight(lane)).is_ok())));
        allocations
    };
    for lane in 0..LANES {
        assert!(
            fill(lane) <= 4,
            "lane {lane} makes its memory with the first message, and again when a few wait"
        );
    }
    while mailbox.try_recv().is_some() {}
    for lane in 0..LANES {
        assert_eq!(fill(lane), 0, "in lane {lane}");
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
    let (allocations, refused) =
        allocations_of(|| matches!(handle.try_tell(weight(1)), Err(TryTellError::Full(_))));
    assert!(refused);
    assert_eq!(allocations, 0, "when the lane is full");
    drop(mailbox);
    let (allocations, refused) =
        allocations_of(|| matches!(handle.try_tell(weight(1)), Err(TryTellError::Closed(_))));
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
    let (allocations, received) =
        allocations_of(|| std::iter::from_fn(|| mailbox.try_recv()).count());
    assert_eq!((allocations, received), (0, LANES));
}

/// Answers all asks. Returns the number of allocations after the first message.
async fn serve(mut mailbox: Mailbox<InLane>) -> usize {
    let mut before = None;
    while let Some(InLane(_, parcel)) = mailbox.recv().await {
        if let Parcel::Read(reply) = parcel {
            reply.send(9);
        }
        before.get_or_insert_with(|| ALLOCATIONS.get());
    }
    ALLOCATIONS.get() - before.expect("something was asked")
}

fn read(reply: Reply<u64>) -> InLane {
    InLane(1, Parcel::Read(reply))
}

#[test]
fn the_first_ask_allocates_its_reply_and_later_asks_nothing() {
    let (handle, mut mailbox) = mailbox();
    assert!(handle.try_tell(weight(1)).is_ok());
    assert!(mailbox.try_recv().is_some(), "the lane's first");
    for allocated in [1, 0, 0] {
        let (allocations, answer) = allocations_of(|| handle.try_ask(read));
        assert_eq!(allocations, allocated);
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
}

#[test]
fn awaited_asks_allocate_nothing_on_one_thread() {
    let (handle, mailbox) = mailbox();
    let asking = async move {
        assert_eq!(handle.ask(read).await.ok(), Some(9));
        let before = ALLOCATIONS.get();
        for _ in 0..1000 {
            assert_eq!(handle.ask(read).await.ok(), Some(9));
        }
        ALLOCATIONS.get() - before
    };
    let allocations = block_on(async { join!(asking, serve(mailbox)) });
    assert_eq!(allocations, (0, 0));
}

/// Asks once, and then 1000 times. Returns the allocations of these asks, and of their answers on
/// the other thread.
fn allocations_across(ask: impl Fn(&Handle<InLane>) -> Option<u64>) -> (usize, usize) {
    let (handle, mailbox) = mailbox();
    thread::scope(|threads| {
        let serving = threads.spawn(|| block_on(serve(mailbox)));
        assert_eq!(ask(&handle), Some(9));
        let (allocations, ()) =
            allocations_of(|| (0..1000).for_each(|_| assert_eq!(ask(&handle), Some(9))));
        drop(handle);
        (allocations, serving.join().expect("it answers without a panic"))
    })
}

#[test]
fn asks_allocate_nothing_across_threads() {
    let awaited = allocations_across(|handle| block_on(handle.ask(read)).ok());
    assert_eq!(awaited, (0, 0), "awaited");
    let tried =
        allocations_across(|handle| block_on(handle.try_ask(read).expect("there is room")).ok());
    assert_eq!(tried, (0, 0), "tried");
    let blocking =
        allocations_across(|handle| handle.ask_blocking(read, Duration::from_secs(10)).ok());
    assert_eq!(blocking, (0, 0), "blocking");
}

#[test]
fn a_burst_of_asks_allocates_nothing_the_second_time() {
    const BURST: usize = 64;

    let (handle, mut mailbox) = mailbox();
    // A lane has all its memory once it has been full.
    while handle.try_tell(weight(1)).is_ok() {}
    while mailbox.try_recv().is_some() {}
    let mut answers = Vec::with_capacity(BURST);
    for allocated in [BURST, 0, 0] {
        let (allocations, ()) = allocations_of(|| {
            answers.extend((0..BURST).map(|_| handle.try_ask(read).expect("there is room")));
            // Half of the answers are dropped, so the envelope or the reply releases their memory.
            answers.truncate(BURST / 2);
            while mailbox.try_recv().is_some() {}
            answers.clear();
        });
        assert_eq!(allocations, allocated);
    }
}
