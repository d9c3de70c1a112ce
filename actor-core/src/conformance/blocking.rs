//! Blocking work has its own threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::rig::{PATIENCE, go, result_of, signal, start, start_as, wait};
use crate::runtime::{Runtime, ThreadConfig};

pub(super) fn it_runs_on_another_thread(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    executor.run_blocking(Box::new(move || {
        tell.send(thread::current().id()).expect("the check waits")
    }));
    let worker = wait(&told);
    assert_ne!(worker, thread::current().id());
    assert_ne!(worker, result_of(&executor, || async { thread::current().id() }));
}

pub(super) fn it_does_not_delay_the_executor(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (release, released) = signal();
    let (tell, told) = signal();
    executor.run_blocking(Box::new(move || {
        tell.send(released.recv_timeout(PATIENCE)).expect("the check waits")
    }));
    // Only a running executor releases the work.
    go(&executor, move || async move { release.send(()).expect("the work waits") });
    assert_eq!(wait(&told), Ok(()));
}

pub(super) fn several_pieces_run_at_once(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    // Each piece of work continues only when its neighbour has reached the same point.
    let (left, right) = (sync_channel(1), sync_channel(1));
    for (mine, theirs) in [(left.0, right.1), (right.0, left.1)] {
        let tell = tell.clone();
        executor.run_blocking(Box::new(move || {
            mine.send(()).expect("the neighbour waits");
            tell.send(theirs.recv_timeout(PATIENCE)).expect("the check waits");
        }));
    }
    assert_eq!([wait(&told), wait(&told)], [Ok(()), Ok(())]);
}

pub(super) fn a_panic_in_it_ends_that_work_only(runtime: &dyn Runtime) {
    let executor = start(runtime);
    for _ in 0..20 {
        executor.run_blocking(Box::new(|| panic!("this work panics, as the check wants it to")));
    }
    let (tell, told) = signal();
    executor.run_blocking(Box::new(move || tell.send(1).expect("the check waits")));
    assert_eq!(wait(&told), 1);
    assert_eq!(result_of(&executor, || async { 2 }), 2);
}

pub(super) fn it_does_not_delay_the_end_of_the_thread(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (began, beginning) = signal();
    let (release, released) = signal::<()>();
    executor.run_blocking(Box::new(move || {
        began.send(()).expect("the check waits");
        _ = released.recv_timeout(PATIENCE);
    }));
    wait(&beginning);
    executor.stop();
    assert!(executor.join(PATIENCE / 2), "only futures are waited for");
    drop(release);
}

pub(super) fn no_more_of_it_runs_than_the_limit(runtime: &dyn Runtime) {
    let executor = start_as(runtime, ThreadConfig::named("few").blocking_threads(2));
    let running = Arc::new(AtomicUsize::new(0));
    let (tell, told) = signal();
    for _ in 0..100 {
        let (running, tell) = (Arc::clone(&running), tell.clone());
        executor.run_blocking(Box::new(move || {
            tell.send(running.fetch_add(1, Ordering::SeqCst) + 1).expect("the check waits");
            thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    assert!((0..100).all(|_| wait(&told) <= 2), "all of it runs, two pieces at once at most");
}

pub(super) fn it_does_not_delay_another_executor(runtime: &dyn Runtime) {
    let config = || ThreadConfig::named("few").blocking_threads(2);
    let (full, other) = (start_as(runtime, config()), start_as(runtime, config()));
    let (tell, told) = signal();
    let releases: Vec<_> = (0..3)
        .map(|n| {
            let (release, released) = signal::<()>();
            let tell = tell.clone();
            full.run_blocking(Box::new(move || {
                released.recv_timeout(PATIENCE).expect("it is released");
                tell.send(n).expect("the check waits");
            }));
            release
        })
        .collect();
    other.run_blocking(Box::new(move || tell.send(7).expect("the check waits")));
    assert_eq!(wait(&told), 7);
    for (n, release) in releases.iter().enumerate() {
        release.send(()).expect("the work waits");
        assert_eq!(wait(&told), n);
    }
}

pub(super) fn it_is_not_pinned_to_the_core_of_its_executor(runtime: &dyn Runtime) {
    let cores = || core_affinity::get_core_ids().map(|cores| cores.len());
    let executor = start_as(runtime, ThreadConfig::named("pinned").on_core(0));
    let (tell, told) = signal();
    let own = Arc::clone(&executor);
    // Requested on the pinned thread.
    go(&executor, move || async move {
        own.run_blocking(Box::new(move || tell.send(cores()).expect("the check waits")));
    });
    assert_eq!(wait(&told), cores(), "it may run where the one that started the executor may");
}
