//! Wakers are called and dropped on any thread at any time; timers move between threads.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use actor_core::runtime::Timer;
use actor_core::{Executor, Runtime, ThreadConfig};
use actor_thread::ThreadRuntime;

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// Far shorter than `PATIENCE`, and short enough for a test to wait for.
const SOON: Duration = Duration::from_millis(5);

fn start() -> Arc<dyn Executor> {
    ThreadRuntime::new().start_executor(ThreadConfig::named("woken")).expect("a thread")
}

fn go<F: Future<Output = ()> + 'static>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> F + Send + 'static,
) {
    let maker = move || Box::pin(make()) as Pin<Box<dyn Future<Output = ()>>>;
    executor.spawn(Box::new(maker)).expect("the executor takes futures");
}

fn signal<T>() -> (SyncSender<T>, Receiver<T>) {
    sync_channel(64)
}

fn wait<T>(told: &Receiver<T>) -> T {
    told.recv_timeout(PATIENCE).expect("it comes in time")
}

/// Sends the waker of a future, and then ends that future.
async fn tell_waker(tell: SyncSender<Waker>) {
    poll_fn(|cx| {
        tell.send(cx.waker().clone()).expect("the test waits");
        Poll::Ready(())
    })
    .await;
}

/// Stops an executor, and waits for the end of its thread.
fn end(executor: &Arc<dyn Executor>) {
    executor.stop();
    assert!(executor.join(PATIENCE), "it ends in time");
}

#[test]
fn a_waker_has_no_effect_once_its_thread_has_ended() {
    let executor = start();
    let (tell, told) = signal();
    let held = Arc::new(());
    let with = Arc::clone(&held);
    go(&executor, move || async move {
        tell_waker(tell).await;
        drop(with);
    });
    let waker = wait(&told);
    end(&executor);
    assert_eq!(Arc::strong_count(&held), 1, "a waker keeps nothing of its future");
    thread::scope(|threads| {
        for _ in 0..4 {
            let own = waker.clone();
            threads.spawn(move || {
                own.wake_by_ref();
                own.wake();
            });
        }
    });
    drop(executor);
    waker.wake();
}

#[test]
fn a_waker_that_outlives_its_future_disturbs_no_other_future() {
    let executor = start();
    let (tell, told) = signal();
    go(&executor, || tell_waker(tell));
    let old = wait(&told);
    for _ in 0..3 {
        let (began, beginning) = signal();
        let (ended, ending) = signal();
        let polls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&polls);
        go(&executor, move || async move {
            poll_fn(|cx| {
                began.send(cx.waker().clone()).expect("the test waits");
                if counted.fetch_add(1, Ordering::Relaxed) < 3 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            ended.send(()).expect("the test waits");
        });
        // The old waker wakes this future or none. The future's own waker always wakes it.
        let mut own = wait(&beginning);
        for _ in 0..3 {
            old.wake_by_ref();
            own.wake_by_ref();
            own = beginning.recv_timeout(PATIENCE).expect("it is polled again");
        }
        wait(&ending);
    }
    end(&executor);
}

/// Wakes when it is dropped.
struct WakesAtEnd(Waker);

impl Drop for WakesAtEnd {
    fn drop(&mut self) {
        self.0.wake_by_ref();
    }
}

#[test]
fn a_waker_may_be_called_while_thread_locals_are_dropped() {
    thread_local!(static AT_END: RefCell<Vec<WakesAtEnd>> = const { RefCell::new(Vec::new()) });

    let executor = start();
    let (tell, told) = signal();
    let (finished, finish) = signal();
    go(&executor, move || async move {
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                AT_END.with_borrow_mut(|kept| kept.push(WakesAtEnd(cx.waker().clone())));
                tell.send(cx.waker().clone()).expect("the test waits");
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        finished.send(()).expect("the test waits");
    });
    let waker = wait(&told);
    let elsewhere =
        thread::spawn(move || AT_END.with_borrow_mut(|kept| kept.push(WakesAtEnd(waker))));
    elsewhere.join().expect("waking does not panic");
    wait(&finish);
    // The thread's own locals are dropped after the executor.
    end(&executor);
}

#[test]
fn a_flood_of_wakes_from_many_threads_loses_none() {
    const THREADS: u32 = 4;
    const EACH: u32 = 5_000;

    let executor = start();
    let (tell, told) = signal();
    let (ended, ending) = signal();
    let sent = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&sent);
    go(&executor, move || async move {
        let mut told = false;
        poll_fn(|cx| {
            if !std::mem::replace(&mut told, true) {
                tell.send(cx.waker().clone()).expect("the test waits");
            }
            // The last wake follows the last count, so no other poll needs to see the full count.
            if seen.load(Ordering::Relaxed) == THREADS * EACH {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        ended.send(()).expect("the test waits");
    });
    let waker = wait(&told);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                for _ in 0..EACH {
                    sent.fetch_add(1, Ordering::Relaxed);
                    waker.wake_by_ref();
                }
            });
        }
    });
    wait(&ending);
}

async fn expired(timer: &mut dyn Timer) {
    poll_fn(|cx| timer.poll_expired(cx)).await;
}

#[test]
fn a_timer_may_be_dropped_on_another_thread() {
    let executor = start();
    let own = Arc::clone(&executor);
    let (tell, told) = signal();
    go(&executor, move || async move {
        for _ in 0..32 {
            let mut timer = own.timer();
            timer.arm(own.now() + PATIENCE * 100);
            poll_fn(|cx| {
                assert!(timer.poll_expired(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            tell.send(timer).expect("the test waits");
        }
        let mut timer = own.timer();
        timer.arm(own.now() + SOON);
        expired(&mut *timer).await;
        tell.send(timer).expect("the test waits");
    });
    for _ in 0..33 {
        drop(wait(&told));
    }
    end(&executor);
}

#[test]
fn a_timer_wakes_the_task_that_polled_it_last() {
    let executor = start();
    let own = Arc::clone(&executor);
    let (ended, ending) = signal();
    let (hand, handed) = signal::<Box<dyn Timer>>();
    go(&executor, move || async move {
        let mut timer = own.timer();
        timer.arm(own.now() + SOON);
        poll_fn(|cx| {
            assert!(timer.poll_expired(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        hand.send(timer).expect("the test waits");
    });
    let mut timer = wait(&handed);
    go(&executor, move || async move {
        expired(&mut *timer).await;
        ended.send(()).expect("the test waits");
    });
    wait(&ending);
}

/// Panics when it is called, and when it is dropped.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("this waker panics, as the test wants it to");
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("this waker panics when it is dropped, as the test wants it to");
        }
    }
}

#[test]
fn a_panic_in_a_timers_waker_ends_nothing_else() {
    let executor = start();
    let own = Arc::clone(&executor);
    let (ended, ending) = signal();
    go(&executor, move || async move {
        let (mut timer, mut kept) = (own.timer(), own.timer());
        timer.arm(own.now() + SOON);
        kept.arm(own.now() + PATIENCE * 100);
        for timer in [&mut timer, &mut kept] {
            let waker = Waker::from(Arc::new(Panics));
            let mut cx = Context::from_waker(&waker);
            assert!(timer.poll_expired(&mut cx).is_pending());
            // Now only the timer holds it.
            drop(waker);
        }
        let mut later = own.timer();
        later.arm(own.now() + 2 * SOON);
        expired(&mut *later).await;
        ended.send(()).expect("the test waits");
        // Left until the thread's end, with the waker in its place.
        std::mem::forget(kept);
    });
    wait(&ending);
    end(&executor);
}
