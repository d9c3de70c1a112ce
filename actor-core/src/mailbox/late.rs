//! Results of offloaded work that found no room in their lane, or the lane closed: a stack that any thread pushes onto, and
//! that the actor empties, oldest first.
//!
//! It needs no bound of its own: it holds at most one message for each piece of work in flight.
//!
//! ```text
//! worker                                    actor
//!   node.next = head                          all = head.swap(null)          Acquire
//!   head: next -> node      Release             or, at its end,
//!     fails: head is another now, again       all = head.swap(CLOSED)        Acquire
//!     head is CLOSED: the message comes back
//! ```
//!
//! A node is the worker's until its exchange, and the actor's from then on. The actor takes all nodes in one step and never
//! one from the top, so a head that a worker has read may come back as the head of other nodes: that does no harm,
//! because the worker reads nothing of it.

#![expect(unsafe_code, reason = "nodes change hands between threads, by the protocol above")]

use std::ptr::{self, NonNull};

use crate::mailbox::consumer::ConsumerSide;
use crate::sync::{AtomicPtr, Ordering, UnsafeCell};

/// Messages that came late.
pub(crate) struct Late<M> {
    /// The newest node on the stack, null or [`Late::CLOSED`].
    head: AtomicPtr<Node<M>>,
    /// The oldest node of those that the actor has taken off the stack, or null. The actor's alone.
    taken: UnsafeCell<*mut Node<M>>,
}

struct Node<M> {
    message: M,
    /// The node below: the next older one in the stack, and the next newer one once the actor has it.
    next: *mut Self,
}

// SAFETY: messages are `Send`, and a node belongs to one thread at a time.
unsafe impl<M: Send> Send for Late<M> {}
// SAFETY: by reference, messages go in and come out whole; none is looked at in place.
unsafe impl<M: Send> Sync for Late<M> {}
impl<M> Late<M> {
    /// No node's address: a node is never where its alignment alone says.
    const CLOSED: *mut Node<M> = NonNull::dangling().as_ptr();

    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), taken: UnsafeCell::new(ptr::null_mut()) }
    }

    /// Hands the message to the actor, or back if the actor has ended.
    pub(crate) fn push(&self, message: M) -> Result<(), M> {
        let node = Box::into_raw(Box::new(Node { message, next: ptr::null_mut() }));
        // Relaxed: nothing of the node that is found is read.
        let mut head = self.head.load(Ordering::Relaxed);
        while head != Self::CLOSED {
            // SAFETY: the node is this thread's until the exchange.
            unsafe { (*node).next = head };
            // Release: pairs with the Acquire of the swaps below.
            match self.head.compare_exchange(head, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => head = now,
            }
        }
        // SAFETY: it was made above, and handed to nobody.
        let node = unsafe { Box::from_raw(node) };
        Err(node.message)
    }

    /// Tells whether anything may be on the stack.
    pub(crate) fn holds_any(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        !head.is_null() && head != Self::CLOSED
    }

    /// Takes everything off the stack, and gives the oldest node, which names the next newer one.
    fn take_all(&self, leave: *mut Node<M>) -> *mut Node<M> {
        // Acquire: pairs with the Release in `push`.
        let mut newest = self.head.swap(leave, Ordering::Acquire);
        let mut oldest = ptr::null_mut();
        while !newest.is_null() && newest != Self::CLOSED {
            // SAFETY: what was on the stack is the caller's by the swap.
            let below = unsafe { std::mem::replace(&mut (*newest).next, oldest) };
            oldest = std::mem::replace(&mut newest, below);
        }
        oldest
    }
}

/// The actor's operations.
impl<M> ConsumerSide<'_, Late<M>> {
    /// Takes the oldest message.
    pub(super) fn next(&mut self) -> Option<M> {
        self.pop(|late| if late.holds_any() { late.take_all(ptr::null_mut()) } else { ptr::null_mut() })
    }

    /// Takes the oldest message, and has the stack take nothing any more.
    pub(super) fn next_of_last(&mut self) -> Option<M> {
        self.pop(|late| late.take_all(Late::CLOSED))
    }

    fn pop(&mut self, more: impl FnOnce(&Late<M>) -> *mut Node<M>) -> Option<M> {
        let late = self.get();
        late.taken.with_mut(|taken| {
            // SAFETY: the field is the consumer's, and this view is the only one.
            let taken = unsafe { &mut *taken };
            let node = NonNull::new(*taken).or_else(|| NonNull::new(more(late)))?;
            // SAFETY: what was taken off the stack is the actor's, and by this moves to the caller.
            let node = unsafe { Box::from_raw(node.as_ptr()) };
            *taken = node.next;
            Some(node.message)
        })
    }
}

impl<M> Drop for Late<M> {
    fn drop(&mut self) {
        let mut side = ConsumerSide::of_owned(self);
        while side.next_of_last().is_some() {}
    }
}
