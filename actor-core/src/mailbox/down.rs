//! The end of an actor, as others see it.

use std::fmt;
use std::sync::Arc;

use crate::mailbox::exit::{Ended, ExitReason};

/// The end of a monitored actor. Received by the function passed to
/// [`Context::monitor`](crate::Context::monitor).
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, ExitReason, Handle, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::Down;
///
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) {
/// #         cx.stop();
/// #     }
/// # }
/// struct WorkerEnded(Down);
/// impl Message for WorkerEnded {}
///
/// struct Owner(Handle<Job>);
/// impl Actor for Owner {
///     type Message = WorkerEnded;
///     async fn started(&mut self, cx: &mut Context<WorkerEnded>) {
///         cx.monitor(&self.0, WorkerEnded);
///         // The worker stops at its first job.
///         self.0.try_tell(Job).expect("there is room");
///     }
///     async fn handle(&mut self, message: WorkerEnded, cx: &mut Context<WorkerEnded>) {
///         let WorkerEnded(down) = message;
///         assert!(matches!(down.reason, ExitReason::Stopped));
///         assert_eq!(down.to_string(), "an actor ended: stopped");
///         cx.stop();
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("owner"))?;
/// # let (worker, _running) = spawn(&executor, || Worker)?;
/// let (_owner, running) = spawn(&executor, || Owner(worker))?;
/// let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends with its worker");
/// assert!(matches!(exit.reason, ExitReason::Stopped), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Down {
    /// The monitor, as returned by [`Context::monitor`](crate::Context::monitor).
    pub id: MonitorId,
    /// The name of the ended actor, if it has one.
    pub name: Option<Arc<str>>,
    /// Why it ended.
    pub reason: ExitReason,
}

/// One monitor of an actor.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Handle, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::{Down, MonitorId};
///
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// struct WorkerEnded(Down);
/// impl Message for WorkerEnded {}
///
/// struct Owner(Handle<Job>);
/// impl Actor for Owner {
///     type Message = WorkerEnded;
///     async fn started(&mut self, cx: &mut Context<WorkerEnded>) {
///         let first: MonitorId = cx.monitor(&self.0, WorkerEnded);
///         assert!(cx.demonitor(first) && !cx.demonitor(first));
///     }
///     async fn handle(&mut self, _ended: WorkerEnded, _cx: &mut Context<WorkerEnded>) {}
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("owner"))?;
/// # let (worker, _running) = spawn(&executor, || Worker)?;
/// let (_owner, running) = spawn(&executor, || Owner(worker))?;
/// running.started_blocking(Duration::from_secs(30))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonitorId(pub(crate) u64);

impl Down {
    pub(crate) fn new(id: MonitorId, Ended { name, reason }: Ended) -> Self {
        Self { id, name, reason }
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ended: {}", self.reason),
            None => write!(f, "an actor ended: {}", self.reason),
        }
    }
}
