//! One thread runs everything, loses nothing, and survives panics.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;

use super::rig::{give_way, go, result_of, signal, start, start_as, wait};
use crate::reply::Reply;
use crate::runtime::{Executor, Runtime, ThreadConfig, current};

pub(super) fn its_thread_has_the_name_asked_for(runtime: &dyn Runtime) {
    let executor = start_as(runtime, ThreadConfig::named("chain owner"));
    let name = result_of(&executor, || async { thread::current().name().map(str::to_owned) });
    assert_eq!(name.as_deref(), Some("chain owner"));
}

pub(super) fn makers_and_futures_run_on_that_one_thread(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    for _ in 0..32 {
        let tell = tell.clone();
        go(&executor, move || {
            tell.send(thread::current().id()).expect("the check waits");
            async move {
                tell.send(thread::current().id()).expect("the check waits");
                give_way().await;
                tell.send(thread::current().id()).expect("the check waits");
            }
        });
    }
    let threads: HashSet<_> = (0..96).map(|_| wait(&told)).collect();
    assert_eq!(threads.len(), 1, "one thread runs all");
    assert!(!threads.contains(&thread::current().id()), "and it is the executor's own");
}

pub(super) fn its_thread_states_the_current_executor(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    go(&executor, move || {
        let own = thread::current().id();
        let in_maker = current();
        async move {
            give_way().await;
            let stated = current().expect("an executor's thread");
            let same = in_maker.is_some_and(|in_maker| Arc::ptr_eq(&in_maker, &stated));
            go(&stated, move || {
                let is_here = thread::current().id() == own;
                async move { tell.send((same, is_here, own)).expect("the check waits") }
            });
        }
    });
    let (same, is_here, own) = wait(&told);
    assert!(same && is_here, "the same one in each turn, and it is this one");
    let (tell, told) = signal();
    executor.run_blocking(Box::new(move || {
        // A driver may run such work on its own thread.
        let is_right = thread::current().id() == own || current().is_none();
        tell.send(is_right).expect("the check waits");
    }));
    assert!(wait(&told), "a thread for blocking work is no executor's");
    assert!(current().is_none(), "this thread is no executor's");
}

pub(super) fn a_future_need_not_be_send(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let count = result_of(&executor, || {
        let shared = Rc::new(RefCell::new(0));
        async move {
            let other = Rc::clone(&shared);
            for _ in 0..10 {
                *other.borrow_mut() += 1;
                give_way().await;
            }
            *shared.borrow()
        }
    });
    assert_eq!(count, 10);
}

pub(super) fn a_future_may_spawn_on_its_own_executor(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    let own = Arc::clone(&executor);
    go(&executor, move || async move {
        go(&own, move || async move { tell.send(()).expect("the check waits") })
    });
    wait(&told);
}

pub(super) fn makers_are_called_later_and_in_order(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let own = Arc::clone(&executor);
    let order = result_of(&executor, || async move {
        let (tell, told) = signal();
        let spawn = |n: u32, tell: &SyncSender<u32>| {
            let tell = tell.clone();
            go(&own, move || {
                tell.send(n).expect("the check waits");
                async {}
            });
        };
        for n in 0..100 {
            // Alternately from this thread and from another one.
            match n % 3 {
                0 => thread::scope(|threads| _ = threads.spawn(|| spawn(n, &tell))),
                _ => spawn(n, &tell),
            }
            assert!(told.try_recv().is_err(), "a maker is not called inside the spawn");
        }
        told
    });
    assert_eq!(Vec::from_iter((0..100).map(|_| wait(&order))), Vec::from_iter(0..100));
}

