//! Publication at the end of the turn.

use crate::actor::context::Context;
use crate::mailbox::Message;
use crate::view::Publisher;

impl<M: Message> Context<M> {
    /// Publishes a value at the end of this turn. Several values of one turn and one publisher
    /// become one publication, of the newest.
    ///
    /// A turn ends when the actor gives its thread back: when no message is left, when a handler
    /// waits, after at most 128 messages or 1 ms, and at the actor's end, before the exit. What a
    /// handler has published stays published if it panics later. A value that is published by
    /// [`Publisher::publish`] after this call replaces this one.
    ///
    /// The replaced snapshot is dropped on the actor's thread, unless a reader still holds it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::view::{self, Publisher};
    /// use actor_core::{Actor, Context, Message};
    ///
    /// struct Add(u64);
    /// impl Message for Add {}
    ///
    /// struct Sum(u64, Publisher<u64>);
    /// impl Actor for Sum {
    ///     type Message = Add;
    ///     async fn handle(&mut self, Add(n): Add, cx: &mut Context<Add>) {
    ///         self.0 += n;
    ///         cx.publish(&self.1, self.0);
    ///     }
    /// }
    /// # use std::time::Duration;
    /// # use actor_core::{Runtime, Spawn, ThreadConfig};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("sum"))?;
    /// let (publisher, mut view) = view::publisher(0);
    /// let (sum, mailbox) = actor_core::mailbox();
    /// sum.try_tell_all([Add(1), Add(2), Add(3)])?;
    /// let _running = Spawn::new(mailbox).start(&executor, move || Sum(0, publisher))?;
    /// // Three messages, one turn, one change.
    /// let changed = view.changed_blocking(Duration::from_secs(10))?.expect("it runs");
    /// assert_eq!((*changed, *view.get()), (6, 6));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn publish<T: Send + Sync + 'static>(&self, publisher: &Publisher<T>, value: T) {
        let replaced = publisher.prepare(value);
        self.shared.life().publish_later(publisher.waiting());
        // Last, because its drop may panic.
        drop(replaced);
    }
}
