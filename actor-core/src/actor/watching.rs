//! A handler's access to the ends of other actors.

use std::sync::Arc;

use crate::actor::context::Context;
use crate::handle::Watched;
use crate::mailbox::Message;
use crate::mailbox::down::{Down, MonitorId};
use crate::mailbox::exit::Ended;
use crate::mailbox::watchers::{self, Peer};

impl<M: Message> Context<M> {
    /// Watches another actor: this actor handles `into_message`'s message at the other one's end.
    ///
    /// The message comes exactly once, also if the other actor had ended before. It goes to its
    /// lane, behind the messages waiting there. If the lane is full or evicts messages, it skips
    /// the lane, so it is never lost. Either way it is counted in its lane. A restart of the other
    /// actor is not its end.
    ///
    /// `into_message` runs on this actor's thread, and need not be `Send`.
    ///
    /// A pending monitor keeps this actor reachable, because its message is still to come. It
    /// does not keep a stop waiting: once this actor's mailbox has closed, no message comes. A
    /// monitor belongs to one life of this actor. After a restart it does not fire.
    ///
    /// Several monitors of one actor are independent of each other. A monitor of the actor itself
    /// never fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::actor::Down;
    /// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
    ///         panic!("no such file")
    ///     }
    /// }
    ///
    /// struct WorkerEnded(Down);
    /// impl Message for WorkerEnded {}
    ///
    /// struct Owner;
    /// impl Actor for Owner {
    ///     type Message = WorkerEnded;
    ///
    ///     async fn started(&mut self, cx: &mut Context<WorkerEnded>) {
    ///         let (worker, _running) = spawn(cx.executor(), || Worker).expect("it runs");
    ///         worker.try_tell(Job).expect("there is room");
    ///         cx.monitor(&worker, WorkerEnded);
    ///     }
    ///
    ///     async fn handle(&mut self, WorkerEnded(down): WorkerEnded, _cx: &mut
    ///     Context<WorkerEnded>) {
    ///         assert_eq!(down.reason.to_string(), "panicked: no such file");
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("owner"))?;
    /// let (owner, running) = spawn(&executor, || Owner)?;
    /// // The pending monitor keeps the owner. After its message, nothing does.
    /// drop(owner);
    /// let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// assert!(matches!(exit.reason, ExitReason::Unreachable), "{}", exit.reason);
    /// assert_eq!(exit.lanes[0].handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor(
        &mut self,
        other: &impl Watched,
        into_message: impl FnOnce(Down) -> M + 'static,
    ) -> MonitorId {
        self.add_monitor(other, Box::new(into_message), true)
    }

    /// Watches another actor, as [`monitor`](Self::monitor), without keeping this actor reachable.
    ///
    /// For an actor that ends with its owner: it watches the owner, and also ends when no handle is
    /// left.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Handle, Message, Runtime, ThreadConfig,
    /// spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// struct OwnerEnded;
    /// impl Message for OwnerEnded {}
    ///
    /// struct Worker(Handle<Job>);
    /// impl Actor for Worker {
    ///     type Message = OwnerEnded;
    ///     async fn started(&mut self, cx: &mut Context<OwnerEnded>) {
    ///         cx.monitor_weak(&self.0, |_down| OwnerEnded);
    ///     }
    ///     async fn handle(&mut self, _ended: OwnerEnded, cx: &mut Context<OwnerEnded>) {
    ///         cx.stop();
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("owner"))?;
    /// let (owner, _running) = spawn(&executor, || Owner)?;
    /// let (worker, running) = spawn(&executor, || Worker(owner))?;
    /// drop(worker);
    /// let exit = running.join_blocking(Duration::from_secs(30)).expect("nothing reaches it");
    /// assert!(matches!(exit.reason, ExitReason::Unreachable), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor_weak(
        &mut self,
        other: &impl Watched,
        into_message: impl FnOnce(Down) -> M + 'static,
    ) -> MonitorId {
        self.add_monitor(other, Box::new(into_message), false)
    }

    /// Ends a monitor, and drops its function. Returns whether it was pending: no message comes
    /// then. If not, its message is in its lane or has been handled.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Handle, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// struct WorkerEnded;
    /// impl Message for WorkerEnded {}
    ///
    /// struct Owner(Handle<Job>);
    /// impl Actor for Owner {
    ///     type Message = WorkerEnded;
    ///     async fn started(&mut self, cx: &mut Context<WorkerEnded>) {
    ///         let monitor = cx.monitor(&self.0, |_down| WorkerEnded);
    ///         assert!(cx.demonitor(monitor), "the worker runs");
    ///         assert!(!cx.demonitor(monitor), "it is not pending any more");
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
    pub fn demonitor(&mut self, monitor: MonitorId) -> bool {
        self.monitors().is_some_and(|monitors| monitors.remove(monitor))
    }

    /// Links this actor to another one: if one ends abnormally, the current life of the other ends
    /// with it, with the reason [`Linked`](crate::ExitReason::Linked).
    ///
    /// [`Running::link`](crate::Running::link) has the rules. Linking again has no effect, so each
    /// life may do so in its `started`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// # use actor_core::Handle;
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Store;
    /// # impl Actor for Store {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// /// Of no use without its store.
    /// struct Cache(Handle<Job>);
    /// impl Actor for Cache {
    ///     type Message = Job;
    ///     async fn started(&mut self, cx: &mut Context<Job>) {
    ///         cx.link(&self.0);
    ///     }
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("store"))?;
    /// let (store, storing) = spawn(&executor, || Store)?;
    /// let (_cache, caching) = spawn(&executor, || Cache(store))?;
    /// storing.kill();
    /// let exit = caching.join_blocking(Duration::from_secs(30)).expect("they end together");
    /// assert_eq!(exit.reason.to_string(), "ended with a linked actor: killed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link(&mut self, other: &impl Watched) {
        watchers::link(&self.peer(), &other.target());
    }

    /// Removes the link to another actor, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Handle, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Store;
    /// # impl Actor for Store {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// struct Import(Handle<Job>);
    /// impl Actor for Import {
    ///     type Message = Job;
    ///     async fn started(&mut self, cx: &mut Context<Job>) {
    ///         cx.link(&self.0);
    ///     }
    ///     async fn handle(&mut self, _done: Job, cx: &mut Context<Job>) {
    ///         // The import is complete, and its failure would end the store no more.
    ///         cx.unlink(&self.0);
    ///         cx.fail("no reader");
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("store"))?;
    /// let (store, storing) = spawn(&executor, || Store)?;
    /// let to = store.clone();
    /// let (import, importing) = spawn(&executor, || Import(to))?;
    /// import.try_tell(Job)?;
    /// assert!(importing.join_blocking(Duration::from_secs(30)).is_some());
    /// assert!(storing.exit().is_none(), "it runs on");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unlink(&mut self, other: &impl Watched) {
        watchers::unlink(&self.peer(), &other.target());
    }

    fn peer(&self) -> Arc<dyn Peer> {
        Arc::clone(&self.shared) as _
    }

    fn add_monitor(
        &mut self,
        other: &impl Watched,
        into_message: Box<dyn FnOnce(Down) -> M>,
        keeps: bool,
    ) -> MonitorId {
        let target = other.target().0;
        let id = self.shared.watch().next_monitor();
        let monitors = self.make_monitors();
        let weak = target.as_ref().map(Arc::downgrade);
        let is_own = weak
            .as_ref()
            .is_some_and(|weak| watchers::address(weak) == watchers::address(monitors.watcher()));
        monitors.add(id, weak, into_message, keeps && !is_own);
        match target {
            Some(target) => watchers::monitor(&*target, monitors.watcher().clone(), id),
            None => watchers::tell_down(monitors.watcher().clone(), id, Ended::unknown()),
        }
        id
    }
}
