//! Misuse that can be seen ends the process with a sentence.
//!
//! Each case runs in a process of its own: this test's program, started with the case's name.

#![cfg(all(unix, not(any(loom, shuttle))))]
#![expect(unsafe_code, reason = "the functions of C are unsafe, and are misused here")]

use std::env;
use std::ffi::c_void;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

use actor_ffi::abi::*;

/// Selects the case in the process of its own.
const CASE: &str = "ACTOR_FFI_MISUSE";

/// What a process that aborts ends with.
const SIGABRT: i32 = 6;

static MAILBOX: AtomicPtr<ActorMailbox> = AtomicPtr::new(null_mut());

fn new(wake: Wake) -> *mut ActorMailbox {
    let lane = LaneConfig {
        name: c"work".as_ptr(),
        kind: LaneKind::ACTOR_LANE_FIFO as u32,
        weight: 0,
        capacity: 8,
        share: 0,
    };
    let config = MailboxConfig {
        size: size_of::<MailboxConfig>(),
        lane_size: size_of::<LaneConfig>(),
        lanes: &raw const lane,
        lane_count: 1,
        drop_message: None,
        wake,
        context: null_mut(),
    };
    let mut mailbox = null_mut();
    // SAFETY: the configuration is valid.
    let status = unsafe { actor_mailbox_new(&raw const config, &raw mut mailbox) };
    assert_eq!(status, Status::ACTOR_OK);
    MAILBOX.store(mailbox, Ordering::Relaxed);
    mailbox
}

/// A mailbox and a handle, with one message waiting.
fn one_waits() -> (*mut ActorMailbox, *mut ActorHandle) {
    let mailbox = new(None);
    // SAFETY: the mailbox is live.
    let handle = unsafe { actor_handle_new(mailbox) };
    // SAFETY: the handle is live.
    let told = unsafe { actor_try_tell(handle, 0, null_mut()) };
    assert_eq!(told, Status::ACTOR_OK);
    (mailbox, handle)
}

fn drain(mailbox: *mut ActorMailbox, handler: Handler) -> Turn {
    // SAFETY: the handlers of this file use no context.
    unsafe { actor_mailbox_drain(mailbox, 9, handler, null_mut()) }
}

fn destroy(mailbox: *mut ActorMailbox) {
    // SAFETY: the mailbox is live.
    unsafe { actor_mailbox_destroy(mailbox, None, null_mut()) };
}

unsafe extern "C-unwind" fn nothing(_context: *mut c_void, _delivery: *const Delivery) {}

unsafe extern "C-unwind" fn drain_again(_context: *mut c_void, _delivery: *const Delivery) {
    drain(MAILBOX.load(Ordering::Relaxed), Some(nothing));
}

unsafe extern "C-unwind" fn destroy_inside(_context: *mut c_void, _delivery: *const Delivery) {
    destroy(MAILBOX.load(Ordering::Relaxed));
}

unsafe extern "C-unwind" fn throw(_context: *mut c_void, _delivery: *const Delivery) {
    panic!("as an exception");
}

unsafe extern "C-unwind" fn send_again(_context: *mut c_void, delivery: *const Delivery) {
    // SAFETY: the library passes a delivery.
    let reply = unsafe { (*delivery).reply };
    for _ in 0..2 {
        // SAFETY: it is not live the second time, which is the misuse.
        unsafe { actor_reply_send(reply, null_mut()) };
    }
}

unsafe extern "C-unwind" fn destroy_by_wake(_context: *mut c_void) {
    destroy(MAILBOX.load(Ordering::Relaxed));
}

unsafe extern "C-unwind" fn drain_by_wake(_context: *mut c_void) {
    drain(MAILBOX.load(Ordering::Relaxed), Some(nothing));
}

unsafe extern "C-unwind" fn on_reply(_context: *mut c_void, _outcome: Outcome, _: *mut c_void) {}

fn tell_waking(wake: Wake) {
    let mailbox = new(wake);
    // SAFETY: the mailbox is live.
    let handle = unsafe { actor_handle_new(mailbox) };
    // SAFETY: the handle is live.
    _ = unsafe { actor_try_tell(handle, 0, null_mut()) };
}

fn elsewhere(mailbox: *mut ActorMailbox, act: fn(*mut ActorMailbox)) {
    drain(mailbox, Some(nothing));
    _ = thread::spawn(move || act(MAILBOX.load(Ordering::Relaxed))).join();
}

fn stats_of(lane: usize, size: usize) {
    let (_, handle) = one_waits();
    let mut stats = [0_u64; 11];
    stats[0] = size as u64;
    // SAFETY: the handle is live, and the memory is of the struct's size.
    unsafe { actor_handle_stats(handle, lane, stats.as_mut_ptr().cast()) };
}

