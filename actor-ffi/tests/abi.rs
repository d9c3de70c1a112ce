//! The functions of the header, called as C calls them.

#![cfg(not(any(loom, shuttle)))]
#![expect(unsafe_code, reason = "the functions of C are unsafe")]

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use actor_ffi::abi::*;

/// What the callbacks saw.
#[derive(Default)]
struct World {
    wakes: AtomicUsize,
    dropped: AtomicUsize,
}

/// A pointer that may go to another thread.
struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: the functions called with it allow any thread.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: likewise.
unsafe impl<T> Sync for Shared<T> {}

unsafe extern "C-unwind" fn wake(context: *mut c_void) {
    // SAFETY: the context is the world.
    let world = unsafe { &*context.cast::<World>() };
    world.wakes.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C-unwind" fn drop_message(context: *mut c_void, message: *mut c_void) {
    assert!(!message.is_null());
    // SAFETY: the context is the world.
    let world = unsafe { &*context.cast::<World>() };
    world.dropped.fetch_add(1, Ordering::Relaxed);
}

/// Appends the message's number to a vector, and answers an ask with the number plus one.
unsafe extern "C-unwind" fn keep(context: *mut c_void, delivery: *const Delivery) {
    // SAFETY: the library passes a delivery.
    let delivery = unsafe { &*delivery };
    // SAFETY: the context is the vector.
    let kept = unsafe { &mut *context.cast::<Vec<usize>>() };
    kept.push(delivery.message.addr());
    if !delivery.reply.is_null() {
        let answer = without_provenance(delivery.message.addr() + 1);
        // SAFETY: the reply is live.
        unsafe { actor_reply_send(delivery.reply, answer) };
    }
}

/// Keeps the outcome and the answer of an ask.
unsafe extern "C-unwind" fn on_reply(context: *mut c_void, outcome: Outcome, answer: *mut c_void) {
    // SAFETY: the context is the vector.
    let outcomes = unsafe { &mut *context.cast::<Vec<(Outcome, usize)>>() };
    outcomes.push((outcome, answer.addr()));
}

fn without_provenance(number: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(number)
}

fn lane(name: &CStr, kind: LaneKind, capacity: usize) -> LaneConfig {
    LaneConfig { name: name.as_ptr(), kind: kind as u32, weight: 0, capacity, share: 0 }
}

fn lanes() -> [LaneConfig; 4] {
    let shared = LaneConfig { share: 1, ..lane(c"shared", LaneKind::ACTOR_LANE_FIFO, 2) };
    [
        lane(c"control", LaneKind::ACTOR_LANE_CONTROL, 2),
        lane(c"work", LaneKind::ACTOR_LANE_FIFO, 2),
        shared,
        lane(c"status", LaneKind::ACTOR_LANE_LATEST_BY_KEY, 2),
    ]
}

fn config(lanes: &[LaneConfig], world: &World) -> MailboxConfig {
    MailboxConfig {
        size: size_of::<MailboxConfig>(),
        lane_size: size_of::<LaneConfig>(),
        lanes: lanes.as_ptr(),
        lane_count: lanes.len(),
        drop_message: Some(drop_message),
        wake: Some(wake),
        context: std::ptr::from_ref(world).cast_mut().cast(),
    }
}

fn new(config: &MailboxConfig) -> (Status, *mut ActorMailbox) {
    let mut mailbox = null_mut();
    // SAFETY: the configuration is valid, or refused.
    let status = unsafe { actor_mailbox_new(config, &raw mut mailbox) };
    (status, mailbox)
}

/// A mailbox with its first handle.
fn mailbox(world: &World) -> (*mut ActorMailbox, *mut ActorHandle) {
    let (status, mailbox) = new(&config(&lanes(), world));
    assert_eq!(status, Status::ACTOR_OK);
    // SAFETY: the mailbox is live.
    (mailbox, unsafe { actor_handle_new(mailbox) })
}

