//! Links: actors that end together.

use crate::handle::Watched;
use crate::life::running::Running;
use crate::mailbox::watchers;

impl Running {
    /// Links this actor to another one: if one ends abnormally, the current life of the other ends
    /// with it.
    ///
    /// Abnormal is every end whose reason is not [normal](crate::ExitReason::is_normal). The other
    /// life ends as if killed, with the reason [`Linked`](crate::ExitReason::Linked). An actor with
    /// restarts may begin another life then. A restart is not an end, so it ends no linked actor.
    ///
    /// A link joins both actors in the same way, whoever made it. Two actors have one link at most,
    /// and it lasts until one of them has ended or until [`unlink`](Self::unlink), over all lives
    /// of both. If the other actor had ended abnormally before, this one ends at once. A link of
    /// an actor with itself has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
    /// #         panic!("no such file")
    /// #     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (reader, reading) = spawn(&executor, || Worker)?;
    /// let (writer, writing) = spawn(&executor, || Worker)?;
    /// reading.link(&writer);
    /// // The reader panics at its first job.
    /// reader.try_tell(Job)?;
    /// let exit = writing.join_blocking(Duration::from_secs(30)).expect("they end together");
    /// let ExitReason::Linked(first) = exit.reason else { panic!("it ended by its link") };
    /// assert_eq!(first.reason.to_string(), "panicked: no such file");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link(&self, other: &impl Watched) {
        watchers::link(&self.peer(), &other.target());
    }

    /// Removes the link to another actor, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_reader, reading) = spawn(&executor, || Worker)?;
    /// let (_writer, writing) = spawn(&executor, || Worker)?;
    /// reading.link(&writing);
    /// // A link has no direction.
    /// writing.unlink(&reading);
    /// reading.kill();
    /// assert!(reading.join_blocking(Duration::from_secs(30)).is_some());
    /// assert!(writing.exit().is_none(), "it runs on");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unlink(&self, other: &impl Watched) {
        watchers::unlink(&self.peer(), &other.target());
    }
}