/// The cases: their misuse, and a part of their sentence.
const CASES: &[(&str, fn(), &str)] = &[
    ("null_handle", || _ = unsafe_tell(null(), 0), "actor_try_tell: `handle` is NULL"),
    (
        "null_mailbox",
        || _ = drain(null_mut(), Some(nothing)),
        "actor_mailbox_drain: `mailbox` is NULL",
    ),
    ("null_handler", || _ = drain(new(None), None), "actor_mailbox_drain: `handler` is NULL"),
    (
        "null_config",
        // SAFETY: NULL is the misuse.
        || _ = unsafe { actor_mailbox_new(null(), null_mut()) },
        "actor_mailbox_new: `config` is NULL",
    ),
    (
        "null_out",
        // SAFETY: NULL is the misuse.
        || _ = unsafe { actor_mailbox_next(new(None), null_mut()) },
        "actor_mailbox_next: `out` is NULL",
    ),
    (
        "null_reply",
        // SAFETY: NULL is the misuse.
        || unsafe { actor_reply_send(null_mut(), null_mut()) },
        "actor_reply_send: `reply` is NULL",
    ),
    (
        "null_on_reply",
        || {
            let (_, handle) = one_waits();
            // SAFETY: NULL is the misuse.
            _ = unsafe { actor_try_ask(handle, 0, 0, null_mut(), None, null_mut()) };
        },
        "actor_try_ask: `on_reply` is NULL",
    ),
    (
        "no_such_lane",
        || _ = unsafe_tell(one_waits().1, 1),
        "actor_try_tell: `lane` is 1, but the mailbox has 1",
    ),
    ("stats_of_no_lane", || stats_of(7, 88), "actor_handle_stats: `lane` is 7"),
    ("stats_without_size", || stats_of(0, 0), "set sizeof(actor_lane_stats) first"),
    (
        "handle_after_drop",
        || {
            let (_, handle) = one_waits();
            // SAFETY: the handle is live.
            unsafe { actor_handle_drop(handle) };
            _ = unsafe_tell(handle, 0);
        },
        "actor_try_tell: `handle` is used after the end of its handle",
    ),
    (
        "mailbox_after_destroy",
        || {
            let mailbox = new(None);
            destroy(mailbox);
            drain(mailbox, Some(nothing));
        },
        "actor_mailbox_drain: `mailbox` is used after the end of its mailbox",
    ),
    (
        "reply_sent_again",
        || {
            let mailbox = new(None);
            // SAFETY: the mailbox is live.
            let handle = unsafe { actor_handle_new(mailbox) };
            let asked =
                // SAFETY: the handle is live.
                unsafe { actor_try_ask(handle, 0, 0, null_mut(), Some(on_reply), null_mut()) };
            assert_eq!(asked, Status::ACTOR_OK);
            drain(mailbox, Some(send_again));
        },
        "actor_reply_send: `reply` is used after the end of its reply",
    ),
    (
        "mailbox_as_handle",
        || _ = unsafe_tell(new(None).cast_const().cast(), 0),
        "actor_try_tell: `handle` does not point to a live handle",
    ),
    (
        "unaligned",
        || _ = unsafe_tell(one_waits().1.cast::<u8>().wrapping_add(1).cast(), 0),
        "not aligned",
    ),
    (
        "drained_elsewhere",
        || elsewhere(new(None), |mailbox| _ = drain(mailbox, Some(nothing))),
        "actor_mailbox_drain: the mailbox belongs to another thread",
    ),
    (
        "closed_elsewhere",
        // SAFETY: the mailbox is live.
        || elsewhere(new(None), |mailbox| unsafe { actor_mailbox_close(mailbox) }),
        "actor_mailbox_close: the mailbox belongs to another thread",
    ),
    (
        "destroyed_elsewhere",
        || elsewhere(new(None), destroy),
        "actor_mailbox_destroy: the mailbox belongs to another thread",
    ),
    (
        "adopted_elsewhere",
        // SAFETY: the mailbox is live.
        || elsewhere(new(None), |mailbox| unsafe { actor_mailbox_adopt(mailbox) }),
        "actor_mailbox_adopt: the mailbox belongs to another thread",
    ),
    (
        "drained_by_a_handler",
        || _ = drain(one_waits().0, Some(drain_again)),
        "actor_mailbox_drain: called inside a handler of the same mailbox",
    ),
    (
        "destroyed_by_a_handler",
        || _ = drain(one_waits().0, Some(destroy_inside)),
        "actor_mailbox_destroy: called inside a handler of the same mailbox",
    ),
    (
        "destroyed_by_its_wake",
        || tell_waking(Some(destroy_by_wake)),
        "actor_mailbox_destroy: called inside `wake` of the same mailbox",
    ),
    (
        "drained_by_its_wake",
        || tell_waking(Some(drain_by_wake)),
        "actor_mailbox_drain: called inside `wake` of the same mailbox",
    ),
    (
        "drained_by_undelivered",
        || {
            let (mailbox, _) = one_waits();
            // SAFETY: the mailbox is live, and the handler uses no context.
            unsafe { actor_mailbox_destroy(mailbox, Some(drain_again), null_mut()) };
        },
        "actor_mailbox_drain: `mailbox` is used after the end of its mailbox",
    ),
    (
        "an_exception",
        || _ = drain(one_waits().0, Some(throw)),
        "handler: the callback threw an exception",
    ),
];

fn unsafe_tell(handle: *const ActorHandle, lane: usize) -> Status {
    // SAFETY: a pointer that is not live is the misuse.
    unsafe { actor_try_tell(handle, lane, null_mut()) }
}

#[test]
fn misuse_ends_the_process_with_a_sentence() {
    if let Ok(chosen) = env::var(CASE) {
        let case = CASES.iter().find(|(name, ..)| *name == chosen);
        let (_, misuse, _) = case.expect("the parent names a case");
        misuse();
        println!("no abort");
        return;
    }
    let program = env::current_exe().expect("the program has a path");
    for (name, _, sentence) in CASES {
        let output = Command::new(&program)
            .args(["--exact", "misuse_ends_the_process_with_a_sentence", "--nocapture"])
            .env(CASE, name)
            .output()
            .expect("the program starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(SIGABRT), "{name}: {errors}");
        assert!(errors.contains(sentence), "{name}: {errors}");
    }
}

#[test]
fn null_is_nothing_where_it_is_allowed() {
    destroy(null_mut());
    // SAFETY: NULL is allowed.
    unsafe { actor_handle_drop(null_mut()) };
    // SAFETY: NULL is allowed.
    unsafe { actor_reply_drop(null_mut()) };
}