fn tell(handle: *mut ActorHandle, lane: usize, number: usize) -> Status {
    // SAFETY: the handle is live.
    unsafe { actor_try_tell(handle, lane, without_provenance(number)) }
}

fn tell_from(handle: *mut ActorHandle, lane: usize, source: u64, number: usize) -> Status {
    // SAFETY: the handle is live.
    unsafe { actor_try_tell_from(handle, lane, source, without_provenance(number)) }
}

fn drain(mailbox: *mut ActorMailbox) -> (Vec<usize>, Turn) {
    let mut kept = Vec::<usize>::new();
    // SAFETY: the mailbox is live, and the context is the handler's.
    let turn =
        unsafe { actor_mailbox_drain(mailbox, usize::MAX, Some(keep), (&raw mut kept).cast()) };
    (kept, turn)
}

/// Destroys both, and returns what was undelivered.
fn end(mailbox: *mut ActorMailbox, handle: *mut ActorHandle) -> Vec<usize> {
    let mut kept = Vec::<usize>::new();
    // SAFETY: the mailbox is live, and the context is the handler's.
    unsafe { actor_mailbox_destroy(mailbox, Some(keep), (&raw mut kept).cast()) };
    assert_eq!(tell(handle, 1, 9), Status::ACTOR_CLOSED);
    // SAFETY: the handle is live.
    unsafe { actor_handle_drop(handle) };
    kept
}

fn text(text: *const c_char) -> String {
    // SAFETY: the library returns a text.
    unsafe { CStr::from_ptr(text) }.to_str().expect("it is UTF-8").to_owned()
}

fn stats(handle: *const ActorHandle, lane: usize) -> LaneStats {
    let mut stats = LaneStats {
        size: size_of::<LaneStats>(),
        name: null(),
        capacity: 0,
        accepted: 0,
        handled: 0,
        refused: 0,
        over_share: 0,
        evicted: 0,
        undelivered: 0,
        high_water: 0,
        depth: 0,
    };
    // SAFETY: the handle is live.
    unsafe { actor_handle_stats(handle, lane, &raw mut stats) };
    stats
}

#[test]
fn messages_come_in_the_order_of_their_lanes() {
    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    assert_eq!(tell(handle, 1, 10), Status::ACTOR_OK);
    assert_eq!(tell(handle, 0, 20), Status::ACTOR_OK);
    let (kept, turn) = drain(mailbox);
    assert_eq!(kept, [20, 10]);
    assert_eq!(turn, Turn { handled: 2, has_more: false, has_ended: false });
    assert_eq!(world.wakes.load(Ordering::Relaxed), 1);
    assert_eq!(end(mailbox, handle), []);
}

fn tell_waiting(handle: *mut ActorHandle, lane: usize, number: usize, timeout_ms: u64) -> Status {
    let message = without_provenance(number);
    // SAFETY: the handle is live.
    unsafe { actor_tell(handle, lane, u64::MAX, message, timeout_ms) }
}

#[test]
fn a_waiting_sender_gets_the_room_of_a_drain_and_keeps_its_message_at_the_end() {
    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    assert_eq!(tell_waiting(handle, 1, 1, 0), Status::ACTOR_OK);
    assert_eq!(tell_waiting(handle, 1, 2, u64::MAX), Status::ACTOR_OK);
    assert_eq!(tell_waiting(handle, 1, 3, 1), Status::ACTOR_FULL, "after the timeout");
    let shared = Shared(handle);
    let waiting = |number| {
        thread::spawn(move || {
            let Shared(handle) = { shared };
            assert_eq!(tell_waiting(handle, 1, number, 1), Status::ACTOR_FULL);
            tell_waiting(handle, 1, number, u64::MAX)
        })
    };
    // Returns after its first wait. It is in the second, or about to be.
    let refusals = |number| {
        while stats(handle, 1).refused < number {
            thread::yield_now();
        }
    };
    let third = waiting(3);
    refusals(2);
    assert_eq!(drain(mailbox).0[..2], [1, 2]);
    assert_eq!(third.join().expect("it ends"), Status::ACTOR_OK);
    drain(mailbox);
    assert_eq!([6, 4].map(|number| tell(handle, 1, number)), [Status::ACTOR_OK; 2]);
    let fifth = waiting(5);
    refusals(3);
    let left = end(mailbox, handle_of_its_own(handle));
    assert_eq!(left, [6, 4]);
    assert_eq!(stats(handle, 1).refused, 3, "each send counts once, and only if it returned so");
    assert_eq!(fifth.join().expect("it ends"), Status::ACTOR_CLOSED);
    assert_eq!(world.dropped.load(Ordering::Relaxed), 0, "no message was lost");
    // SAFETY: the handle is live, and its last user has ended.
    unsafe { actor_handle_drop(handle) };
}

