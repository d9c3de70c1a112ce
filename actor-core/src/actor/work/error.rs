//! Why there is no result, and the name of a piece of work.

use std::error::Error;
use std::fmt;

/// Identifies one piece of work of an actor, for [`Context::abort`](crate::Context::abort). No
/// other piece of the actor has the same, not even in a later life.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::WorkId;
///
/// # struct Done;
/// # impl Message for Done {}
/// struct Fetch(Option<WorkId>);
/// impl Actor for Fetch {
///     type Message = Done;
///     async fn started(&mut self, cx: &mut Context<Done>) {
///         let newer = cx.spawn(std::future::pending::<()>(), |_| Done);
///         if let Some(older) = self.0.replace(newer) {
///             cx.abort(older);
///         }
/// #       cx.stop();
///     }
///     # async fn handle(&mut self, _done: Done, _cx: &mut Context<Done>) {}
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("fetch"))?;
/// # let (_fetch, running) = spawn(&executor, || Fetch(None))?;
/// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it stops itself");
/// # assert_eq!((exit.lost_work, exit.in_flight), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId(pub(crate) u64);

/// The reason for work without a result: of a spawned future, or of work on another thread.
///
/// # Examples
///
/// ```
/// use actor_core::actor::WorkError;
///
/// let failed: Result<u64, _> = Err(WorkError::Panicked("no such block".to_owned()));
/// assert_eq!(failed.clone().unwrap_or(7), 7);
/// assert_eq!(failed.unwrap_err().to_string(), "the work panicked: no such block");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkError {
    /// The work panicked, with this message.
    Panicked(String),
    /// The work was dropped before it began: no thread could be started, or the executor or the
    /// pool has ended.
    NotRun,
    /// The deadline of the work passed before it had a result. A future was dropped; work on
    /// another thread was [cancelled](crate::actor::Cancel).
    DeadlinePassed,
    /// As much work was in flight as [`Context::work_limit`](crate::Context::work_limit) allows, so
    /// this piece was dropped without being run.
    Refused,
}

/// Work refused because of the limit on work in flight. Returns the work, and the function for its
/// message.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::Refused;
///
/// struct Sum(u64);
/// impl Message for Sum {}
///
/// struct Adder;
/// impl Actor for Adder {
///     type Message = Sum;
///     async fn started(&mut self, cx: &mut Context<Sum>) {
///         cx.work_limit(0);
///         let refused = cx.offloading().run(|| 1 + 1, |sum| Sum(sum.unwrap_or(0)));
///         let Err(Refused { work, into_message }) = refused else { panic!("nothing may run") };
///         assert_eq!(into_message(Ok(work())).0, 2);
///         cx.stop();
///     }
///     async fn handle(&mut self, _sum: Sum, _cx: &mut Context<Sum>) {}
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("adder"))?;
/// # let (_adder, running) = spawn(&executor, || Adder)?;
/// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it stops itself");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Refused<W, I> {
    /// The work or the future, as it was passed in.
    pub work: W,
    /// The function for the message.
    pub into_message: I,
}

impl fmt::Display for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "the work panicked: {message}"),
            Self::NotRun => f.write_str("the work was dropped before it began"),
            Self::DeadlinePassed => f.write_str("the deadline of the work passed"),
            Self::Refused => f.write_str("too much work was in flight"),
        }
    }
}

impl Error for WorkError {}

impl<W, I> fmt::Debug for Refused<W, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refused(..)")
    }
}

impl<W, I> fmt::Display for Refused<W, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too much work is in flight")
    }
}

impl<W, I> Error for Refused<W, I> {}