pub(super) fn its_stack_has_the_size_asked_for(runtime: &dyn Runtime) {
    /// Uses more than `kib` KiB of stack.
    fn dig(kib: usize) -> usize {
        let room = std::hint::black_box([0_u8; 1024]);
        if kib == 0 { 0 } else { dig(kib - 1) + 1 + usize::from(room[kib % 1024]) }
    }

    // Without the larger stack, this would end the process.
    let executor = start_as(runtime, ThreadConfig::named("deep").stack_size(64 << 20));
    assert_eq!(result_of(&executor, || async { dig(8 << 10) }), 8 << 10);
    let refused = runtime.start_executor(ThreadConfig::named("endless").stack_size(usize::MAX));
    assert_eq!(refused.err().map(|error| error.kind()), Some(io::ErrorKind::InvalidInput));
}

pub(super) fn nothing_spawned_from_many_threads_is_lost(runtime: &dyn Runtime) {
    const THREADS: usize = 8;
    const EACH: usize = 500;
    thread_local!(static RUN: Cell<usize> = const { Cell::new(0) });

    let executor = start(runtime);
    let (tell, told) = signal();
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                for _ in 0..EACH {
                    let tell = tell.clone();
                    go(&executor, || async move {
                        give_way().await;
                        RUN.set(RUN.get() + 1);
                        if RUN.get() == THREADS * EACH {
                            tell.send(()).expect("the check waits");
                        }
                    });
                }
            });
        }
    });
    wait(&told);
}

pub(super) fn a_wake_from_another_thread_is_seen(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    go(&executor, move || async move {
        for _ in 0..100 {
            let (reply, answer) = Reply::pair();
            tell.send(reply).expect("the check waits");
            answer.await.expect("it is answered");
        }
    });
    for _ in 0..100 {
        wait(&told).send(());
    }
    // The last answer was seen as well if the sender has been dropped.
    super::rig::wait_for_drop(&told);
}

pub(super) fn futures_take_turns(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let done = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&done);
    let (tell, told) = signal();
    go(&executor, move || async move {
        while !seen.load(Ordering::Relaxed) {
            give_way().await;
        }
        tell.send(()).expect("the check waits");
    });
    result_of(&executor, move || async move { done.store(true, Ordering::Relaxed) });
    wait(&told);
}

pub(super) fn a_panic_in_a_maker_ends_that_future_only(runtime: &dyn Runtime) {
    survives(runtime, || panic!("this maker panics, as the check wants it to"));
}

pub(super) fn a_panic_in_a_future_ends_that_future_only(runtime: &dyn Runtime) {
    survives(runtime, || {
        Box::pin(async {
            give_way().await;
            panic!("this future panics, as the check wants it to");
        })
    });
}

fn survives(runtime: &dyn Runtime, panics: fn() -> Pin<Box<dyn Future<Output = ()>>>) {
    let executor = start(runtime);
    let (reply, answer) = Reply::pair();
    let (tell, told) = signal();
    go(&executor, || async move { tell.send(answer.await).expect("the check waits") });
    executor.spawn(Box::new(panics)).expect("the executor takes futures");
    assert_eq!(result_of(&executor, || async { 1 }), 1, "what comes later is run");
    reply.send(2);
    assert_eq!(wait(&told), Ok(2), "what came earlier goes on");
    executor.stop();
    assert!(executor.join(super::rig::PATIENCE), "the panicked future is not waited for");
}

pub(super) fn the_first_core_can_be_asked_for(runtime: &dyn Runtime) {
    let executor = start_as(runtime, ThreadConfig::named("pinned").on_core(0));
    assert_eq!(result_of(&executor, || async { 1 }), 1);
}

pub(super) fn an_impossible_name_is_invalid_input(runtime: &dyn Runtime) {
    let refused = runtime.start_executor(ThreadConfig::named("zero\0byte"));
    assert_eq!(refused.err().map(|error| error.kind()), Some(io::ErrorKind::InvalidInput));
}

pub(super) fn an_impossible_core_is_invalid_input(runtime: &dyn Runtime) {
    for core in [1_000, 1_000_000, usize::MAX] {
        let refused: io::Result<Arc<dyn Executor>> =
            runtime.start_executor(ThreadConfig::named("nowhere").on_core(core));
        assert_eq!(
            refused.err().map(|error| error.kind()),
            Some(io::ErrorKind::InvalidInput),
            "core {core}"
        );
    }
}
