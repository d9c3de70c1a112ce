//! A stack on which any thread pushes, taken as a whole, oldest first; and the stack of late
//! results, taken by one actor.
//!
//! # Protocol
//!
//! ```text
//! any thread: push                          any thread: take all
//!   node.next = head                          all = head.swap(null)          Acquire
//!   head: next -> node      Release         or close
//!     fails: head is another now, again       all = head.swap(CLOSED)        AcqRel
//!     head is CLOSED: returns the value
//! ```
//!
//! A node is the pusher's until its exchange, and afterwards it belongs to the thread with the
//! swap. All nodes are taken in one step, never only the top one. So a head that a pusher has read
//! may become the head of other nodes. This is harmless, because the pusher reads no data through
//! it.
//!
//! A closed stack can be opened again ([`Serial`](super::serial::Serial) uses this). Two exchanges
//! of the word decide: `CLOSED` to null opens, null to `CLOSED` closes an empty stack. One thread
//! wins each of them. Acquire and Release: the thread that opens sees everything that the closing
//! thread did before.
//!
//! # Late results
//!
//! Messages for a full or closed lane. The stack needs no bound of its own, because it holds at
//! most one message for each piece of work in flight.

#![expect(unsafe_code, reason = "nodes change hands between threads, by the protocol above")]

use std::ptr::{self, NonNull};

use crate::mailbox::consumer::ConsumerSide;
use crate::sync::{AtomicBool, AtomicPtr, Ordering, UnsafeCell};

/// Values pushed by any thread.
pub(super) struct Stack<T> {
    /// The newest node on the stack, null or [`Stack::CLOSED`].
    head: AtomicPtr<Node<T>>,
}

struct Node<T> {
    value: T,
    /// The node below. In the stack this is the next older one; in a [`Chain`], it is the next
    /// newer one.
    next: *mut Self,
}

/// Values taken off a stack, oldest first. Dropping it drops the rest.
pub(super) struct Chain<T> {
    oldest: *mut Node<T>,
}

// SAFETY: values are `Send`, and a node belongs to one thread at a time.
unsafe impl<T: Send> Send for Stack<T> {}
// SAFETY: through a reference, whole values go in and come out, and no value is read in place.
unsafe impl<T: Send> Sync for Stack<T> {}

impl<T> Stack<T> {
    /// No node's address: no node lies at the address equal to its alignment.
    const CLOSED: *mut Node<T> = NonNull::dangling().as_ptr();

    /// Creates an open, empty stack.
    pub(super) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Creates a closed stack.
    pub(super) fn closed() -> Self {
        Self { head: AtomicPtr::new(Self::CLOSED) }
    }

    /// Pushes a value. A closed stack returns it.
    pub(super) fn push(&self, value: T) -> Result<(), T> {
        self.offer::<false>(value)
    }

    /// Pushes a value onto an open stack. Opens a closed one, and returns the value.
    pub(super) fn push_or_open(&self, value: T) -> Result<(), T> {
        self.offer::<true>(value)
    }

    fn offer<const OPENS: bool>(&self, value: T) -> Result<(), T> {
        let node = Box::into_raw(Box::new(Node { value, next: ptr::null_mut() }));
        // Relaxed: no data is read through the head.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let (to, order) = if head != Self::CLOSED {
                // SAFETY: the node is this thread's until the exchange.
                unsafe { (*node).next = head };
                // Release: pairs with the Acquire of the swaps below.
                (node, Ordering::Release)
            } else if OPENS {
                // Acquire: pairs with the Release in `close_if_empty`.
                (ptr::null_mut(), Ordering::Acquire)
            } else {
                break;
            };
            match self.head.compare_exchange(head, to, order, Ordering::Relaxed) {
                Ok(_) if to == node => return Ok(()),
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        // SAFETY: it was made above, and no other thread has it.
        let node = unsafe { Box::from_raw(node) };
        Err(node.value)
    }

    /// Returns whether the stack may hold a value.
    pub(super) fn holds_any(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        !head.is_null() && head != Self::CLOSED
    }

