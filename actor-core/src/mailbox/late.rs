//! Results of offloaded work for a full or closed lane: a stack. Any thread pushes, and the actor
//! takes the oldest first.
//!
//! It needs no bound of its own, because it holds at most one message for each piece of work in
//! flight.
//!
//! ```text
//! worker                                    actor
//!   node.next = head                          all = head.swap(null)          Acquire
//!   head: next -> node      Release             or, at its end,
//!     fails: head is another now, again       all = head.swap(CLOSED)        Acquire
//!     head is CLOSED: returns the message
//! ```
//!
//! A node is the worker's until its exchange, and the actor's afterwards. The actor takes all nodes
//! in one step and never only the top one. So a head that a worker has read may become the head of
//! other nodes. This is harmless, because the worker reads no data through it.

#![expect(unsafe_code, reason = "nodes change hands between threads, by the protocol above")]

use std::ptr::{self, NonNull};

use crate::mailbox::consumer::ConsumerSide;
use crate::sync::{AtomicPtr, Ordering, UnsafeCell};

/// Late results.
pub(crate) struct Late<M> {
    /// The newest node on the stack, null or [`Late::CLOSED`].
    head: AtomicPtr<Node<M>>,
    /// The oldest node that the actor has taken off the stack, or null. Used by
    /// the actor alone.
    taken: UnsafeCell<*mut Node<M>>,
}

struct Node<M> {
    message: M,
    /// The node below. In the stack this is the next older one; once the actor has the node, it is
    /// the next newer one.
    next: *mut Self,
}

// SAFETY: messages are `Send`, and a node belongs to one thread at a time.
unsafe impl<M: Send> Send for Late<M> {}
// SAFETY: through a reference, whole messages go in and come out, and no message is read in place.
unsafe impl<M: Send> Sync for Late<M> {}
impl<M> Late<M> {
    /// No node's address: no node lies at the address equal to its alignment.
    const CLOSED: *mut Node<M> = NonNull::dangling().as_ptr();

    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), taken: UnsafeCell::new(ptr::null_mut()) }
    }

    /// Hands the message to the actor. Returns the message if the actor has ended.
    pub(crate) fn push(&self, message: M) -> Result<(), M> {
        let node = Box::into_raw(Box::new(Node { message, next: ptr::null_mut() }));
        // Relaxed: no data is read through the head.
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
        // SAFETY: it was made above, and no other thread has it.
        let node = unsafe { Box::from_raw(node) };
        Err(node.message)
    }

    /// Returns whether the stack may hold a message.
    pub(crate) fn holds_any(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        !head.is_null() && head != Self::CLOSED
    }

    /// Takes all nodes off the stack, and returns the oldest, linked to the newer ones.
    fn take_all(&self, leave: *mut Node<M>) -> *mut Node<M> {
        // Acquire: pairs with the Release in `push`.
        let mut newest = self.head.swap(leave, Ordering::Acquire);
        let mut oldest = ptr::null_mut();
        while !newest.is_null() && newest != Self::CLOSED {
            // SAFETY: the swap has given the nodes to the caller.
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
        self.pop(
            |late| if late.holds_any() { late.take_all(ptr::null_mut()) } else { ptr::null_mut() },
        )
    }

    /// Takes the oldest message, and closes the stack.
    pub(super) fn next_of_last(&mut self) -> Option<M> {
        self.pop(|late| late.take_all(Late::CLOSED))
    }

    fn pop(&mut self, more: impl FnOnce(&Late<M>) -> *mut Node<M>) -> Option<M> {
        let late = self.get();
        late.taken.with_mut(|taken| {
            // SAFETY: the field is the consumer's, and this is the only view of it.
            let taken = unsafe { &mut *taken };
            let node = NonNull::new(*taken).or_else(|| NonNull::new(more(late)))?;
            // SAFETY: a taken node is the actor's, and this moves it to the caller.
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
