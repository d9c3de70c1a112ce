//! The rings, the waker's cell and the small tables under the model checkers: nothing lost, nothing
//! twice, no torn value.
//!
//! The checkers' cells detect two threads using one value at the same time. A value lost or dropped
//! twice shows in the count of its owners at the end.

mod by_key;
mod evicting;
mod filled;
mod late;
mod life;
mod reserve;
mod ring;
mod serial;
mod share;
mod signal;
mod sources;
mod verdict;
mod waits;
mod watchers;

use std::sync::Arc;

/// A value, and a share in the count of live values.
type Counted = (u32, Arc<()>);
