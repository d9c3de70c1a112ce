//! The way back of offloaded work: its result becomes a message, and waits for room without holding a thread.

use std::sync::Arc;
use std::time::Duration;

use concurrent_queue::ConcurrentQueue;

use crate::{Executor, Handle, Message};

/// Delivers a result to the actor that `executor` runs. Called on the thread that did the work.
///
/// A lane without room is waited for on the actor's executor. A pool has only so many threads, and if they all waited
/// here, an actor that waits for the pool would wait for ever.
pub(crate) fn deliver<M: Message>(handle: Handle<M>, executor: &Arc<dyn Executor>, message: M) {
    let Err(message) = handle.offer(message) else { return };
    // Shared rather than moved, so that an executor that takes no more futures does not take the message with it.
    let held = Arc::new(ConcurrentQueue::bounded(1));
    // There is room for one.
    drop(held.push(message));
    let (waiting, its_handle) = (Arc::clone(&held), handle.clone());
    let wait = async move {
        if let Ok(message) = waiting.pop() {
            // Refused only if the actor has ended: then nobody is left to have the result.
            drop(its_handle.tell(message).await);
        }
    };
    if executor.spawn(Box::new(move || Box::pin(wait))).is_err()
        && let Ok(message) = held.pop()
    {
        drop(handle.tell_blocking(message, Duration::MAX));
    }
}
