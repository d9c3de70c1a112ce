//! Owners and senders written in C: over our mailbox, and over a queue with a mutex.
//!
//! A message is a number in the place of a pointer: 8 bytes instead of the 16 of the others.

#![expect(unsafe_code, reason = "the contestants are C functions")]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::sync::{Arc, Barrier};
use std::thread;

// Its functions are called from C.
use actor_ffi as _;

use crate::actor::Done;
use crate::contestant::Contestant;
use crate::measure::{Sample, Span, now};
use crate::stage::{ACTORS, on_core};
use crate::workload::{Workload, wake_calls};

/// The operations of one implementation, as in `c/owner.h`.
#[repr(C)]
pub(crate) struct Operations {
    open: extern "C" fn(u64, extern "C" fn(*mut c_void, u64), *mut c_void) -> *mut c_void,
    send: extern "C" fn(*mut c_void, u64),
    close: extern "C" fn(*mut c_void) -> u64,
}

unsafe extern "C" {
    static owner_of_mailbox: Operations;
    static owner_of_mutex: Operations;
}

/// One of the two implementations.
trait InC {
    fn operations() -> &'static Operations;
}

struct Mailbox;

struct MutexQueue;

impl InC for Mailbox {
    fn operations() -> &'static Operations {
        // SAFETY: a constant of this type.
        unsafe { &owner_of_mailbox }
    }
}

impl InC for MutexQueue {
    fn operations() -> &'static Operations {
        // SAFETY: a constant of this type.
        unsafe { &owner_of_mutex }
    }
}

pub(super) fn contestants() -> [Contestant; 2] {
    [
        enter::<Mailbox>(
            "ours (C)",
            "actor-ffi: owner and senders in C; the owner waits for an eventfd",
        ),
        enter::<MutexQueue>(
            "mutex queue (C)",
            "owner and senders in C: a ring under a pthread mutex, and a condition",
        ),
    ]
}

fn enter<C: InC>(name: &'static str, setting: &'static str) -> Contestant {
    Contestant::new(name, "1024", setting)
        .with(Workload::TellAcross, send_from::<C, 1>)
        .with(Workload::Producers, send_from::<C, 4>)
        .with(Workload::Wake, wake::<C>)
}

/// An owner's thread in C, until it is closed.
struct Owner<C> {
    owner: *mut c_void,
    /// Used by the owner's thread until the close.
    _done: Arc<Done>,
    _implementation: PhantomData<C>,
}

// SAFETY: its functions may be called from any thread.
unsafe impl<C> Sync for Owner<C> {}

impl<C: InC> Owner<C> {
    fn open(expected: u64, done: &Arc<Done>, finish: extern "C" fn(*mut c_void, u64)) -> Self {
        let context = Arc::as_ptr(done).cast_mut().cast();
        let owner = on_core(ACTORS, || (C::operations().open)(expected, finish, context));
        Self { owner, _done: Arc::clone(done), _implementation: PhantomData }
    }

    fn send(&self, number: u64) {
        (C::operations().send)(self.owner, number);
    }

    fn close(self) -> u64 {
        (C::operations().close)(self.owner)
    }
}

extern "C" fn finish_with_sum(done: *mut c_void, sum: u64) {
    // SAFETY: `Owner` keeps it.
    unsafe { &*done.cast::<Done>() }.finish(sum);
}

extern "C" fn finish_with_time(done: *mut c_void, _sum: u64) {
    // SAFETY: `Owner` keeps it.
    unsafe { &*done.cast::<Done>() }.finish(now().number());
}

fn send_from<C: InC, const PRODUCERS: u64>(n: u64) -> Sample {
    let each = n / PRODUCERS;
    let done = Done::new();
    let owner = Owner::<C>::open(each * PRODUCERS, &done, finish_with_sum);
    let together = Barrier::new(usize::try_from(PRODUCERS).expect("a handful"));
    let send = || {
        together.wait();
        (0..each).for_each(|number| owner.send(number));
    };
    let (sum, sample) = thread::scope(|threads| {
        for _ in 1..PRODUCERS {
            threads.spawn(send);
        }
        let span = Span::begin();
        send();
        let sum = done.wait();
        (sum, span.end(each * PRODUCERS))
    });
    assert_eq!(sum, PRODUCERS * (each * (each - 1) / 2), "a message was lost, doubled or changed");
    assert_eq!(owner.close(), sum);
    sample
}

fn wake<C: InC>(n: u64) -> Sample {
    let done = Done::new();
    let owner = Owner::<C>::open(1, &done, finish_with_time);
    let sample = wake_calls(n, &done, || owner.send(1));
    assert_eq!(owner.close(), n);
    sample
}
