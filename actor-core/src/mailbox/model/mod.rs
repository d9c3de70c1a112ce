//! The two rings and the waker's cell under the loom model checker: nothing lost, nothing twice, no torn value.
//!
//! loom's cells find a value that two threads touch at once; a value that is lost or dropped twice shows in the count of its
//! owners at the end.

mod evicting;
mod ring;
mod signal;

use std::sync::Arc;

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A value, and a share in the count of all that live.
type Counted = (u32, Arc<()>);
