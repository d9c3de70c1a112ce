//! Why an actor was not started.

use std::fmt;
use std::sync::Arc;

/// Why an actor was not started.
///
/// # Examples
///
/// ```
/// use actor_core::life::SpawnError;
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// struct Job;
/// impl Message for Job {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// executor.stop();
/// let error: SpawnError = spawn(&executor, || Worker).map(drop).unwrap_err();
/// assert_eq!(error, SpawnError::ExecutorStopped);
/// assert_eq!(error.to_string(), "the executor has been stopped");
///
/// let error = SpawnError::NameInvalid("".into());
/// assert!(error.to_string().starts_with("\"\" is no name of an actor: it is empty"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnError {
    /// The executor has been stopped.
    ExecutorStopped,
    /// The system is stopping, and accepts no new actors.
    SystemStopping,
    /// Another actor of the system has this name.
    NameTaken(Arc<str>),
    /// This is not a valid name. It is empty, or has an empty part before or behind a `/`, or a
    /// control character.
    NameInvalid(Arc<str>),
    /// The thread for the actor was not started, with this text of the operating system.
    NoThread(Arc<str>),
    /// The place has no executor for the actor.
    NoExecutor,
    /// The actor ended before its place had accepted it, or before it had started, with this text.
    NotStarted(Arc<str>),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExecutorStopped => f.write_str("the executor has been stopped"),
            Self::SystemStopping => f.write_str("the system is stopping"),
            Self::NameTaken(name) => write!(f, "the name `{name}` is taken"),
            Self::NameInvalid(name) => write!(
                f,
                "{name:?} is no name of an actor: it is empty, or has an empty part or a control \
                 character"
            ),
            Self::NoThread(text) => write!(f, "the actor's thread was not started: {text}"),
            Self::NoExecutor => f.write_str("there is no executor for the actor"),
            Self::NotStarted(text) => write!(f, "the actor did not start: {text}"),
        }
    }
}

impl std::error::Error for SpawnError {}
