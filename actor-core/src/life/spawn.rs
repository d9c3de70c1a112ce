//! From a mailbox and a maker to a running actor, and from its end to its exit.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};

use crate::actor::Actor;
use crate::handle::{Handle, mailbox};
use crate::life::running::Running;
use crate::life::serve::{Parts, serve};
use crate::life::watch::Watch;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Closeable, Mailbox, Message, Shared, Sleeper};
use crate::panic::{contained, drop_contained};
use crate::runtime::Executor;

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
) -> Result<(Handle<A::Message>, Running), SpawnError> {
    let (handle, mailbox) = mailbox();
    Ok((handle, Spawn::new(mailbox).start(executor, make)?))
}

/// The actor was not started, because its executor has been stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpawnError;

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
        Self { ending: Ending { mailbox, hook: None, reason: Reason(None) } }
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
    ) -> Result<Running, SpawnError> {
        let mut ending = self.ending;
        ending.mailbox.linger_if(executor.spins());
        let shared = Arc::clone(ending.mailbox.shared());
        let running = Running::new(shared, Arc::clone(executor));
        let watch = Watch::new(Arc::clone(executor));
        match executor.spawn(Box::new(move || Box::pin(live(make, ending, watch)))) {
            Ok(()) => Ok(running),
            Err(refused) => {
                // The panic hook has reported a panic in it.
                drop(drop_contained(refused));
                Err(SpawnError)
            }
        }
    }
}

/// One actor's whole life, from making its state to publishing its exit.
///
/// Written as one block, each part pinned where it is made: an `async fn` keeps what it is given twice, and an actor's size
/// is this future's.
fn live<A: Actor>(
    make: impl FnOnce() -> A,
    mut ending: Ending<A::Message>,
    mut watch: Watch,
) -> impl Future<Output = ()> {
    let mut parts = Parts { make: Some(make), state: None, cx: watch.context(ending.mailbox.shared()) };
    async move {
        // The first capture is dropped first with the future, and the state must be dropped before
        // the exit is published.
        let all = &mut parts;
        let receiver = ending.mailbox.receiver();
        let mailbox = receiver.sleeper();
        {
            let mut serving = pin!(Some(serve(all, receiver)));
            let reason = Serving { watch: &mut watch, mailbox: &mailbox, part: serving.as_mut() }.await;
            ending.reason.0 = Some(reason);
            // What a handler held where it waited is dropped here. Should that panic, the panic hook has reported it, and
            // the reason for dropping it stays the actor's.
            drop(contained(|| serving.set(None)));
        }
        mailbox.close();
        mailbox.interrupt();
        if let Some(actor) = &mut parts.state {
            let reason = ending.reason.get();
            let mut stopped = pin!(Some(async {
                actor.stopped(&reason).await;
                ExitReason::Stopped
            }));
            let late = poll_fn(|task| watch.poll_stopped(&mailbox, stopped.as_mut(), task)).await;
            drop(contained(|| stopped.set(None)));
            ending.reason.also(Some(late));
        }
        ending.reason.also(drop_contained(parts.state.take()));
        ending.reason.also(drop_contained(parts));
    }
}

/// Runs the actor's loop to its end. Not a closure, because the compiler does not inline the closure
/// into the actor's future.
struct Serving<'a, M: Message, P> {
    watch: &'a mut Watch,
    mailbox: &'a Sleeper<'a, Shared<M>>,
    part: Pin<&'a mut Option<P>>,
}

impl<M: Message, P: Future<Output = ExitReason>> Future for Serving<'_, M, P> {
    type Output = ExitReason;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<ExitReason> {
        let Self { watch, mailbox, part } = &mut *self;
        watch.poll_serving(mailbox, part.as_mut(), task)
    }
}

/// What an actor owes when it ends, however that comes about: its queued messages to the hook, its exit to whoever joins.
struct Ending<M: Message> {
    mailbox: Mailbox<M>,
    /// Without one, undelivered messages are dropped.
    hook: Option<Undelivered<M>>,
    reason: Reason,
}

/// Why the actor ends. None until the actor's loop has said it: its executor went away.
struct Reason(Option<ExitReason>);

impl Reason {
    fn get(&self) -> ExitReason {
        self.0.clone().unwrap_or(ExitReason::Abandoned)
    }

    /// Takes in what went wrong later. The first cause stays the reason, unless all was well until then.
    #[inline]
    fn also(&mut self, late: Option<ExitReason>) {
        let was_well = self.0.as_ref().is_some_and(ExitReason::is_normal);
        if let Some(late) = late
            && was_well
            && !late.is_normal()
        {
            self.0 = Some(late);
        }
    }
}

impl<M: Message> Drop for Ending<M> {
    fn drop(&mut self) {
        let reason = self.reason.0.take().unwrap_or(ExitReason::Abandoned);
        let Self { mailbox, hook, .. } = self;
        let mut undelivered = |lane, message| match hook.as_mut() {
            Some(hook) => hook(lane, message),
            None => drop(message),
        };
        while contained(|| mailbox.drain_undelivered(&mut undelivered)).is_some() {
            // The hook panicked over one message, which the panic hook has reported; the others are still owed.
        }
        // The hook goes before the exit is published: whoever joins may count on what it held.
        drop(drop_contained(hook.take()));
        mailbox.shared().life().end(reason);
    }
}

impl<M: Message> fmt::Debug for Spawn<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn").field("mailbox", &self.ending.mailbox).finish_non_exhaustive()
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the executor has been stopped")
    }
}

impl std::error::Error for SpawnError {}