fn handle_of_its_own(handle: *mut ActorHandle) -> *mut ActorHandle {
    // SAFETY: the handle is live.
    unsafe { actor_handle_clone(handle) }
}

/// A configuration of a later version, with one more field.
#[repr(C)]
struct Later<T> {
    known: T,
    appended: usize,
}

#[test]
fn a_program_for_a_later_library_works_unless_it_uses_what_is_new() {
    for (in_lane, in_config) in [(0, 0), (1, 0), (0, 1)] {
        let world = World::default();
        let mut config = config(&[], &world);
        let mut later = lanes().map(|known| Later { known, appended: 0 });
        later[1].appended = in_lane;
        config.size = size_of::<Later<MailboxConfig>>();
        config.lane_size = size_of::<Later<LaneConfig>>();
        (config.lanes, config.lane_count) = (later.as_ptr().cast(), later.len());
        let config = Later { known: config, appended: in_config };
        let mut mailbox = null_mut();
        // SAFETY: the configuration has the sizes that it states.
        let status = unsafe { actor_mailbox_new((&raw const config).cast(), &raw mut mailbox) };
        if (in_lane, in_config) == (0, 0) {
            assert_eq!(status, Status::ACTOR_OK);
        } else {
            assert_eq!(status, Status::ACTOR_INVALID);
            assert!(text(actor_last_error()).contains("a newer one"));
        }
        // SAFETY: the mailbox is live, or NULL.
        unsafe { actor_mailbox_destroy(mailbox, None, null_mut()) };
    }
}

#[test]
fn the_three_refusals_are_told_apart_and_counted() {
    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    assert_eq!(
        [1, 2, 3].map(|n| tell(handle, 1, n)),
        [Status::ACTOR_OK, Status::ACTOR_OK, Status::ACTOR_FULL]
    );
    assert_eq!(
        [7, 7, 8, 9].map(|source| tell_from(handle, 2, source, 4)),
        [Status::ACTOR_OK, Status::ACTOR_FULL_SHARE, Status::ACTOR_OK, Status::ACTOR_FULL]
    );
    assert_eq!((stats(handle, 1).refused, stats(handle, 2).over_share), (1, 1));
    assert_eq!(world.dropped.load(Ordering::Relaxed), 0, "refused messages are the caller's");
    // SAFETY: the mailbox is live.
    unsafe { actor_mailbox_close(mailbox) };
    assert_eq!(tell(handle, 1, 5), Status::ACTOR_CLOSED);
    // SAFETY: the handle is live.
    assert!(unsafe { actor_handle_is_closed(handle) });
    let (kept, turn) = drain(mailbox);
    assert_eq!((kept.len(), turn.has_ended), (4, true));
    assert_eq!(end(mailbox, handle), []);
}

#[test]
fn a_message_replaces_that_of_its_key() {
    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    for (key, number) in [(1, 10), (2, 20), (1, 11)] {
        assert_eq!(tell_from(handle, 3, key, number), Status::ACTOR_OK);
    }
    assert_eq!(world.dropped.load(Ordering::Relaxed), 1);
    assert_eq!(stats(handle, 3).evicted, 1);
    let mut kept = drain(mailbox).0;
    kept.sort_unstable();
    assert_eq!(kept, [11, 20]);
    assert_eq!(end(mailbox, handle), []);
}

