//! A future without `Send`, as a task of a runtime that requires `Send`.
//!
//! `tokio::spawn` requires `Send`, even on a current-thread runtime: a program may move the runtime
//! to another thread between two calls of `block_on`. A [`Resident`] is `Send`, because it holds a
//! maker and later only a number. Its future is made by the first poll, and stays in a table of the
//! thread of this poll. No `unsafe` is needed, and no value is ever dropped on a foreign thread.
//!
//! | event | on the future's thread | on another thread |
//! |---|---|---|
//! | poll | polls the future | panics with a sentence; the task then drops its resident |
//! | drop | drops the future | marks it as left |
//!
//! A future marked as left is dropped on its own thread: at the thread's next use of the table, or
//! at the thread's end.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::contain;

/// The sentence for a program that moves its runtime to another thread.
const MOVED: &str = "actors stay on the thread of their runtime's first poll: this tokio runtime \
                     was moved to another thread, so its actors end";

thread_local! {
    static HERE: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// A future of this thread.
struct Entry {
    /// Shared with the resident. Its address identifies the entry, and it is set once the resident
    /// has been dropped on another thread.
    left: Arc<AtomicBool>,
    /// `None` during its poll.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// A future of the thread that polls it first.
pub(crate) struct Resident {
    /// `None` after the first poll.
    maker: Option<Maker>,
    left: Arc<AtomicBool>,
}

impl Resident {
    pub(crate) fn new(maker: Maker) -> Self {
        Self { maker: Some(maker), left: Arc::default() }
    }

    /// Takes the future out of the table, for a poll of it.
    fn take(&self) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        self.entry(|entries, number| entries[number].future.take())
    }

    /// Removes the entry, if this is its thread.
    fn remove(&self) -> Option<Entry> {
        self.entry(|entries, number| Some(entries.remove(number)))
    }

    /// Passes the table and the number of this entry in it. Returns `None` on another thread, and
    /// on a thread that has lost its locals.
    fn entry<T>(&self, with: impl FnOnce(&mut Vec<Entry>, usize) -> Option<T>) -> Option<T> {
        let find = |here: &RefCell<Vec<Entry>>| {
            let mut entries = here.borrow_mut();
            let own = |entry: &Entry| Arc::ptr_eq(&entry.left, &self.left);
            let number = entries.iter().position(own)?;
            with(&mut entries, number)
        };
        HERE.try_with(find).ok().flatten()
    }
}

/// Drops the futures left on other threads.
fn drop_left() {
    let left = |entry: &mut Entry| entry.left.load(Ordering::Acquire);
    let take = |here: &RefCell<Vec<Entry>>| here.borrow_mut().extract_if(.., left).collect();
    // Dropped while the table is not borrowed: the drop of a future runs foreign code.
    let entries: Vec<Entry> = HERE.try_with(take).unwrap_or_default();
    entries.into_iter().for_each(|entry| _ = contain(|| drop(entry)));
}

impl Future for Resident {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(maker) = self.maker.take() {
            drop_left();
            let Some(future) = contain(maker) else { return Poll::Ready(()) };
            let left = Arc::clone(&self.left);
            let entry = Entry { left, future: Some(future) };
            HERE.with(|here| here.borrow_mut().push(entry));
        }
        let mut future = self.take().expect(MOVED);
        if contain(|| future.as_mut().poll(cx)).is_some_and(|polled| polled.is_pending()) {
            self.entry(|entries, number| entries[number].future.replace(future));
            return Poll::Pending;
        }
        drop(self.remove());
        contain(|| drop(future));
        Poll::Ready(())
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        let maker = self.maker.take();
        contain(|| drop(maker));
        match self.remove() {
            Some(entry) => _ = contain(|| drop(entry)),
            None => self.left.store(true, Ordering::Release),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending, poll_fn};
    use std::pin::Pin;
    use std::rc::Rc;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
    use std::task::{Context, Poll, Waker};
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    use super::{MOVED, Resident};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Reports the thread of its drop.
    struct Drops(SyncSender<ThreadId>);

    impl Drop for Drops {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).expect("the test waits");
        }
    }

    /// A future without `Send`, pending for ever.
    fn endless() -> (Resident, Receiver<ThreadId>) {
        let (tell, told) = sync_channel(1);
        let resident = Resident::new(Box::new(move || {
            let drops = Rc::new(Drops(tell));
            Box::pin(async move {
                pending::<()>().await;
                drop(drops);
            })
        }));
        (resident, told)
    }

    fn poll(resident: &mut Resident) -> Poll<()> {
        Pin::new(resident).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_first_poll_decides_the_thread() {
        let (mut resident, dropped) = endless();
        let resides = thread::spawn(move || {
            assert!(poll(&mut resident).is_pending() && poll(&mut resident).is_pending());
            drop(resident);
            thread::current().id()
        });
        assert_eq!(resides.join().expect("it is its thread"), dropped.recv().expect("dropped"));
    }

    #[test]
    fn a_future_that_ends_is_dropped_once() {
        let (tell, told) = sync_channel(1);
        let mut turns = 3;
        let mut resident = Resident::new(Box::new(move || {
            let drops = Drops(tell);
            Box::pin(async move {
                let _drops = drops;
                poll_fn(|_| {
                    turns -= 1;
                    if turns == 0 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            })
        }));
        assert!(poll(&mut resident).is_pending() && poll(&mut resident).is_pending());
        assert_eq!(told.try_recv(), Err(TryRecvError::Empty));
        assert!(poll(&mut resident).is_ready());
        assert_eq!(told.try_recv(), Ok(thread::current().id()));
        drop(resident);
        assert_eq!(told.try_recv(), Err(TryRecvError::Disconnected));
    }

    #[test]
    fn a_poll_on_another_thread_panics_with_a_sentence() {
        let (mut resident, dropped) = endless();
        assert!(poll(&mut resident).is_pending());
        let elsewhere = thread::spawn(move || poll(&mut resident));
        let panicked = elsewhere.join().expect_err("it is not its thread");
        let text = panicked.downcast_ref::<String>().map(String::as_str);
        assert_eq!(text.or(panicked.downcast_ref::<&str>().copied()), Some(MOVED));
        // The panic has dropped the resident there.
        assert_eq!(dropped.try_recv(), Err(TryRecvError::Empty));
        super::drop_left();
        assert_eq!(dropped.try_recv(), Ok(thread::current().id()));
    }

    #[test]
    fn a_future_left_on_another_thread_is_dropped_at_its_own_threads_next_use() {
        let (mut resident, dropped) = endless();
        assert!(poll(&mut resident).is_pending());
        thread::spawn(move || drop(resident)).join().expect("no panic");
        assert_eq!(dropped.try_recv(), Err(TryRecvError::Empty), "never on a foreign thread");
        assert!(poll(&mut endless().0).is_pending());
        assert_eq!(dropped.try_recv(), Ok(thread::current().id()));
    }

    #[test]
    fn a_future_left_on_another_thread_is_dropped_at_its_own_threads_end() {
        let (mut resident, dropped) = endless();
        let (go, going) = sync_channel::<()>(0);
        let resides = thread::spawn(move || {
            assert!(poll(&mut resident).is_pending());
            let left = thread::spawn(move || drop(resident));
            left.join().expect("no panic");
            _ = going.recv_timeout(PATIENCE);
            thread::current().id()
        });
        assert_eq!(dropped.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
        drop(go);
        let own = resides.join().expect("no panic");
        assert_eq!(dropped.recv_timeout(PATIENCE), Ok(own));
    }

    #[test]
    fn a_future_may_make_and_drop_others_in_its_poll_and_in_its_drop() {
        let (mut inner, dropped) = endless();
        assert!(poll(&mut inner).is_pending());
        let mut outer = Resident::new(Box::new(move || {
            Box::pin(async move {
                assert!(poll(&mut endless().0).is_pending());
                let _inner = inner;
                pending::<()>().await;
            })
        }));
        assert!(poll(&mut outer).is_pending());
        drop(outer);
        assert_eq!(dropped.try_recv(), Ok(thread::current().id()));
    }

    #[test]
    fn a_panic_ends_its_own_future_only() {
        let mut bad = Resident::new(Box::new(|| Box::pin(async { panic!("as the test wants") })));
        assert!(poll(&mut bad).is_ready());
        let mut bad = Resident::new(Box::new(|| panic!("as the test wants")));
        assert!(poll(&mut bad).is_ready());
        let (mut good, _dropped) = endless();
        assert!(poll(&mut good).is_pending());
    }
}
