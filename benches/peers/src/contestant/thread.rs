//! A plain thread with parking: the lower bound of every wake.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::actor::Done;
use crate::contestant::Contestant;
use crate::measure::{Sample, now};
use crate::stage::{ACTORS, on_core};
use crate::workload::{Workload, wake_calls};

pub(super) fn contestant() -> Contestant {
    let setting = "the floor: a plain thread in std::thread::park, woken by unpark";
    Contestant::new("park / unpark", "–", setting).with(Workload::Wake, wake)
}

fn wake(n: u64) -> Sample {
    let done = Done::new();
    let ends = Arc::new(AtomicBool::new(false));
    let sleeper = on_core(ACTORS, || {
        thread::spawn({
            let (done, ends) = (Arc::clone(&done), Arc::clone(&ends));
            // A spurious wake would be measured as an early one. Linux has none, and a median
            // ignores one.
            move || {
                loop {
                    thread::park();
                    if ends.load(Ordering::Acquire) {
                        return;
                    }
                    done.finish(now().number());
                }
            }
        })
    });
    let sample = wake_calls(n, &done, || sleeper.thread().unpark());
    ends.store(true, Ordering::Release);
    sleeper.thread().unpark();
    sleeper.join().expect("the thread has not panicked");
    sample
}
