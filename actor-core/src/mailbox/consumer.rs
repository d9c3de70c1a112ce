//! The right to consume: one for each mailbox, enforced by types.
//!
//! Many threads share the rings, the signal and the stack of late results. Each of these also has
//! operations for its one consumer. Such an operation is a method of a view:
//!
//! ```text
//! Consumer<Shared>    makes its `Shared`, so there is one for each; not `Clone`; in the mailbox
//!   └─ here(&mut) ──▶ Here       all rights, on one thread
//!        ├─ Taking               the right to take, exclusive like `&mut`
//!        │    └─ ConsumerSide    a view of `Shared`, its lanes, their rings, or its late results
//!        └─ Sleeper              the right to announce sleep; several, all on that thread
//!             └─ LocalSide       a view of `Shared` or its signal
//! ```
//!
//! A view borrows the consumer and reaches only parts of the consumer's own value. Thus two
//! exclusive views of one ring never exist at the same time, and the consumer of another mailbox
//! cannot view this ring.
//!
//! The signal needs the second kind of view. Two parties of one task announce sleep: the actor's
//! loop, and the actor's watch while the loop's future still borrows the lanes. Both run on the
//! thread that called `here`, so they never run at the same time. For this reason [`Here`],
//! [`Sleeper`] and [`LocalSide`] are neither `Send` nor `Sync`.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;

use crate::mailbox::lazy::FirstUse;

/// The only consumer of an `S`, with data of its own.
///
/// Both in one place, because the consumer reaches them by one pointer for each message.
pub(crate) struct Consumer<S, T = ()> {
    shared: Arc<S>,
    own: T,
}

/// The consumer's right to take.
pub(crate) struct Taking<'a, S, T> {
    consumer: &'a mut Consumer<S, T>,
}

/// All rights of a consumer on one thread.
pub(crate) struct Here<'a, S, T> {
    taking: Taking<'a, S, T>,
    /// Neither `Send` nor `Sync`.
    _here: PhantomData<*mut ()>,
}

/// The right of a consumer on one thread to announce sleep, while another party has the right to
/// take.
pub(crate) struct Sleeper<'a, S> {
    shared: Arc<S>,
    /// The consumer stays on its thread until the end of this borrow.
    _consumer: PhantomData<&'a mut S>,
    /// Neither `Send` nor `Sync`.
    _here: PhantomData<*mut ()>,
}

/// A consumer's exclusive view of a `T`.
pub(super) struct ConsumerSide<'a, T> {
    of: &'a T,
}

/// A view of a `T` for a consumer on one thread.
pub(crate) struct LocalSide<'a, T> {
    of: &'a T,
    /// Neither `Send` nor `Sync`.
    _here: PhantomData<*mut ()>,
}

impl<S, T> Consumer<S, T> {
    /// Takes the value itself, so that it has no other consumer.
    #[inline(always)]
    pub(crate) fn new(shared: S, own: T) -> Self {
        Self { shared: Arc::new(shared), own }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Arc<S> {
        &self.shared
    }

    pub(super) fn own_mut(&mut self) -> &mut T {
        &mut self.own
    }

    /// Returns all rights, for this thread.
    #[inline]
    pub(super) fn here(&mut self) -> Here<'_, S, T> {
        Here { taking: Taking { consumer: self }, _here: PhantomData }
    }
}

#[cfg(all(test, any(loom, shuttle)))]
impl<S> Consumer<S> {
    pub(super) fn side(&mut self) -> ConsumerSide<'_, S> {
        ConsumerSide { of: &self.shared }
    }

    pub(crate) fn local(&mut self) -> LocalSide<'_, S> {
        LocalSide { of: &self.shared, _here: PhantomData }
    }
}

impl<S, T> Taking<'_, S, T> {
    #[inline(always)]
    pub(crate) fn shared(&self) -> &S {
        &self.consumer.shared
    }

    #[inline(always)]
    pub(super) fn own(&self) -> &T {
        &self.consumer.own
    }

    /// Returns the shared value and the consumer's own data, both to be read.
    #[inline(always)]
    pub(super) fn both(&self) -> (&S, &T) {
        (&self.consumer.shared, &self.consumer.own)
    }

    #[inline(always)]
    pub(super) fn own_mut(&mut self) -> &mut T {
        &mut self.consumer.own
    }

    /// Returns a view of the shared value, and the consumer's own data.
    #[inline(always)]
    pub(super) fn parts(&mut self) -> (ConsumerSide<'_, S>, &mut T) {
        let Consumer { shared, own } = &mut *self.consumer;
        (ConsumerSide { of: shared }, own)
    }
}

