//! Ending threads still send, wake and drop: in the drops of their thread-locals.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use super::rig::{
    PATIENCE, SOON, expired, give_way, go, has_expired, result_of, signal, start, wait,
};
use crate::actor::{Actor, Context};
use crate::handle::Handle;
use crate::mailbox::Message;
use crate::reply::Reply;
use crate::runtime::Runtime;
use crate::runtime::adapter::contain;

/// Work for the drop of a thread-local, and a channel to report whether it panicked.
struct AtEnd {
    work: Option<Box<dyn FnOnce()>>,
    told: SyncSender<bool>,
}

impl Drop for AtEnd {
    fn drop(&mut self) {
        let ended_well = self.work.take().and_then(contain).is_some();
        // The check may have timed out and dropped its receiver.
        _ = self.told.send(ended_well);
    }
}

thread_local! {
    /// Where thread-locals are dropped in reverse order of their first use, this one is dropped
    /// after those first used later.
    static FIRST: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
    /// In the same way, dropped before those first used earlier.
    static LAST: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// Runs work in the drop of a thread-local, twice: while the thread's other locals exist, and when
/// they are gone.
///
/// `first` runs before the thread ends, so that all thread-locals needed by such work have been
/// used.
fn as_a_thread_ends<T: Send + 'static>(first: T, then: [T; 2], work: fn(T)) {
    let (told, tells) = signal();
    let ending = thread::spawn(move || {
        let [early, late] =
            then.map(|it| AtEnd { work: Some(Box::new(move || work(it))), told: told.clone() });
        FIRST.set(Some(late));
        work(first);
        LAST.set(Some(early));
    });
    ending.join().expect("the thread does not panic");
    assert!(wait(&tells) && wait(&tells), "nothing panics as a thread ends");
}

pub(super) fn replies_wake_their_askers(runtime: &dyn Runtime) {
    let executor = start(runtime);
    for work in [|reply: Reply<()>| reply.send(()), |reply| drop(reply)] {
        let (replies, answers): (Vec<_>, Vec<_>) = (0..3).map(|_| Reply::<()>::pair()).unzip();
        let (tell, told) = signal();
        for answer in answers {
            let tell = tell.clone();
            go(&executor, || async move { tell.send(answer.await).expect("the check waits") });
        }
        // After this, all of them wait.
        result_of(&executor, give_way);
        let [first, then @ ..] = <[_; 3]>::try_from(replies).expect("there are three");
        as_a_thread_ends(first, then, work);
        let answers = [wait(&told), wait(&told), wait(&told)];
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
}

/// Adds up its messages.
struct Counter(u32);

enum Count {
    One,
    Read(Reply<u32>),
}

impl Message for Count {}

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
        match message {
            Count::One => self.0 += 1,
            Count::Read(reply) => reply.send(self.0),
        }
    }
}

pub(super) fn handles_send_ask_and_are_dropped(runtime: &dyn Runtime) {
    let (handle, running) =
        crate::life::spawn(&start(runtime), || Counter(0)).expect("the executor takes actors");
    let sends = |handle: Handle<Count>| {
        handle.try_tell(Count::One).expect("there is room");
        handle.tell_blocking(Count::One, PATIENCE).expect("there is room");
        assert!(handle.ask_blocking(Count::Read, PATIENCE).expect("the actor answers") >= 2);
        drop(handle.try_ask(Count::Read).expect("there is room"));
    };
    as_a_thread_ends(handle.clone(), [handle.clone(), handle.clone()], sends);
    assert_eq!(handle.ask_blocking(Count::Read, PATIENCE).expect("the actor answers"), 6);
    // The ending thread drops the last handles, and this ends the actor.
    as_a_thread_ends(handle.clone(), [handle.clone(), handle], drop);
    assert!(running.join_blocking(PATIENCE).expect("nothing can reach it").reason.is_normal());
}

pub(super) fn executors_take_futures_and_work(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (tell, told) = signal();
    let shares = || (Arc::clone(&executor), tell.clone());
    as_a_thread_ends(shares(), [shares(), shares()], |(executor, tell)| {
        let tells = tell.clone();
        go(&executor, move || async move { tells.send("a future").expect("the check waits") });
        executor.run_blocking(Box::new(move || tell.send("work").expect("the check waits")));
        assert!(executor.now() <= executor.now());
        drop(executor.timer());
        assert!(!executor.join(SOON / 20), "it has not been stopped");
    });
    let mut seen: Vec<_> = (0..6).map(|_| wait(&told)).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["a future", "a future", "a future", "work", "work", "work"]);
    as_a_thread_ends(Arc::clone(&executor), [Arc::clone(&executor), executor], |executor| {
        executor.stop();
        drop(executor);
    });
}

pub(super) fn timers_are_dropped(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let own = Arc::clone(&executor);
    let timers = result_of(&executor, || async move {
        let mut timers = [own.timer(), own.timer(), own.timer()];
        for timer in &mut timers {
            timer.arm(own.now() + PATIENCE);
            assert!(!has_expired(&mut **timer).await);
        }
        timers
    });
    let [first, then @ ..] = timers;
    as_a_thread_ends(first, then, drop);
    let own = Arc::clone(&executor);
    result_of(&executor, || async move {
        let mut timer = own.timer();
        timer.arm(own.now());
        expired(&mut *timer).await;
    });
}
