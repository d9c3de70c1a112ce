//! From a mailbox and a maker to a running actor: the one actor loop, and what happens around it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Instant;

use crate::contain::{contained, drop_contained};
use crate::mailbox::mailbox;
use crate::running::Life;
use crate::{Actor, Context, Executor, ExecutorStopped, Exit, ExitReason, Handle, Mailbox, Message, Running, Timer};

/// Messages handled in a row before the thread's other actors have their turn.
const TURN: u32 = 128;

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
        let life = Arc::new(Life::new());
        Self {
            ending: Ending { mailbox, hook: Box::new(|_, message| drop(message)), life, reason: ExitReason::Abandoned },
        }
    }

    /// Has `hook` given every message that was accepted and not handled when the actor ends, with its lane's name.
    ///
    /// It runs on the actor's thread, after [`Actor::stopped`]. It also runs if the actor never started.
    pub fn on_undelivered(mut self, hook: impl FnMut(&'static str, M) + Send + 'static) -> Self {
        self.ending.hook = Box::new(hook);
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
        let running = Running::new(Arc::clone(&ending.life), shared, Arc::clone(executor));
        let own = Arc::clone(executor);
        executor.spawn(Box::new(move || Box::pin(live(make, ending, own))))?;
        Ok(running)
    }
}

/// One actor's whole life, from making its state to publishing its exit.
async fn live<A: Actor>(make: impl FnOnce() -> A, mut ending: Ending<A::Message>, executor: Arc<dyn Executor>) {
    let life = Arc::clone(&ending.life);
    let mut state = None;
    let mut cx = Context::new(Arc::clone(ending.mailbox.shared()), Arc::clone(&executor));
    let serving = serve(make, &mut state, &mut ending.mailbox, &mut cx, &life);
    let mut reason = until_stopped(serving, &life, &executor).await;
    ending.mailbox.close();
    let mut late = None;
    if let Some(mut actor) = state {
        late = until_ended(async { actor.stopped(&reason).await }, &life, &executor).await;
        late = late.or(drop_contained(actor));
    }
    late = late.or(drop_contained(cx));
    // The first cause stays the reason, unless all was well until here.
    if let (true, Some(late)) = (reason.is_normal(), late) {
        reason = late;
    }
    ending.reason = reason;
}

/// The actor loop: one message after the other until there is a reason to end.
async fn serve<A: Actor>(
    make: impl FnOnce() -> A,
    state: &mut Option<A>,
    mailbox: &mut Mailbox<A::Message>,
    cx: &mut Context<A::Message>,
    life: &Life,
) -> ExitReason {
    let mut alarm = Alarm::new(cx.executor());
    let actor = state.insert(make());
    actor.started(cx).await;
    loop {
        for _ in 0..TURN {
            if let Some(reason) = cx.ending.take() {
                return reason;
            }
            if life.is_killed() {
                return ExitReason::Killed;
            }
            if life.deadline().is_some_and(|deadline| cx.now() >= deadline) && mailbox.has_messages() {
                return ExitReason::DeadlinePassed;
            }
            match poll_fn(|task| alarm.poll_next(mailbox, cx, task)).await {
                Some(message) => actor.handle(message, cx).await,
                None if mailbox.is_closed() => return ExitReason::Stopped,
                None => return ExitReason::Unreachable,
            }
        }
        // Closed and drained, it has only to see so; yielding now could let a deadline pass that it has met.
        if !mailbox.is_closed() || mailbox.has_messages() {
            yield_now().await;
        }
    }
}

/// The runtime's timer as the actor's timers use it, and whose turn it is.
struct Alarm {
    timer: Box<dyn Timer>,
    /// What `timer` is armed for.
    armed: Option<Instant>,
    /// Whether the last message came from a timer. Then one from the mailbox goes first, so that neither starves.
    was_timer: bool,
}

impl Alarm {
    fn new(executor: &Arc<dyn Executor>) -> Self {
        Self { timer: executor.timer(), armed: None, was_timer: false }
    }

