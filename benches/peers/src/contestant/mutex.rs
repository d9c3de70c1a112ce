//! No actor at all: the state is behind a lock, and each user takes the lock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use crate::actor::compute;
use crate::contestant::Contestant;
use crate::measure::{Sample, Span};
use crate::stage::{ACTORS, on_core};
use crate::workload::{Workload, busy_calls};

/// There is no actor to ask, to hop to, to start or to wake. The remaining operations are adding a
/// number and reading the sum.
pub(super) fn contestant() -> Contestant {
    let setting =
        "std Mutex<State>; the caller does the work. Busy: another thread computes under the lock";
    Contestant::new("Mutex<State>", "–", setting)
        .with(Workload::TellAcross, add_from::<1>)
        .with(Workload::Producers, add_from::<4>)
        .with(Workload::TellLocal, add_from::<1>)
        .with(Workload::AskLocal, read)
        .with(Workload::AskAcross, read)
        .with(Workload::Busy, busy)
}

/// Each of the threads takes the lock for each number.
fn add_from<const PRODUCERS: u64>(n: u64) -> Sample {
    let each = n / PRODUCERS;
    let state = Mutex::new(0);
    let together = Barrier::new(usize::try_from(PRODUCERS).expect("a handful"));
    let add = || {
        together.wait();
        for number in 0..each {
            *state.lock().expect("no thread panics with it") += std::hint::black_box(number);
        }
    };
    let span = Span::begin();
    thread::scope(|threads| {
        for _ in 1..PRODUCERS {
            threads.spawn(add);
        }
        add();
    });
    let sample = span.end(each * PRODUCERS);
    let sum = state.into_inner().expect("no thread panicked with it");
    assert_eq!(sum, PRODUCERS * (each * (each - 1) / 2), "a message was lost, doubled or changed");
    sample
}

fn read(n: u64) -> Sample {
    let state = Mutex::new(7_u64);
    let span = Span::begin();
    for _ in 0..n {
        assert_eq!(*std::hint::black_box(&state).lock().expect("no thread panics with it"), 7);
    }
    span.end(n)
}

/// An atomic starts each computation under the lock, and the computing thread polls it all the
/// time. Setting it costs the caller almost nothing.
fn busy(n: u64) -> Sample {
    let state = Mutex::new(0);
    let (slice, ends) = (AtomicU64::new(0), AtomicBool::new(false));
    let together = Barrier::new(2);
    thread::scope(|threads| {
        on_core(ACTORS, || {
            threads.spawn(|| {
                together.wait();
                while !ends.load(Ordering::Acquire) {
                    let nanoseconds = slice.swap(0, Ordering::Relaxed);
                    if nanoseconds > 0 {
                        let _held = state.lock().expect("no thread panics with it");
                        compute(nanoseconds);
                    }
                    std::hint::spin_loop();
                }
            })
        });
        together.wait();
        let sample = busy_calls(n, |computes, number| match computes {
            Some(nanoseconds) => slice.store(nanoseconds, Ordering::Relaxed),
            None => *state.lock().expect("no thread panics with it") += number,
        });
        ends.store(true, Ordering::Release);
        sample
    })
}