    /// Takes all values off a stack that no other thread closes or opens meanwhile.
    pub(super) fn take_all(&self) -> Chain<T> {
        if self.holds_any() { self.swap(ptr::null_mut()) } else { Chain::empty() }
    }

    /// Takes all values, and closes the stack.
    pub(super) fn close(&self) -> Chain<T> {
        self.swap(Self::CLOSED)
    }

    /// Closes an open, empty stack. Returns whether this call did.
    pub(super) fn close_if_empty(&self) -> bool {
        // Release: pairs with the Acquire in `offer`.
        let (from, to) = (ptr::null_mut(), Self::CLOSED);
        self.head.compare_exchange(from, to, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    fn swap(&self, leave: *mut Node<T>) -> Chain<T> {
        // Acquire: pairs with the Release in `push`.
        let mut newest = self.head.swap(leave, Ordering::AcqRel);
        let mut oldest = ptr::null_mut();
        while !newest.is_null() && newest != Self::CLOSED {
            // SAFETY: the swap has given the nodes to the caller.
            let below = unsafe { std::mem::replace(&mut (*newest).next, oldest) };
            oldest = std::mem::replace(&mut newest, below);
        }
        Chain { oldest }
    }
}

impl<T> Chain<T> {
    fn empty() -> Self {
        Self { oldest: ptr::null_mut() }
    }

    fn is_empty(&self) -> bool {
        self.oldest.is_null()
    }
}

impl<T> Iterator for Chain<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let node = NonNull::new(self.oldest)?;
        // SAFETY: a node of a chain is the chain's, and this moves it to the caller.
        let node = unsafe { Box::from_raw(node.as_ptr()) };
        self.oldest = node.next;
        Some(node.value)
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        while self.next().is_some() {}
    }
}

impl<T> Drop for Stack<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// Late results, and other values for one actor.
pub(crate) struct Late<M> {
    stack: Stack<M>,
    /// The values that the actor has taken off the stack. Used by the actor alone.
    taken: UnsafeCell<Chain<M>>,
    /// Whether taken values are left. Written by the actor alone.
    has_taken: AtomicBool,
}

// SAFETY: messages are `Send`, and only the consumer reaches the taken ones.
unsafe impl<M: Send> Send for Late<M> {}
// SAFETY: the stack is `Sync`, and only the consumer reaches the taken messages.
unsafe impl<M: Send> Sync for Late<M> {}

impl<M> Late<M> {
    pub(crate) fn new() -> Self {
        Self {
            stack: Stack::new(),
            taken: UnsafeCell::new(Chain::empty()),
            has_taken: AtomicBool::new(false),
        }
    }

    /// Hands the message to the actor. Returns the message if the actor has ended.
    pub(crate) fn push(&self, message: M) -> Result<(), M> {
        self.stack.push(message)
    }

    /// Returns whether a message may wait. Called by the actor.
    pub(crate) fn holds_any(&self) -> bool {
        self.has_taken.load(Ordering::Relaxed) || self.stack.holds_any()
    }
}

/// The actor's operations.
impl<M> ConsumerSide<'_, Late<M>> {
    /// Takes the oldest message.
    pub(super) fn next(&mut self) -> Option<M> {
        self.pop(Stack::take_all)
    }

    /// Takes the oldest message, and closes the stack.
    pub(super) fn next_of_last(&mut self) -> Option<M> {
        self.pop(Stack::close)
    }

    fn pop(&mut self, more: impl FnOnce(&Stack<M>) -> Chain<M>) -> Option<M> {
        let late = self.get();
        late.taken.with_mut(|taken| {
            // SAFETY: the field is the consumer's, and this is the only view of it.
            let taken = unsafe { &mut *taken };
            let next = taken.next().or_else(|| {
                *taken = more(&late.stack);
                taken.next()
            });
            late.has_taken.store(!taken.is_empty(), Ordering::Relaxed);
            next
        })
    }
}
