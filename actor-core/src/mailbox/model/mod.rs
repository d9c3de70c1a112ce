//! The two rings and the waker's cell under the model checkers: nothing lost, nothing twice, no torn value.
//!
//! The checkers' cells find a value that two threads touch at once; a value that is lost or dropped twice shows in the count of its
//! owners at the end.

mod by_key;
mod evicting;
mod filled;
mod late;
mod life;
mod ring;
mod share;
mod signal;
mod sources;

use std::sync::Arc;

/// A value, and a share in the count of all that live.
type Counted = (u32, Arc<()>);
