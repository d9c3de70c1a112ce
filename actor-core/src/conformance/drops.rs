//! A panic in a drop ends nothing but the dropped value.

use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::rig::{PATIENCE, expired, go, result_of, signal, start, wait, wait_for_drop};
use crate::reply::Reply;
use crate::runtime::adapter::contain;
use crate::runtime::{Executor, Maker, Runtime};

/// Panics in its drop.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("this drop panics, as the check wants it to");
    }
}

/// Returns `Ready` immediately, and keeps its content until it is dropped.
struct Holding(Bomb);

impl Future for Holding {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// A future, and a value dropped with it.
struct Both(Bomb, Pin<Box<dyn Future<Output = ()>>>);

impl Future for Both {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.1.as_mut().poll(cx)
    }
}

/// Spawns each maker. Checks that the executor runs the futures before and after it, and then ends
/// when stopped.
fn survives(runtime: &dyn Runtime, makers: Vec<Maker>) {
    let executor = start(runtime);
    let (reply, answer) = Reply::pair();
    let (tell, told) = signal();
    go(&executor, || async move { tell.send(answer.await).expect("the check waits") });
    for maker in makers {
        executor.spawn(maker).expect("the executor takes futures");
        assert_eq!(result_of(&executor, || async { 1 }), 1, "what comes later is run");
    }
    reply.send(2);
    assert_eq!(wait(&told), Ok(2), "what came earlier goes on");
    executor.stop();
    assert!(executor.join(PATIENCE), "and nothing of it is waited for");
}

pub(super) fn futures_may_panic_in_their_drops(runtime: &dyn Runtime) {
    let ready: Maker = Box::new(|| Box::pin(Holding(Bomb)));
    // A second panic during the first one's unwinding would abort the process, so this future holds
    // its bomb outside of its `async`.
    let panics: Maker = Box::new(|| {
        let (bomb, panics) =
            (Bomb, async { panic!("this future panics, as the check wants it to") });
        Box::pin(Both(bomb, Box::pin(panics)))
    });
    survives(runtime, vec![ready, panics]);
}

pub(super) fn makers_may_panic_in_their_drops(runtime: &dyn Runtime) {
    let bomb = Bomb;
    // The captured bomb is dropped at the maker's end.
    let called: Maker = Box::new(move || {
        let _dropped = bomb;
        Box::pin(async {})
    });
    survives(runtime, vec![called]);
    let executor = start(runtime);
    executor.stop();
    let bomb = Bomb;
    let refused = executor.spawn(Box::new(move || {
        drop(bomb);
        Box::pin(async {})
    }));
    let refused = refused.expect_err("it is stopped");
    assert!(contain(|| drop(refused)).is_none(), "it comes back whole");
    assert!(executor.join(PATIENCE));
}

pub(super) fn panic_payloads_may_panic_in_their_drops(runtime: &dyn Runtime) {
    survives(
        runtime,
        vec![Box::new(|| panic_any(Bomb)), Box::new(|| Box::pin(async { panic_any(Bomb) }))],
    );
}

pub(super) fn work_may_panic_in_its_drop(runtime: &dyn Runtime) {
    let executor = start(runtime);
    for _ in 0..3 {
        let bomb = Bomb;
        executor.run_blocking(Box::new(move || drop(bomb)));
        executor.run_blocking(Box::new(|| panic_any(Bomb)));
    }
    let (tell, told) = signal();
    executor.run_blocking(Box::new(move || tell.send(1).expect("the check waits")));
    assert_eq!(wait(&told), 1);
    assert_eq!(result_of(&executor, || async { 2 }), 2);
}

/// Wakes no task. Panics when it is called, or when it is dropped.
struct Alarming {
    /// Not both together: a panic during the unwinding of another panic aborts the process.
    bomb: Option<Bomb>,
    /// Its drop is observed on the channel; nothing is sent.
    _dropped: SyncSender<()>,
}

impl Wake for Alarming {
    fn wake(self: Arc<Self>) {
        assert!(self.bomb.is_some(), "this waker panics, as the check wants it to");
    }
}

/// Lets a timer wait for `delay` with that waker.
fn wait_with(executor: &Arc<dyn Executor>, delay: Duration, waker: Waker) {
    let own = Arc::clone(executor);
    let result = result_of(executor, move || async move {
        let mut timer = own.timer();
        timer.arm(own.now() + delay);
        _ = timer.poll_expired(&mut Context::from_waker(&waker));
        // The timer may hold a clone of it. Its last drop is contained here or by the executor.
        contain(|| drop(waker));
        // Until after the timer's time.
        wait_for(&*own, 2 * Duration::from_millis(1)).await;
        contain(|| drop(timer));
        1
    });
    assert_eq!(result, 1);
}

async fn wait_for(executor: &dyn Executor, delay: Duration) {
    let mut timer = executor.timer();
    timer.arm(executor.now() + delay);
    expired(&mut *timer).await;
}

pub(super) fn wakers_may_panic(runtime: &dyn Runtime) {
    let executor = start(runtime);
    for delay in [Duration::ZERO, Duration::from_millis(1), PATIENCE] {
        for bomb in [None, Some(Bomb)] {
            let (_dropped, drops) = signal();
            wait_with(&executor, delay, Waker::from(Arc::new(Alarming { bomb, _dropped })));
            // The timers of all executors of this runtime still work.
            for executor in [&executor, &start(runtime)] {
                let own = Arc::clone(executor);
                result_of(
                    executor,
                    || async move { wait_for(&*own, Duration::from_millis(1)).await },
                );
            }
            wait_for_drop(&drops);
        }
    }
}
