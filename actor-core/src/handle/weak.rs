//! A handle that does not keep its actor reachable.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::handle::strong::Handle;
use crate::mailbox::{Message, Shared};

/// A handle that does not keep its actor reachable.
pub struct WeakHandle<M: Message> {
    shared: Weak<Shared<M>>,
}

impl<M: Message> Handle<M> {
    /// Makes a handle that does not keep the actor reachable.
    #[must_use]
    pub fn downgrade(&self) -> WeakHandle<M> {
        WeakHandle { shared: Arc::downgrade(&self.shared) }
    }
}

impl<M: Message> WeakHandle<M> {
    /// Makes a full handle again, unless none is left or the actor has ended.
    #[must_use]
    pub fn upgrade(&self) -> Option<Handle<M>> {
        let shared = self.shared.upgrade()?;
        (!shared.is_closed() && shared.add_handle_if_any()).then_some(Handle { shared })
    }
}

impl<M: Message> Clone for WeakHandle<M> {
    fn clone(&self) -> Self {
        Self { shared: Weak::clone(&self.shared) }
    }
}

impl<M: Message> fmt::Debug for WeakHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakHandle").finish_non_exhaustive()
    }
}
