//! All attached streams of one life. Used by the actor's task alone, except for the way of wakes
//! (`mailbox/wakes.rs`).
//!
//! A stream is polled only after it was woken or has yielded an item, and only when the actor would
//! handle another message. One item is pulled at a time, and handled at once, so no item waits
//! here. Streams with items take turns in the order of the list.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::actor::streams::source::{Pulled, Source};
use crate::mailbox::{Message, Shared, StreamBell, WakeCollector};
use crate::panic::drop_contained;

pub(crate) struct Streams<M> {
    attached: BTreeMap<u64, Attached<M>>,
    /// The numbers of the streams to be polled, in the order of their turns. May contain those of
    /// detached streams.
    list: VecDeque<u64>,
    /// The messages of streams that were refused.
    refused: VecDeque<M>,
    wakes: WakeCollector<M>,
    /// The number of streams that keep the actor alive.
    keeping: usize,
    limit: usize,
    /// Whether the last message from outside the lanes was an item.
    was_item: bool,
}

struct Attached<M> {
    source: Pin<Box<dyn Source<M>>>,
    bell: Arc<StreamBell<M>>,
    waker: Waker,
    keeps: bool,
}

/// The limit on attached streams, unless the actor sets another one.
pub(super) const LIMIT: usize = 65_536;

/// At most this many streams are polled in one call without an item. Then the lanes, the timers and
/// the actor's neighbours have their turn.
const AT_ONCE: usize = 32;

/// Numbers of detached streams allowed in the list besides those of attached ones.
const SLACK: usize = 64;

impl<M: Message> Streams<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>) -> Self {
        Self {
            attached: BTreeMap::new(),
            list: VecDeque::new(),
            refused: VecDeque::new(),
            wakes: WakeCollector::new(shared),
            keeping: 0,
            limit: LIMIT,
            was_item: false,
        }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(crate) fn len(&self) -> usize {
        self.attached.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.attached.is_empty() && self.refused.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.attached.len() < self.limit
    }

    /// Returns whether a stream is attached that keeps the actor reachable.
    pub(crate) fn keep_reachable(&self) -> bool {
        self.keeping > 0 || !self.refused.is_empty()
    }

    /// Adds a stream, to be polled at the actor's next turn.
    pub(super) fn add(&mut self, source: Pin<Box<dyn Source<M>>>, keeps: bool) -> u64 {
        let number = self.number();
        if self.list.len() > 2 * self.attached.len() + SLACK {
            self.list.retain(|number| self.attached.contains_key(number));
        }
        let bell = self.wakes.bell(number);
        let waker = Waker::from(Arc::clone(&bell));
        self.attached.insert(number, Attached { source, bell, waker, keeps });
        self.keeping += usize::from(keeps);
        self.list.push_back(number);
        number
    }

    fn number(&self) -> u64 {
        self.wakes.shared().make_beside().number_of_work()
    }

    /// Answers a stream that was refused, or counts it if it has no message. Returns its number.
    pub(super) fn refuse(&mut self, message: Option<M>) -> u64 {
        match message.and_then(|message| self.wakes.shared().with_lane(message)) {
            Some(message) => self.refused.push_back(message),
            None => self.count_lost(),
        }
        self.number()
    }

    /// Counts a stream or an item without its message.
    fn count_lost(&self) {
        self.wakes.shared().make_beside().work_is_lost(1, 0);
    }

    /// Drops a stream. Returns whether it was attached.
    pub(super) fn detach(&mut self, number: u64) -> bool {
        let Some(Attached { source, bell, keeps, .. }) = self.attached.remove(&number) else {
            return false;
        };
        self.keeping -= usize::from(keeps);
        // A wake from now on adds nothing.
        bell.mark();
        if self.attached.is_empty() {
            self.list.clear();
        }
        // The panic hook has reported any panic in this drop.
        drop(drop_contained(source));
        true
    }

    /// Returns whether an item goes before a result of work, if there are both.
    pub(crate) fn go_first(&mut self) -> bool {
        !std::mem::take(&mut self.was_item)
    }

    /// Pulls an item of the next stream that has one, and returns its message.
    pub(crate) fn poll_message(&mut self) -> Option<M> {
        if let Some(message) = self.refused.pop_front() {
            self.was_item = true;
            return Some(message);
        }
        for _ in 0..AT_ONCE {
            let Some(number) = self.wakes.next() else { break };
            self.list.push_back(number);
        }
        for _ in 0..self.list.len().min(AT_ONCE) {
            let Some(number) = self.list.pop_front() else { break };
            if let Some(message) = self.pull(number) {
                self.was_item = true;
                return Some(message);
            }
        }
        if self.has_more() {
            // The rest has the next turn.
            self.wakes.interrupt();
        }
        None
    }

    fn pull(&mut self, number: u64) -> Option<M> {
        let Attached { source, bell, waker, .. } = self.attached.get_mut(&number)?;
        bell.unmark();
        let message = match source.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Pending => return None,
            Poll::Ready(Pulled::Item(message)) => {
                if bell.mark() {
                    self.list.push_back(number);
                }
                Some(message)
            }
            Poll::Ready(Pulled::Last(message)) => {
                self.detach(number);
                Some(message?)
            }
            Poll::Ready(Pulled::Lost) => {
                self.detach(number);
                None
            }
        };
        let message = message.and_then(|message| self.wakes.shared().with_lane(message));
        if message.is_none() {
            self.count_lost();
        }
        message
    }

    /// Returns the number of polls that are due, as a model checks it.
    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn waiting(&mut self) -> usize {
        self.list.extend(std::iter::from_fn(|| self.wakes.next()));
        self.list.len()
    }

    /// Returns whether a stream is to be polled.
    pub(crate) fn has_more(&self) -> bool {
        // Without a stream, what is left belongs to detached ones.
        let may_have = !self.list.is_empty() || self.wakes.holds_any();
        !self.refused.is_empty() || (!self.attached.is_empty() && may_have)
    }
}

impl<M> Drop for Streams<M> {
    /// Drops the streams, oldest first.
    fn drop(&mut self) {
        self.wakes.close();
        while let Some((_, attached)) = self.attached.pop_first() {
            drop(drop_contained(attached));
        }
        while let Some(message) = self.refused.pop_front() {
            drop(drop_contained(message));
        }
    }
}
