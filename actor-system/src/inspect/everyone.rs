//! The named actors of all systems of this process, by their numbers.
//!
//! A wait names the awaited actor by its number alone, because it is one word (`waits` in the
//! core). This list finds the actor again, also if it belongs to another system. It keeps no actor
//! alive. A system adds an actor before the actor's life begins, and removes it at the end.

use std::sync::{Arc, LazyLock, Weak};

use papaya::HashMap;

use crate::system::Entry;

static EVERYONE: LazyLock<HashMap<u64, Weak<Entry>>> = LazyLock::new(HashMap::new);

/// Adds an actor at its begin.
pub(crate) fn add(entry: &Arc<Entry>) {
    EVERYONE.pin().insert(entry.number, Arc::downgrade(entry));
}

/// Removes an actor at its end.
pub(crate) fn remove(number: u64) {
    EVERYONE.pin().remove(&number);
}

/// Finds an actor by its number.
pub(crate) fn find(number: u64) -> Option<Arc<Entry>> {
    EVERYONE.pin().get(&number)?.upgrade()
}
