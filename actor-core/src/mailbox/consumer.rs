//! The right to consume: one for each mailbox, enforced by types.
//!
//! Many threads share the rings, the signal and the stack of late results. Each of these also has
//! operations for its one consumer. Such an operation is a method of a view:
//!
//! ```text
//! Consumer<Shared>      makes its `Shared`, so there is one for each; not `Clone`; in the mailbox
//!   └─ split(&mut) ─┬──▶ ConsumerSide<Shared> ──▶ of its lanes, their rings, its late results
//!                   │    exclusive, like `&mut`
//!                   └──▶ LocalSide<Shared> ─────▶ of its signal
//!                        several, all on one thread
//! ```
//!
//! A view borrows the consumer and reaches only parts of the consumer's own value. Thus two
//! exclusive views of one ring never exist at the same time, and the consumer of another mailbox
//! cannot view this ring.
//!
//! The signal needs the second kind of view. Two parties of one task announce sleep: the actor's
//! loop, and the actor's watch while the loop's future still borrows the lanes. Both run on the
//! thread that split the consumer, so they never run at the same time. For this reason a
//! [`LocalSide`] is neither `Send` nor `Sync`.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;

/// The only consumer of an `S`.
pub(crate) struct Consumer<S> {
    shared: Arc<S>,
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

/// Owns a value outside of its own memory.
pub(super) trait Owner {
    type Owned;

    /// Returns the value if there is one. A view of the owner includes it, so no other owner may
    /// share it.
    fn owned(&self) -> Option<&Self::Owned>;
}

impl<S> Consumer<S> {
    /// Takes the value itself, so that it has no other consumer.
    pub(crate) fn new(shared: S) -> Self {
        Self { shared: Arc::new(shared) }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Arc<S> {
        &self.shared
    }

    /// Returns the right to take and the right to announce sleep, both until the borrow ends.
    #[inline]
    pub(super) fn split(&mut self) -> (ConsumerSide<'_, S>, LocalSide<'_, S>) {
        (ConsumerSide { of: &self.shared }, LocalSide { of: &self.shared, _here: PhantomData })
    }

    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn side(&mut self) -> ConsumerSide<'_, S> {
        self.split().0
    }

    #[cfg(all(test, any(loom, shuttle)))]
    pub(crate) fn here(&mut self) -> LocalSide<'_, S> {
        self.split().1
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

    /// Views the value's owned value, if there is one.
    #[inline(always)]
    pub(super) fn owned(self) -> Option<ConsumerSide<'a, T::Owned>>
    where
        T: Owner,
    {
        self.of.owned().map(|of| ConsumerSide { of })
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

    /// As [`ConsumerSide::field`].
    #[inline(always)]
    pub(super) fn field<U>(&self, field: &'a U) -> LocalSide<'a, U> {
        assert_is_field(self.of, field);
        LocalSide { of: field, _here: PhantomData }
    }
}

impl<T> Clone for LocalSide<'_, T> {
    fn clone(&self) -> Self {
        Self { of: self.of, _here: PhantomData }
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
    assert!(offset < size_of::<T>(), "a view of a part is a view of a field");
}