#[test]
fn an_ask_ends_exactly_once_by_an_answer_an_eviction_a_refusal_or_the_destroy() {
    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    let mut outcomes = Vec::<(Outcome, usize)>::new();
    let context = (&raw mut outcomes).cast::<c_void>();
    let ask = |lane, key, number| {
        let message = without_provenance(number);
        // SAFETY: the handle is live, and the context is the callback's.
        unsafe { actor_try_ask(handle, lane, key, message, Some(on_reply), context) }
    };
    assert_eq!(ask(1, ACTOR_NO_SOURCE, 10), Status::ACTOR_OK);
    assert_eq!(drain(mailbox).0, [10]);
    assert_eq!(ask(3, 1, 30), Status::ACTOR_OK);
    assert_eq!(ask(3, 1, 31), Status::ACTOR_OK, "evicts the last one");
    assert_eq!(ask(1, 0, 40), Status::ACTOR_OK);
    assert_eq!(ask(1, 0, 50), Status::ACTOR_OK);
    assert_eq!(ask(1, 0, 60), Status::ACTOR_FULL);
    let mut delivery = Delivery { message: null_mut(), reply: null_mut(), source: 0, lane: 0 };
    // SAFETY: the mailbox is live, and the delivery is valid.
    let next = unsafe { actor_mailbox_next(mailbox, &raw mut delivery) };
    assert_eq!(next, Status::ACTOR_OK);
    // SAFETY: the reply is live.
    unsafe { actor_reply_drop(delivery.reply) };
    assert_eq!(
        outcomes,
        [(Outcome::ACTOR_ANSWERED, 11), (Outcome::ACTOR_DROPPED, 0), (Outcome::ACTOR_DROPPED, 0)]
    );
    // SAFETY: the mailbox is live.
    unsafe { actor_mailbox_destroy(mailbox, None, null_mut()) };
    assert_eq!(outcomes.len(), 5, "two more were waiting");
    assert!(outcomes[3..].iter().all(|outcome| *outcome == (Outcome::ACTOR_DROPPED, 0)));
    assert_eq!(world.dropped.load(Ordering::Relaxed), 3, "one evicted, two undelivered");
    // SAFETY: the handle is live.
    unsafe { actor_handle_drop(handle) };
}

#[test]
fn a_destroy_hands_back_what_waits() {
    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    for (lane, number) in [(1, 10), (1, 11), (0, 20)] {
        assert_eq!(tell(handle, lane, number), Status::ACTOR_OK);
    }
    assert_eq!(end(mailbox, handle), [20, 10, 11]);
    assert_eq!(world.dropped.load(Ordering::Relaxed), 0);
}

#[test]
fn an_owner_on_another_thread_takes_what_many_threads_send() {
    const THREADS: usize = 4;
    const EACH: usize = 500;

    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    let (shared, owned) = (Shared(handle), Shared(mailbox));
    let taken = thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let Shared(handle) = { shared };
                // SAFETY: the handle is live.
                let own = unsafe { actor_handle_clone(handle) };
                for n in 0..EACH {
                    while tell(own, 1, thread * EACH + n + 1) != Status::ACTOR_OK {
                        thread::yield_now();
                    }
                }
                // SAFETY: the handle is live, and this thread's.
                unsafe { actor_handle_drop(own) };
            });
        }
        let owner = scope.spawn(move || {
            let Shared(mailbox) = { owned };
            let mut taken = Vec::new();
            while taken.len() < THREADS * EACH {
                taken.extend(drain(mailbox).0);
                thread::yield_now();
            }
            // SAFETY: the mailbox is live, and this thread is its owner's.
            unsafe { actor_mailbox_destroy(mailbox, None, null_mut()) };
            taken
        });
        owner.join().expect("it ends")
    });
    for thread in 0..THREADS {
        let own = (thread * EACH + 1)..=((thread + 1) * EACH);
        let of_thread: Vec<_> = taken.iter().copied().filter(|n| own.contains(n)).collect();
        assert_eq!(of_thread, own.collect::<Vec<_>>(), "in the order of their sender");
    }
    assert_eq!(stats(handle, 1).handled, (THREADS * EACH) as u64);
    // SAFETY: the handle is live.
    unsafe { actor_handle_drop(handle) };
}