    /// Gives the next message: a due timer's first, then the mailbox's. `None` if none can come any more.
    fn poll_next<M: Message>(
        &mut self,
        mailbox: &mut Mailbox<M>,
        cx: &mut Context<M>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<Option<M>> {
        // Timers do not fire any more once the mailbox is closed.
        if !std::mem::take(&mut self.was_timer) && !cx.timers.is_empty() && !mailbox.is_closed() {
            let now = cx.now();
            if let Some(message) = cx.timers.take_due(now) {
                mailbox.finish();
                self.was_timer = true;
                return Poll::Ready(Some(message));
            }
        }
        let ended = match mailbox.poll_recv(task) {
            Poll::Ready(Some(message)) => return Poll::Ready(Some(message)),
            Poll::Ready(None) => true,
            Poll::Pending => false,
        };
        if cx.timers.is_empty() || mailbox.is_closed() {
            return if ended { Poll::Ready(None) } else { Poll::Pending };
        }
        while let Some(at) = cx.timers.next() {
            if self.armed != Some(at) {
                self.timer.arm(at);
                self.armed = Some(at);
            }
            ready!(self.timer.poll_expired(task));
            // Armed anew even for the same time: a runtime's timer may be early by its resolution.
            self.armed = None;
            let now = cx.now();
            if let Some(message) = cx.timers.take_due(now) {
                self.was_timer = true;
                return Poll::Ready(Some(message));
            }
        }
        Poll::Pending
    }
}

/// Runs the actor until it ends by itself, panics, is stopped at once, or its deadline passes.
async fn until_stopped(
    serving: impl Future<Output = ExitReason>,
    life: &Life,
    executor: &Arc<dyn Executor>,
) -> ExitReason {
    let mut deadline = DeadlineTimer::default();
    let stopped = contained(serving, |serving, task| {
        life.watch(task.waker());
        if life.is_killed() {
            return Poll::Ready(ExitReason::Killed);
        }
        // Asked before the actor has its turn: should the deadline be set meanwhile, the actor has a turn after that.
        let deadline_set = life.deadline();
        if let Poll::Ready(reason) = serving.poll(task) {
            return Poll::Ready(reason);
        }
        deadline.poll(deadline_set, executor, task).map(|()| ExitReason::DeadlinePassed)
    });
    stopped.await.unwrap_or_else(|panicked| panicked)
}

/// Waits for a deadline that may not be set yet.
#[derive(Default)]
struct DeadlineTimer {
    /// Made and armed when the deadline is first seen.
    timer: Option<Box<dyn Timer>>,
}

impl DeadlineTimer {
    fn poll(
        &mut self,
        at: Option<Instant>,
        executor: &Arc<dyn Executor>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        let Some(at) = at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| {
            let mut timer = executor.timer();
            timer.arm(at);
            timer
        });
        timer.poll_expired(task)
    }
}

/// Runs the actor's `stopped` to its end, or, once the actor is to stop at once or its deadline has passed, to where it
/// waits.
async fn until_ended(
    stopped: impl Future<Output = ()>,
    life: &Life,
    executor: &Arc<dyn Executor>,
) -> Option<ExitReason> {
    let mut deadline = DeadlineTimer::default();
    let ended = contained(stopped, |stopped, task| {
        life.watch(task.waker());
        // Polled first: it has its say also when the actor was stopped at once before.
        if stopped.poll(task).is_ready() {
            return Poll::Ready(None);
        }
        if life.is_killed() {
            return Poll::Ready(Some(ExitReason::Killed));
        }
        deadline.poll(life.deadline(), executor, task).map(|()| Some(ExitReason::DeadlinePassed))
    });
    ended.await.unwrap_or_else(Some)
}

/// Lets the thread's other tasks run.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|task| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What an actor owes when it ends, however that comes about: its queued messages to the hook, its exit to whoever joins.
struct Ending<M: Message> {
    mailbox: Mailbox<M>,
    hook: Undelivered<M>,
    life: Arc<Life>,
    /// `Abandoned` until the actor's loop has said otherwise.
    reason: ExitReason,
}

impl<M: Message> Drop for Ending<M> {
    fn drop(&mut self) {
        let Self { mailbox, hook, life, reason } = self;
        while catch_unwind(AssertUnwindSafe(|| mailbox.drain_undelivered(&mut *hook))).is_err() {
            // The hook panicked over one message, which the panic hook has reported; the others are still owed.
        }
        // The hook goes before the exit is published: whoever joins may count on what it held.
        let hook = std::mem::replace(hook, Box::new(|_, message| drop(message)));
        drop(drop_contained(hook));
        life.end(Exit { reason: reason.clone(), lanes: mailbox.stats() });
    }
}

impl<M: Message> fmt::Debug for Spawn<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn").field("mailbox", &self.ending.mailbox).finish_non_exhaustive()
    }
}
