//! Several actors, each on a thread of its own, ended in order.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use actor_core::life::{Made, SpawnError};
use actor_core::{Executor, Exit, Mailbox, Message, Running, Runtime, Spawn, ThreadConfig};

use crate::clock::time_left;
use crate::system::{GRACE, SystemBuilder, THREAD_IS_BUSY, problem_of};

/// Several actors, each on a thread of its own, ended in the order of their starts.
///
/// The smallest owner of actors: it has no names, no phases and no shutdown of its own. A
/// [`System`](crate::System) has.
///
/// The drop of a group stops its actors, all at once and without waiting: they accept nothing new,
/// and each has 10 s for its queue.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Handle, Message, mailbox};
/// use actor_system::Group;
///
/// struct Line(String);
/// impl Message for Line {}
///
/// struct Reader(Handle<Line>);
/// impl Actor for Reader {
///     type Message = Line;
///     async fn handle(&mut self, line: Line, _cx: &mut Context<Line>) {
///         // The writer ends after its reader, so it accepts the line.
///         assert!(self.0.tell(line).await.is_ok());
///     }
/// }
/// struct Writer(Vec<String>);
/// impl Actor for Writer {
///     type Message = Line;
///     async fn handle(&mut self, Line(line): Line, _cx: &mut Context<Line>) {
///         self.0.push(line);
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let (reader, reader_mailbox) = mailbox();
/// let (writer, writer_mailbox) = mailbox();
/// let mut group = Group::new(runtime);
/// // In the order of a message's way.
/// group.spawn("reader", reader_mailbox, || Reader(writer))?;
/// group.spawn("writer", writer_mailbox, || Writer(Vec::new()))?;
/// for number in 0..3 {
///     reader.try_tell(Line(format!("line {number}")))?;
/// }
///
/// let report = group.stop(Duration::from_secs(10));
/// assert!(report.is_clean(), "{report}");
/// let written = report.members[1].exit.as_ref().expect("it ended in time");
/// assert_eq!(written.lanes[0].handled, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "its drop stops the actors"]
pub struct Group {
    runtime: Arc<dyn Runtime>,
    members: Vec<Member>,
}

/// One actor of a [`Group`].
///
/// # Examples
///
/// ```
/// # use actor_core::{Actor, Context, Message, mailbox};
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// use actor_system::Group;
/// use actor_system::group::Member;
///
/// # let mut group = Group::new(actor_smol::SmolRuntime::new());
/// let (_worker, worker_mailbox) = mailbox();
/// group.spawn("worker", worker_mailbox, || Worker)?;
/// let [worker]: &[Member] = group.members() else { panic!("it has one member") };
/// assert_eq!(&*worker.name, "worker");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Member {
    /// The name of the actor and of its thread.
    pub name: Arc<str>,
    /// The right to stop it, and to wait for it.
    pub running: Running,
    /// Its executor, without other actors.
    pub executor: Arc<dyn Executor>,
}

/// The ends of a [`Group`]'s actors, in the order of their starts.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::Group;
/// use actor_system::group::GroupReport;
///
/// let report: GroupReport =
///     Group::new(actor_smol::SmolRuntime::new()).stop(Duration::from_secs(10));
/// assert!(report.is_clean() && report.members.is_empty());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GroupReport {
    /// Each actor.
    pub members: Vec<MemberReport>,
}

/// The end of one actor of a [`Group`].
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, mailbox};
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// use actor_system::Group;
/// use actor_system::group::MemberReport;
///
/// # let mut group = Group::new(actor_smol::SmolRuntime::new());
/// let (_worker, worker_mailbox) = mailbox();
/// group.spawn("worker", worker_mailbox, || Worker)?;
/// let report = group.stop(Duration::from_secs(10));
/// let worker: &MemberReport = &report.members[0];
/// assert!(worker.exit.is_some() && worker.thread_has_ended);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemberReport {
    /// The actor's name.
    pub name: Arc<str>,
    /// How the actor ended. `None` if it was still busy.
    pub exit: Option<Exit>,
    /// Whether its thread has ended as well.
    pub thread_has_ended: bool,
}