#[test]
fn an_impossible_configuration_names_its_lane_and_the_remedy() {
    let world = World::default();
    let refused = |change: &dyn Fn(&mut MailboxConfig, &mut [LaneConfig; 4])| {
        let mut lanes = lanes();
        let mut config = config(&[], &world);
        (config.lanes, config.lane_count) = (lanes.as_ptr(), lanes.len());
        change(&mut config, &mut lanes);
        let (status, mailbox) = new(&config);
        assert_eq!((status, mailbox), (Status::ACTOR_INVALID, null_mut()));
        text(actor_last_error())
    };
    let cases = [
        (refused(&|config, _| config.size = 0), "ACTOR_MAILBOX_CONFIG_INIT"),
        (refused(&|config, _| config.size = usize::MAX), "is no size"),
        (refused(&|config, _| config.lane_size = usize::MAX), "is no size"),
        (refused(&|config, _| config.lane_count = 0), "one lane at least"),
        (refused(&|config, _| config.lanes = null()), "one lane at least"),
        (refused(&|config, _| config.lane_count = 65_535), "at most 65,534"),
        (refused(&|_, lanes| lanes[1].capacity = 0), "lane 1 (\"work\"): its capacity is 0"),
        (refused(&|_, lanes| lanes[1].capacity = usize::MAX), "lane 1 (\"work\"): its capacity"),
        (refused(&|_, lanes| lanes[1].capacity = usize::MAX / 8), "lane 1 takes more memory"),
        (refused(&|_, lanes| lanes[2].kind = 9), "lane 2: 9 is no kind"),
        (
            refused(&|_, lanes| lanes[3].share = 1),
            "lane 3 (\"status\"): it has a share, but evicts",
        ),
        (refused(&|_, lanes| lanes[2].share = 8_388_609), "more than 8,388,608"),
        (refused(&|_, lanes| lanes[0].name = c"\xFF".as_ptr()), "lane 0: its name is not UTF-8"),
        (
            refused(&|_, lanes| lanes[1].kind = LaneKind::ACTOR_LANE_LATEST as u32),
            "lane 1 (\"work\"): ACTOR_LANE_LATEST has a capacity of 1",
        ),
    ];
    for (sentence, part) in cases {
        assert!(sentence.contains(part), "`{sentence}` does not contain `{part}`");
    }
}

#[test]
fn every_status_has_a_sentence() {
    for status in 0..=6 {
        assert!(!text(actor_status_text(status)).is_empty());
    }
    assert_eq!(text(actor_status_text(1)), "the lane is full");
    assert_eq!(text(actor_status_text(99)), "not a status of this library");
}

#[test]
fn an_ending_thread_sends_in_its_last_destructor() {
    struct Last(Shared<ActorHandle>);

    impl Drop for Last {
        fn drop(&mut self) {
            let Shared(handle) = self.0;
            assert_eq!(tell(handle, 1, 10), Status::ACTOR_OK);
            // SAFETY: the handle is live, and this thread's.
            unsafe { actor_handle_drop(handle) };
        }
    }

    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }

    let world = World::default();
    let (mailbox, handle) = mailbox(&world);
    // SAFETY: the handle is live.
    let last = Last(Shared(unsafe { actor_handle_clone(handle) }));
    thread::spawn(move || LAST.set(Some(last))).join().expect("it ends");
    assert_eq!(drain(mailbox).0, [10]);
    assert_eq!(world.wakes.load(Ordering::Relaxed), 1);
    assert_eq!(end(mailbox, handle), []);
}
