//! Lives decided upon by another party than the actor's own policy.

use std::fmt;
use std::sync::Arc;

use crate::mailbox::Closeable;
use crate::mailbox::exit::{Exit, ExitReason};
use crate::panic::drop_contained;

/// Decides about the lives of an actor, in place of a [`Restart`](crate::life::Restart) policy: for
/// supervisors of several actors.
///
/// After a life has ended, the actor waits: for [`Governed::begin_life`] or [`Governed::end`]. Its
/// mailbox stays open. A stop ends the wait as it ends a backoff, and a kill ends it at once. The
/// governor is asked about the same ends that a permanent policy restarts after. The others end the
/// actor.
///
/// All methods are called on the actor's thread, and must not block. A panic in one is contained.
///
/// # Examples
///
/// A governor that reports to a channel, and a life begun again by the receiver:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::mpsc::{Sender, channel};
/// use std::time::Duration;
///
/// use actor_core::life::Governor;
/// use actor_core::{Actor, Context, Exit, ExitReason, Message, Runtime, Spawn, ThreadConfig};
///
/// struct Reports(Sender<String>);
/// impl Governor for Reports {
///     fn life_ended(&self, reason: &ExitReason) {
///         self.0.send(reason.to_string()).expect("the receiver waits");
///     }
/// }
///
/// struct Job(bool);
/// impl Message for Job {}
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, Job(is_good): Job, _cx: &mut Context<Job>) {
///         assert!(is_good, "a bad job");
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// let (worker, mailbox) = actor_core::mailbox();
/// worker.try_tell_all([false, true].map(Job))?;
/// let (sender, reports) = channel();
/// let spawn = Spawn::new(mailbox).governed(Arc::new(Reports(sender)));
/// let running = spawn.start(&executor, || Worker)?;
/// assert_eq!(reports.recv()?, "panicked: a bad job");
///
/// let governed = running.governed().expect("it has a governor");
/// assert!(governed.begin_life());
/// running.stop(Duration::from_secs(10));
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends in time");
/// assert_eq!((exit.restarts, exit.lanes[0].handled), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Governor: Send + Sync + 'static {
    /// Returns whether the first life begins with the start of the actor. Otherwise the actor first
    /// waits for a decision, as between two lives. Called once, by the thread that starts the
    /// actor.
    fn begins(&self) -> bool {
        true
    }

    /// Returns the path of the supervisor, for [`Wish::parent`](crate::life::Wish::parent). It
    /// comes before the actor's name. `None` for a governor that does not stop the actor.
    fn path(&self) -> Option<Arc<str>> {
        None
    }

    /// A life has started: the actor's `started` has returned.
    fn life_started(&self) {}

    /// A life has ended, and the actor waits for a decision. The old state has been dropped.
    fn life_ended(&self, reason: &ExitReason);

    /// The actor has ended. Called before its exit is published.
    fn ended(&self, exit: &Exit) {
        let _ = exit;
    }
}

/// The decisions about a [governed](Governor) actor, from any thread.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use actor_core::life::Governor;
/// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, Spawn, ThreadConfig};
/// # struct Quiet;
/// # impl Governor for Quiet {
/// #     fn life_ended(&self, _reason: &ExitReason) {}
/// # }
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// let (worker, mailbox) = actor_core::mailbox::<Job>();
/// let running = Spawn::new(mailbox).governed(Arc::new(Quiet)).start(&executor, || Worker)?;
/// let governed = running.governed().expect("it has a governor");
/// assert!(!governed.begin_life(), "its life has not ended");
/// running.kill();
/// # assert!(running.join_blocking(Duration::from_secs(10)).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Governed {
    mailbox: Arc<dyn Closeable>,
}

impl Governed {
    pub(super) fn new(mailbox: Arc<dyn Closeable>) -> Self {
        Self { mailbox }
    }

    /// Begins the next life. Returns whether the actor was waiting for a decision.
    ///
    /// An [`end_life`](Self::end_life) after this ends the new life, also before its maker has run.
    /// Decisions about one actor are to come from one thread at a time.
    ///
    /// # Examples
    ///
    /// See [`Governor`].
    ///
    /// ```
    /// # use actor_core::life::Governed;
    /// fn again(governed: &Governed) -> bool {
    ///     governed.begin_life()
    /// }
    /// # let _ = again;
    /// ```
    pub fn begin_life(&self) -> bool {
        let life = self.mailbox.life();
        if !life.extras().is_some_and(|extras| extras.verdict().is_asked()) {
            return false;
        }
        // There is no life now. A request was late for the last one, and is not for the next one.
        drop(drop_contained(life.take_request()));
        self.decide(true)
    }

    /// Ends the actor, with the reason of its last life. Returns whether the actor was waiting for
    /// a decision.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::sync::mpsc::{Sender, channel};
    /// # use std::time::Duration;
    /// # use actor_core::life::Governor;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Ended(Sender<()>);
    /// # impl Governor for Ended {
    /// #     fn life_ended(&self, _reason: &ExitReason) {
    /// #         self.0.send(()).expect("the receiver waits");
    /// #     }
    /// # }
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) { cx.fail("no disk") }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// # let (worker, mailbox) = actor_core::mailbox();
    /// # let (sender, ended) = channel();
    /// # let spawn = Spawn::new(mailbox).governed(Arc::new(Ended(sender)));
    /// # let running = spawn.start(&executor, || Worker)?;
    /// worker.try_tell(Job)?;
    /// ended.recv()?;
    /// assert!(running.governed().expect("it has a governor").end());
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert_eq!((exit.reason.to_string().as_str(), exit.restarts), ("failed: no disk", 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn end(&self) -> bool {
        self.decide(false)
    }

    /// Ends the current life with this reason, as [`Running::kill`](crate::Running::kill) ends an
    /// actor: a waiting handler is dropped at its wait. The mailbox stays open, and the actor then
    /// waits for a decision. No effect on an actor that waits already.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::sync::mpsc::{Sender, channel};
    /// # use std::time::Duration;
    /// # use actor_core::life::Governor;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Ended(Sender<String>);
    /// # impl Governor for Ended {
    /// #     fn life_ended(&self, reason: &ExitReason) {
    /// #         self.0.send(reason.to_string()).expect("the receiver waits");
    /// #     }
    /// # }
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// # let (worker, mailbox) = actor_core::mailbox();
    /// # let (sender, ended) = channel();
    /// # let spawn = Spawn::new(mailbox).governed(Arc::new(Ended(sender)));
    /// # let running = spawn.start(&executor, || Worker)?;
    /// let governed = running.governed().expect("it has a governor");
    /// running.started_blocking(Duration::from_secs(10))?;
    /// governed.end_life(ExitReason::Panicked("its sibling".to_owned()));
    /// assert_eq!(ended.recv()?, "panicked: its sibling");
    /// assert!(worker.try_tell(Job).is_ok(), "the mailbox is open");
    /// assert!(governed.begin_life());
    /// # running.kill();
    /// # assert!(running.join_blocking(Duration::from_secs(10)).is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn end_life(&self, reason: ExitReason) {
        self.mailbox.life().end_life(reason);
        self.mailbox.interrupt();
    }

    fn decide(&self, begins: bool) -> bool {
        let was_waiting =
            self.mailbox.life().extras().is_some_and(|extras| extras.verdict().decide(begins));
        if was_waiting {
            self.mailbox.interrupt();
        }
        was_waiting
    }
}

impl fmt::Debug for Governed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governed").finish_non_exhaustive()
    }
}