impl Group {
    /// Creates a group without actors. Its threads will be those of this runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::Group;
    ///
    /// let group = Group::new(actor_smol::SmolRuntime::new());
    /// assert!(group.members().is_empty());
    /// ```
    pub fn new(runtime: impl Runtime) -> Self {
        Self { runtime: Arc::new(runtime), members: Vec::new() }
    }

    /// Starts an actor on a thread of its own. The actor and its thread have this name.
    ///
    /// # Errors
    ///
    /// [`SpawnError::NoThread`] if the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, mailbox};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_system::Group;
    ///
    /// # let mut group = Group::new(actor_smol::SmolRuntime::new());
    /// let (_worker, worker_mailbox) = mailbox();
    /// let running = group.spawn("worker", worker_mailbox, || Worker)?;
    /// running.started_blocking(Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn<M: Message, K: 'static, R: Made<M, K> + 'static>(
        &mut self,
        name: &str,
        mailbox: Mailbox<M>,
        make: impl FnOnce() -> R + Send + 'static,
    ) -> Result<&Running, SpawnError> {
        self.start(ThreadConfig::named(name), Spawn::new(mailbox).named(name), make)
    }

    /// Starts an actor with options, on a thread of its own with this configuration.
    ///
    /// # Errors
    ///
    /// [`SpawnError::NoThread`] if the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, mailbox, Spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_core::ThreadConfig;
    /// use actor_system::Group;
    ///
    /// # let mut group = Group::new(actor_smol::SmolRuntime::new());
    /// let (_worker, worker_mailbox) = mailbox();
    /// let spawn = Spawn::new(worker_mailbox).on_undelivered(|lane, _job| eprintln!("{lane}"));
    /// group.start(ThreadConfig::named("worker").stack_size(16 << 20), spawn, || Worker)?;
    /// assert_eq!(&*group.members()[0].name, "worker");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<M: Message, K: 'static, R: Made<M, K> + 'static>(
        &mut self,
        thread: ThreadConfig,
        spawn: Spawn<M>,
        make: impl FnOnce() -> R + Send + 'static,
    ) -> Result<&Running, SpawnError> {
        let name: Arc<str> = thread.name().into();
        let executor = self.runtime.start_executor(thread);
        let executor = executor.map_err(|error| SpawnError::NoThread(error.to_string().into()))?;
        let running = spawn.start(&executor, make)?;
        Ok(self.add(name, running, executor))
    }

    /// Adds an actor started by the caller, the only one of its executor.
    ///
    /// # Examples
    ///
    /// An actor that restarts:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, mailbox, Spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_core::life::Restart;
    /// use actor_core::{Runtime, ThreadConfig};
    /// use actor_system::Group;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_worker, worker_mailbox) = mailbox();
    /// let spawn = Spawn::new(worker_mailbox).restart(Restart::up_to(5));
    /// let running = spawn.start(&executor, || Worker)?;
    /// let mut group = Group::new(runtime);
    /// group.add("worker", running, executor);
    /// assert!(group.stop(Duration::from_secs(10)).is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add(
        &mut self,
        name: impl Into<Arc<str>>,
        running: Running,
        executor: Arc<dyn Executor>,
    ) -> &Running {
        self.members.push(Member { name: name.into(), running, executor });
        &self.members[self.members.len() - 1].running
    }

    /// Returns the actors, in the order of their starts.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::Group;
    ///
    /// let group = Group::new(actor_smol::SmolRuntime::new());
    /// assert_eq!(group.members().len(), 0);
    /// ```
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Stops the actors one after another, and blocks the thread until they and their threads have
    /// ended, at most for `patience` and about 1 s.
    ///
    /// Each actor but the last may take half of the time left, so a late one leaves time to the
    /// others. It is then killed, and the report names it if it does not end.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::mpsc::{Receiver, sync_channel};
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, mailbox};
    /// # struct Job;
    /// # impl Message for Job {}
    /// use actor_system::Group;
    ///
    /// struct Stuck(Receiver<()>);
    /// impl Actor for Stuck {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
    ///         // It blocks its thread.
    ///         assert!(self.0.recv().is_err());
    ///     }
    /// }
    ///
    /// # let mut group = Group::new(actor_smol::SmolRuntime::new());
    /// let (held, waiting) = sync_channel(0);
    /// let (stuck, stuck_mailbox) = mailbox();
    /// group.spawn("stuck", stuck_mailbox, move || Stuck(waiting))?;
    /// stuck.try_tell(Job)?;
    /// let report = group.stop(Duration::from_millis(20));
    /// assert_eq!(report.late().collect::<Vec<_>>(), ["stuck"]);
    /// # drop(held);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "it names what has not ended"]
    pub fn stop(mut self, patience: Duration) -> GroupReport {
        let left = time_left(patience);
        let count = self.members.len();
        for (number, Member { running, executor, .. }) in self.members.iter().enumerate() {
            let share = if number + 1 == count { left() } else { left() / 2 };
            running.stop(share);
            if running.join_blocking(share.saturating_add(GRACE)).is_none() {
                running.kill();
            }
            executor.stop();
        }
        let last = time_left(left().max(GRACE));
        // Nothing is left for the drop of the group.
        let members = mem::take(&mut self.members).into_iter().map(|member| member.end(&last));
        GroupReport { members: members.collect() }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for Member { running, executor, .. } in &self.members {
            running.stop(SystemBuilder::PATIENCE);
            executor.stop();
        }
    }
}

