//! The way back of offloaded work: its result becomes a message, and waits for room without holding a thread.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::block::block_on_for;
use crate::{Executor, Handle, Message};

/// Delivers a result to the actor that `executor` runs. Called on the thread that did the work.
///
/// A lane without room is waited for on the actor's executor. A pool has only so many threads, and if they all waited
/// here, an actor that waits for the pool would wait for ever.
pub(crate) fn deliver<M: Message>(handle: Handle<M>, executor: &Arc<dyn Executor>, message: M) {
    let Err(message) = handle.offer(message) else { return };
    let wait = async move {
        // Refused only if the actor has ended: then nobody is left to have the result.
        drop(handle.tell(message).await);
    };
    if let Err(refused) = executor.spawn(Box::new(move || Box::pin(wait))) {
        // The executor takes no more futures, so that this thread waits.
        let mut wait = (refused.into_maker())();
        block_on_for(pin!(&mut wait), Duration::MAX);
    }
}
