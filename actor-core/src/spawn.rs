//! From a mailbox and a maker to a running actor, and from its end to its exit.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::contain::drop_contained;
use crate::mailbox::{Closeable, mailbox};
use crate::serve::serve;
use crate::watch::Watch;
use crate::{Actor, Context, Executor, ExecutorStopped, Exit, ExitReason, Handle, Mailbox, Message, Running};

/// Starts an actor on an executor, and gives a handle to it and the right to stop it.
///
/// `make` runs on the executor's thread; only it must be `Send`, not the state that it makes.
///
/// # Errors
///
/// Fails if the executor has been stopped.
///
/// # Examples
///
/// See the crate's first page.
pub fn spawn<A: Actor>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> A + Send + 'static,
) -> Result<(Handle<A::Message>, Running), ExecutorStopped> {
    let (handle, mailbox) = mailbox();
    Ok((handle, Spawn::new(mailbox).start(executor, make)?))
}

/// A hook that is given every message that was accepted and not delivered, with its lane's name.
type Undelivered<M> = Box<dyn FnMut(&'static str, M) + Send>;

/// Starts an actor on a mailbox that exists already, with options.
///
/// # Examples
///
/// ```
/// use actor_core::{Actor, Context, Message, Spawn};
///
/// struct Job(u32);
/// impl Message for Job {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// let (handle, mailbox) = actor_core::mailbox::<Job>();
/// let (lost, found) = std::sync::mpsc::channel();
/// handle.try_tell(Job(7)).expect("there is room before the actor runs");
///
/// // The actor that never starts: its messages are not lost in silence.
/// let spawn: Spawn<Job> = Spawn::new(mailbox).on_undelivered(move |lane, job| {
///     lost.send((lane, job.0)).expect("the test still listens");
/// });
/// drop(spawn);
/// assert_eq!(found.recv(), Ok(("messages", 7)));
/// ```
#[must_use = "an actor is not started until `start`"]
pub struct Spawn<M: Message> {
    ending: Ending<M>,
}

impl<M: Message> Spawn<M> {
    /// Takes the mailbox that the actor will receive from.
    pub fn new(mailbox: Mailbox<M>) -> Self {
        Self { ending: Ending { mailbox, hook: None, reason: ExitReason::Abandoned } }
    }

    /// Has `hook` given every message that was accepted and not handled when the actor ends, with its lane's name.
    ///
    /// It runs on the actor's thread, after [`Actor::stopped`]. It also runs if the actor never started.
    pub fn on_undelivered(mut self, hook: impl FnMut(&'static str, M) + Send + 'static) -> Self {
        self.ending.hook = Some(Box::new(hook));
        self
    }

    /// Starts the actor. `make` makes its state on the executor's thread.
    ///
    /// # Errors
    ///
    /// Fails if the executor has been stopped. The mailbox is then closed, and its messages go to the hook.
    pub fn start<A: Actor<Message = M>>(
        self,
        executor: &Arc<dyn Executor>,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Result<Running, ExecutorStopped> {
        let ending = self.ending;
        let shared = Arc::clone(ending.mailbox.shared());
        let running = Running::new(shared, Arc::clone(executor));
        let own = Arc::clone(executor);
        executor.spawn(Box::new(move || Box::pin(live(make, ending, own))))?;
        Ok(running)
    }
}

/// One actor's whole life, from making its state to publishing its exit.
async fn live<A: Actor>(make: impl FnOnce() -> A, mut ending: Ending<A::Message>, executor: Arc<dyn Executor>) {
    let shared = Arc::clone(ending.mailbox.shared());
    let mut watch = Watch::new(&*shared, &executor);
    let mut state = None;
    let mut cx = Context::new(Arc::clone(&shared), Arc::clone(&executor));
    let serving = serve(make, &mut state, &mut ending.mailbox, &mut cx, watch.life());
    let mut reason = watch.until_stopped(serving).await;
    ending.mailbox.close();
    let mut late = None;
    if let Some(mut actor) = state {
        late = watch.until_ended(async { actor.stopped(&reason).await }).await;
        late = late.or(drop_contained(actor));
    }
    late = late.or(drop_contained(cx));
    // The first cause stays the reason, unless all was well until here.
    if let (true, Some(late)) = (reason.is_normal(), late) {
        reason = late;
    }
    ending.reason = reason;
}

/// What an actor owes when it ends, however that comes about: its queued messages to the hook, its exit to whoever joins.
struct Ending<M: Message> {
    mailbox: Mailbox<M>,
    /// Without one, they are dropped.
    hook: Option<Undelivered<M>>,
    /// `Abandoned` until the actor's loop has said otherwise.
    reason: ExitReason,
}

impl<M: Message> Drop for Ending<M> {
    fn drop(&mut self) {
        let Self { mailbox, hook, reason } = self;
        let mut undelivered = |lane, message| match hook.as_mut() {
            Some(hook) => hook(lane, message),
            None => drop(message),
        };
        while catch_unwind(AssertUnwindSafe(|| mailbox.drain_undelivered(&mut undelivered))).is_err() {
            // The hook panicked over one message, which the panic hook has reported; the others are still owed.
        }
        // The hook goes before the exit is published: whoever joins may count on what it held.
        drop(drop_contained(hook.take()));
        mailbox.shared().life().end(Exit { reason: reason.clone(), lanes: mailbox.stats() });
    }
}

impl<M: Message> fmt::Debug for Spawn<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn").field("mailbox", &self.ending.mailbox).finish_non_exhaustive()
    }
}
