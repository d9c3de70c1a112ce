//! The state of an executor's thread, reachable on that thread only: its run queue and its timers.
//!
//! A waker may be called anywhere. This module checks whether the call is on the very thread
//! running its task.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use actor_core::runtime::adapter::contain;

use crate::inbox::Inbox;
use crate::timers::Timers;

thread_local! {
    static LOCAL: Local = const { Local::new() };
}

struct Local {
    /// The inbox of the executor running on this thread, or null. Compared, never dereferenced.
    /// `Entered` keeps the inbox alive, so no other inbox has its address.
    inbox: Cell<*const Inbox>,
    /// The numbers of the bells rung and not yet answered, in order.
    ready: RefCell<VecDeque<usize>>,
    timers: RefCell<Timers>,
}

/// Makes the calling thread an executor's, until it is dropped.
pub(crate) struct Entered {
    inbox: Arc<Inbox>,
    /// Pins this value to its thread.
    _local: PhantomData<*const ()>,
}

impl Local {
    const fn new() -> Self {
        Self {
            inbox: Cell::new(ptr::null()),
            ready: RefCell::new(VecDeque::new()),
            timers: RefCell::new(Timers::new()),
        }
    }
}

/// Puts a bell's number into the run queue, if the calling thread is the inbox's own. Returns
/// whether it is.
pub(crate) fn queue(inbox: &Inbox, number: usize) -> bool {
    at_home(inbox, |local| local.ready.borrow_mut().push_back(number)).is_some()
}

/// Passes the timers to `with`, if the calling thread is the inbox's own. `with` must neither call
/// wakers nor drop them.
pub(crate) fn with_timers<T>(inbox: &Inbox, with: impl FnOnce(&mut Timers) -> T) -> Option<T> {
    at_home(inbox, |local| with(&mut local.timers.borrow_mut()))
}

fn at_home<T>(inbox: &Inbox, at_home: impl FnOnce(&Local) -> T) -> Option<T> {
    // When a thread ends, its locals may be dropped before its last waker call. Such a call is
    // treated as one on another thread.
    LOCAL.try_with(|local| ptr::eq(local.inbox.get(), inbox).then(|| at_home(local))).ok().flatten()
}

impl Entered {
    /// Makes the calling thread the inbox's own.
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        LOCAL.with(|local| local.inbox.set(Arc::as_ptr(&inbox)));
        Self { inbox, _local: PhantomData }
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Takes the first number out of the run queue.
    pub(crate) fn next(&self) -> Option<usize> {
        LOCAL.with(|local| local.ready.borrow_mut().pop_front())
    }

    /// Puts a number taken from the inbox into the run queue.
    pub(crate) fn push(&self, number: usize) {
        LOCAL.with(|local| local.ready.borrow_mut().push_back(number));
    }

    /// Returns the number of entries in the run queue.
    pub(crate) fn ready(&self) -> usize {
        LOCAL.with(|local| local.ready.borrow().len())
    }

    /// Returns the time of the next timer, if one is armed.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        LOCAL.with(|local| local.timers.borrow_mut().next())
    }

    /// Wakes the tasks with due timers.
    pub(crate) fn wake_due(&self, now: Instant) {
        // One at a time, so that the timers are not borrowed while foreign code runs.
        while let Some(waker) = LOCAL.with(|local| local.timers.borrow_mut().take_due(now)) {
            contain(|| waker.wake());
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        LOCAL.with(|local| {
            debug_assert!(
                ptr::eq(local.inbox.get(), Arc::as_ptr(&self.inbox)),
                "a thread has one executor"
            );
            local.inbox.set(ptr::null());
            local.ready.take();
            // Moved out before they are dropped: the drop of a waker runs foreign code.
            let wakers: Vec<Waker> = local.timers.replace(Timers::new()).into_wakers();
            wakers.into_iter().for_each(|waker| _ = contain(|| drop(waker)));
        });
    }
}