impl<'a, S, T> Here<'a, S, T> {
    /// Returns the right to take for a shorter time.
    ///
    /// By value: by reference it could be exchanged for the right of a consumer on another thread.
    #[inline(always)]
    pub(crate) fn taking(&mut self) -> Taking<'_, S, T> {
        Taking { consumer: self.taking.consumer }
    }

    /// Returns the same rights for a shorter time.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Here<'_, S, T> {
        Here { taking: self.taking(), _here: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn local(&self) -> LocalSide<'_, S> {
        LocalSide { of: self.taking.shared(), _here: PhantomData }
    }

    /// Returns the same rights together with the right to announce sleep.
    ///
    /// By value: a future stores a local variable that has been borrowed, even after a move.
    pub(crate) fn split(self) -> (Self, Sleeper<'a, S>) {
        let shared = Arc::clone(&self.taking.consumer.shared);
        (self, Sleeper { shared, _consumer: PhantomData, _here: PhantomData })
    }
}

impl<'a, S, T> Deref for Here<'a, S, T> {
    type Target = Taking<'a, S, T>;

    #[inline(always)]
    fn deref(&self) -> &Taking<'a, S, T> {
        &self.taking
    }
}

impl<S> Sleeper<'_, S> {
    #[inline(always)]
    pub(crate) fn local(&self) -> LocalSide<'_, S> {
        LocalSide { of: &self.shared, _here: PhantomData }
    }
}

impl<S> Deref for Sleeper<'_, S> {
    type Target = S;

    #[inline(always)]
    fn deref(&self) -> &S {
        &self.shared
    }
}

impl<'a, T> ConsumerSide<'a, T> {
    /// Views a value out of other threads' reach.
    pub(super) fn of_owned(of: &'a mut T) -> Self {
        Self { of }
    }

    /// Views the same value for a shorter time.
    #[inline(always)]
    pub(super) fn reborrow(&mut self) -> ConsumerSide<'_, T> {
        ConsumerSide { of: self.of }
    }

    /// Returns the value as all threads see it.
    #[inline(always)]
    pub(super) fn get(&self) -> &'a T {
        self.of
    }

    /// Views a field of the value.
    ///
    /// # Panics
    ///
    /// Panics if it is not a field. The compiler removes the check if it is one.
    #[inline(always)]
    pub(super) fn field<U>(self, field: &'a U) -> ConsumerSide<'a, U> {
        assert_is_field(self.of, field);
        ConsumerSide { of: field }
    }
}

impl<'a, T> ConsumerSide<'a, FirstUse<T>> {
    /// Views the value, if it was made. Its maker owns it, so this is the only way to a view.
    #[inline(always)]
    pub(super) fn made(self) -> Option<ConsumerSide<'a, T>> {
        self.of.get().map(|of| ConsumerSide { of })
    }
}

impl<'a, T> ConsumerSide<'a, Box<[T]>> {
    #[inline(always)]
    pub(super) fn item(self, index: usize) -> ConsumerSide<'a, T> {
        ConsumerSide { of: &self.of[index] }
    }
}

impl<T> Deref for ConsumerSide<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        self.of
    }
}

impl<'a, T> LocalSide<'a, T> {
    /// Returns the value as all threads see it.
    #[inline(always)]
    pub(crate) fn get(&self) -> &'a T {
        self.of
    }

    /// Does the same as [`ConsumerSide::field`].
    #[inline(always)]
    pub(super) fn field<U>(&self, field: &'a U) -> LocalSide<'a, U> {
        assert_is_field(self.of, field);
        LocalSide { of: field, _here: PhantomData }
    }
}

impl<T> Deref for LocalSide<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        self.of
    }
}

#[inline(always)]
fn assert_is_field<T, U>(whole: &T, field: &U) {
    let offset = ptr::from_ref(field).addr().wrapping_sub(ptr::from_ref(whole).addr());
    let end = offset.checked_add(size_of::<U>());
    assert!(end.is_some_and(|end| end <= size_of::<T>()), "a view of a part is a view of a field");
}