impl Member {
    /// Waits for the end of the actor and of its thread.
    fn end(self, left: &impl Fn() -> Duration) -> MemberReport {
        let Self { name, running, executor } = self;
        let exit = running.join_blocking(left());
        // The handler keeps its thread, so there is nothing to wait for.
        let time = if exit.is_some() { left() } else { Duration::ZERO };
        MemberReport { name, exit, thread_has_ended: executor.join(time) }
    }
}

impl GroupReport {
    /// Returns whether each actor ended by itself with all its messages and its work, and each
    /// thread ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::Group;
    ///
    /// let report = Group::new(actor_smol::SmolRuntime::new()).stop(Duration::from_secs(10));
    /// assert!(report.is_clean());
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.members.iter().all(|member| member.problem().is_none())
    }

    /// Returns the names of the actors that were still busy at the end of the time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::Group;
    ///
    /// let report = Group::new(actor_smol::SmolRuntime::new()).stop(Duration::from_secs(10));
    /// assert_eq!(report.late().count(), 0);
    /// ```
    pub fn late(&self) -> impl Iterator<Item = &str> {
        self.members.iter().filter(|member| member.exit.is_none()).map(|member| &*member.name)
    }

    /// Returns a text for each actor with another end than a clean one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::Group;
    ///
    /// let report = Group::new(actor_smol::SmolRuntime::new()).stop(Duration::from_secs(10));
    /// assert_eq!(report.problems().count(), 0);
    /// ```
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.members.iter().filter_map(|member| {
            let problem = member.problem()?;
            Some(format!("{}: {problem}", member.name))
        })
    }
}

impl MemberReport {
    fn problem(&self) -> Option<String> {
        let is_busy = !self.thread_has_ended;
        problem_of(self.exit.as_ref()).or_else(|| is_busy.then(|| THREAD_IS_BUSY.to_owned()))
    }
}

/// A line for each actor.
impl fmt::Display for GroupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members.iter().try_for_each(|member| match (member.problem(), &member.exit) {
            (None, Some(exit)) => writeln!(f, "{}: {}", member.name, exit.reason),
            (problem, _) => writeln!(f, "{}: {}", member.name, problem.unwrap_or_default()),
        })
    }
}
