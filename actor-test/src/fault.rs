//! Panics and failures on demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use actor_core::actor::{Batch, Outcome};
use actor_core::{Actor, Context, ExitReason};

/// Makes an actor panic or fail at its next message, from the test.
///
/// [`Harness::panic_at_next`](crate::Harness::panic_at_next) is the short way for actors of a
/// harness. This is the way for all others: restarting actors, children of a supervisor, actors on
/// a real runtime. Clones are the same switch.
///
/// # Examples
///
/// A worker that restarts, on a plain thread:
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::life::Restart;
/// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
/// use actor_test::Faults;
///
/// struct Job;
/// impl Message for Job {}
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// let runtime = actor_thread::ThreadRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// let faults = Faults::new();
/// let (worker, mailbox) = actor_core::mailbox();
/// let own = faults.clone();
/// let running = Spawn::new(mailbox)
///     .restart(Restart::up_to(1).within(Duration::from_secs(60)))
///     .start(&executor, move || own.wrap(Worker))?;
///
/// faults.panic_at_next();
/// worker.try_tell_all([Job, Job])?;
/// drop(worker);
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
/// assert_eq!((exit.restarts, exit.lanes[0].handled), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults {
    next: Arc<AtomicU8>,
}

const NONE: u8 = 0;
const PANIC: u8 = 1;
const FAIL: u8 = 2;

impl Faults {
    /// The text of each panic and each failure.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(actor_test::Faults::TEXT, "a fault on demand");
    /// ```
    pub const TEXT: &'static str = "a fault on demand";

    /// Creates a switch without a fault.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!actor_test::Faults::new().is_pending());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the actor with this switch around it.
    ///
    /// # Examples
    ///
    /// See [`Faults`].
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker(u32);
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let faulty = actor_test::Faults::new().wrap(Worker(7));
    /// assert_eq!(faulty.get().0, 7);
    /// ```
    #[must_use]
    pub fn wrap<A>(&self, actor: A) -> Faulty<A> {
        Faulty { actor, faults: self.clone() }
    }

    /// Makes the actor panic at its next message, in place of handling it.
    ///
    /// # Examples
    ///
    /// ```
    /// let faults = actor_test::Faults::new();
    /// faults.panic_at_next();
    /// assert!(faults.is_pending());
    /// ```
    pub fn panic_at_next(&self) {
        self.next.store(PANIC, Ordering::Relaxed);
    }

    /// Makes the actor fail at its next message, in place of handling it, as an `Err` of a fallible
    /// handler does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_core::spawn;
    /// use actor_test::{Faults, Harness};
    ///
    /// let harness = Harness::new();
    /// let faults = Faults::new();
    /// let own = faults.clone();
    /// let (worker, running) = spawn(&harness, move || own.wrap(Worker))?;
    /// faults.fail_at_next();
    /// worker.try_tell(Job)?;
    /// harness.run_until_idle();
    /// let exit = running.exit().expect("it has failed");
    /// assert_eq!(exit.reason.to_string(), "failed: a fault on demand");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail_at_next(&self) {
        self.next.store(FAIL, Ordering::Relaxed);
    }

    /// Returns whether a fault waits for its message.
    ///
    /// # Examples
    ///
    /// ```
    /// let faults = actor_test::Faults::new();
    /// faults.fail_at_next();
    /// assert!(faults.clone().is_pending());
    /// ```
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.next.load(Ordering::Relaxed) != NONE
    }

    fn take(&self) -> u8 {
        self.next.swap(NONE, Ordering::Relaxed)
    }
}

/// An actor with a switch for [`Faults`] around it.
///
/// # Examples
///
/// ```
/// # use actor_core::{Actor, Context, Message};
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// use actor_core::spawn;
/// use actor_test::{Faults, Faulty, Harness};
///
/// let faults = Faults::new();
/// faults.panic_at_next();
/// let worker: Faulty<Worker> = faults.wrap(Worker);
/// let harness = Harness::new();
/// let (handle, running) = spawn(&harness, move || worker)?;
/// handle.try_tell(Job)?;
/// harness.run_until_idle();
/// let exit = running.exit().expect("it has ended");
/// assert_eq!(exit.reason.to_string(), "panicked: a fault on demand");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Faulty<A> {
    actor: A,
    faults: Faults,
}

impl<A> Faulty<A> {
    /// Returns the actor inside.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(*actor_test::Faults::new().wrap(7).get(), 7);
    /// ```
    pub fn get(&self) -> &A {
        &self.actor
    }

    /// Has the fault on demand. Returns whether the message is over.
    fn strike<M: actor_core::Message>(&self, cx: &mut Context<M>) -> bool {
        match self.faults.take() {
            PANIC => panic!("{}", Faults::TEXT),
            FAIL => {
                cx.fail(Faults::TEXT);
                true
            }
            _ => false,
        }
    }
}

impl<O: Outcome, A: Actor<O>> Actor<O> for Faulty<A> {
    type Message = A::Message;

    async fn started(&mut self, cx: &mut Context<A::Message>) -> O {
        self.actor.started(cx).await
    }

    async fn handle(&mut self, message: A::Message, cx: &mut Context<A::Message>) -> O {
        if self.strike(cx) {
            return O::done();
        }
        self.actor.handle(message, cx).await
    }

    async fn handle_batch(
        &mut self,
        batch: &mut Batch<'_, A::Message>,
        cx: &mut Context<A::Message>,
    ) -> O {
        if self.strike(cx) {
            drop(batch.next());
            return O::done();
        }
        self.actor.handle_batch(batch, cx).await
    }

    fn message_expired(&mut self, cx: &mut Context<A::Message>) {
        self.actor.message_expired(cx);
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        self.actor.stopped(reason).await;
    }
}
