//! The trait that an owner of state implements.

mod batch;
pub(crate) mod budget;
pub(crate) mod context;
pub(crate) mod offload;
pub(crate) mod timers;

pub use batch::Batch;
pub use context::Context;
pub use offload::WorkError;
pub use timers::{Beat, TimerId};

use std::future::Future;

use crate::mailbox::Message;
use crate::mailbox::exit::ExitReason;

/// Owns state, and handles the messages that reach it one after the other.
///
/// Its state is made on its executor's thread and never leaves it, so neither the state nor a handler's future need
/// be `Send`, and nothing in it needs a lock. Handlers are plain `async fn`s; one that never waits costs what a
/// function costs. While a handler waits, no other message is handled: an owner of state starts long work elsewhere
/// ([`Context::offload`]) and gets the result as a message.
///
/// A panic ends this actor only, and its [`ExitReason`] says so.
///
/// # Examples
///
/// State that is not `Send`, and one message that wants an answer:
///
/// ```
/// use std::rc::Rc;
///
/// use actor_core::{Actor, Context, Message, Reply};
///
/// enum Names {
///     Add(String),
///     Count(Reply<usize>),
/// }
/// impl Message for Names {}
///
/// struct Register {
///     names: Vec<Rc<str>>,
/// }
///
/// impl Actor for Register {
///     type Message = Names;
///
///     async fn handle(&mut self, message: Names, _cx: &mut Context<Names>) {
///         match message {
///             Names::Add(name) => self.names.push(name.into()),
///             Names::Count(reply) => reply.send(self.names.len()),
///         }
///     }
/// }
/// ```
///
/// It is given to an executor with [`spawn`](crate::spawn), or with [`Spawn`](crate::Spawn) for all options.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    label = "this type does not implement `Actor`",
    note = "implement `Actor` for it: name its `type Message`, and write `async fn handle(&mut self, message, cx)`"
)]
pub trait Actor: Sized + 'static {
    /// Everything that this actor may be sent.
    type Message: Message;

    /// Runs once, on the actor's thread, before the first message: arms timers, starts work.
    fn started(&mut self, cx: &mut Context<Self::Message>) -> impl Future<Output = ()> {
        let _ = cx;
        async {}
    }

    /// Handles one message. The next one waits until this future is ready.
    fn handle(&mut self, message: Self::Message, cx: &mut Context<Self::Message>) -> impl Future<Output = ()>;

    /// Handles messages of a lane that is handled in [batches](crate::Lane::batch), as the iterator gives them out.
    ///
    /// For work that is cheaper for many at once: verifying signatures, merging votes. Without an implementation of its own
    /// each message goes to [`handle`](Self::handle). A batch whose first message is not taken is handled as one message.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Lane, Message};
    /// use actor_core::actor::Batch;
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 1024).batch(64)];
    /// }
    ///
    /// #[derive(Default)]
    /// struct Votes {
    ///     merged: Vec<u64>,
    ///     merges: usize,
    /// }
    ///
    /// impl Actor for Votes {
    ///     type Message = Vote;
    ///
    ///     async fn handle(&mut self, vote: Vote, _cx: &mut Context<Vote>) {
    ///         self.merged.push(vote.0);
    ///     }
    ///
    ///     async fn handle_batch(&mut self, batch: &mut Batch<'_, Vote>, _cx: &mut Context<Vote>) {
    ///         self.merges += 1;
    ///         self.merged.extend(batch.map(|vote| vote.0));
    ///     }
    /// }
    /// ```
    fn handle_batch(
        &mut self,
        batch: &mut Batch<'_, Self::Message>,
        cx: &mut Context<Self::Message>,
    ) -> impl Future<Output = ()> {
        async {
            for message in batch {
                self.handle(message, cx).await;
            }
        }
    }

    /// Runs once when the actor ends, whatever the reason, unless it never started. Its mailbox is closed by then.
    ///
    /// After [`ExitReason::Panicked`], [`Killed`](ExitReason::Killed) and
    /// [`DeadlinePassed`](ExitReason::DeadlinePassed) a handler was left in the middle of its work, and the state is
    /// as it was there. An actor that is stopped at once, or whose deadline has passed, runs this to its first wait and
    /// no further.
    fn stopped(&mut self, reason: &ExitReason) -> impl Future<Output = ()> {
        let _ = reason;
        async {}
    }
}
