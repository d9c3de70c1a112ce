//! The methods of the context for work in flight.

use std::future::Future;
use std::time::Instant;

use crate::actor::context::Context;
use crate::actor::work::builder::{Offloading, Spawning};
use crate::actor::work::error::{Refused, WorkError, WorkId};
use crate::actor::work::pieces::{LIMIT, Pieces};
use crate::mailbox::Message;
use crate::panic::contained;

/// Work in flight.
impl<M: Message> Context<M> {
    /// The limit on work in flight of one actor, unless [`work_limit`](Self::work_limit) sets
    /// another one: 65,536 pieces.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// assert_eq!(actor_core::Context::<Tick>::WORK_LIMIT, 65_536);
    /// ```
    pub const WORK_LIMIT: usize = LIMIT;

    /// Starts a future that belongs to this actor. The actor handles its output as a message, and
    /// handles other messages meanwhile.
    ///
    /// The future is polled in the actor's own task, so it need not be `Send`. It is polled only
    /// while no handler runs or waits, and only after it was woken. Its message skips the lanes, as
    /// a timer's does, and is counted in the lane named by [`Message::lane`]. Messages of work and
    /// messages of the lanes take turns, so neither starves.
    ///
    /// The future is part of the actor: it keeps the actor reachable, a stopping actor waits for it
    /// until the deadline, and it is dropped at the end of the actor's life, before
    /// [`Actor::stopped`](crate::Actor::stopped).
    /// [`Exit::lost_work`](crate::Exit::lost_work) counts it then.
    ///
    /// A panic of the future does not end the actor: the result is
    /// [`WorkError::Panicked`]. If `into_message` panics, or if the lane of its message does not
    /// exist, no message comes, and the work is counted as lost.
    ///
    /// If too much work is in flight ([`work_limit`](Self::work_limit)), the future is dropped, and
    /// the result is [`WorkError::Refused`]. [`spawning`](Self::spawning) returns it instead.
    ///
    /// # Examples
    ///
    /// A handler that asks another actor, and goes on handling:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{AskError, Runtime, ThreadConfig, spawn};
    /// use actor_core::actor::WorkError;
    /// use actor_core::{Actor, Context, Handle, Message, Reply};
    ///
    /// struct Read(Reply<u64>);
    /// impl Message for Read {}
    /// # struct Store;
    /// # impl Actor for Store {
    /// #     type Message = Read;
    /// #     async fn handle(&mut self, Read(reply): Read, _cx: &mut Context<Read>) {
    /// #         reply.send(7);
    /// #     }
    /// # }
    ///
    /// enum Cache {
    ///     Get(Reply<u64>),
    ///     Got(Result<Option<u64>, WorkError>, Reply<u64>),
    /// }
    /// impl Message for Cache {}
    ///
    /// struct Owner(Handle<Read>);
    /// impl Actor for Owner {
    ///     type Message = Cache;
    ///     async fn handle(&mut self, message: Cache, cx: &mut Context<Cache>) {
    ///         match message {
    ///             Cache::Get(reply) => {
    ///                 let store = self.0.clone();
    ///                 let read = async move { store.ask(Read).await.ok() };
    ///                 cx.spawn(read, |value| Cache::Got(value, reply));
    ///             }
    ///             Cache::Got(Ok(Some(value)), reply) => reply.send(value),
    ///             // The dropped reply becomes an error for the asker.
    ///             Cache::Got(..) => {}
    ///         }
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("cache"))?;
    /// # let (store, _running) = spawn(&executor, || Store)?;
    /// let (cache, _running) = spawn(&executor, || Owner(store))?;
    /// assert_eq!(cache.ask_blocking(Cache::Get, Duration::from_secs(30))?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn<F: Future + 'static>(
        &mut self,
        future: F,
        into_message: impl FnOnce(Result<F::Output, WorkError>) -> M + 'static,
    ) -> WorkId {
        let started = self.spawning().run(future, into_message);
        started.unwrap_or_else(|refused| self.refuse(refused))
    }

    /// As [`spawn`](Self::spawn), with a deadline on the executor's clock. At the deadline the
    /// future is dropped, and the result is [`WorkError::DeadlinePassed`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// use actor_core::actor::WorkError;
    ///
    /// struct Answer(Result<(), WorkError>);
    /// impl Message for Answer {}
    ///
    /// struct Client;
    /// impl Actor for Client {
    ///     type Message = Answer;
    ///     async fn started(&mut self, cx: &mut Context<Answer>) {
    ///         let request = std::future::pending();
    ///         cx.spawn_by(cx.now() + Duration::from_millis(1), request, Answer);
    ///     }
    ///     async fn handle(&mut self, Answer(answer): Answer, cx: &mut Context<Answer>) {
    ///         assert_eq!(answer, Err(WorkError::DeadlinePassed));
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("client"))?;
    /// # let (_client, running) = spawn(&executor, || Client)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("the deadline ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_by<F: Future + 'static>(
        &mut self,
        deadline: Instant,
        future: F,
        into_message: impl FnOnce(Result<F::Output, WorkError>) -> M + 'static,
    ) -> WorkId {
        let started = self.spawning().by(deadline).run(future, into_message);
        started.unwrap_or_else(|refused| self.refuse(refused))
    }

    /// Returns the builder of a future with options: a deadline, an order, and its return if too
    /// much work is in flight.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let future = async { 7 };
    ///         let started = cx.spawning().ordered().run(future, |n| Done(n.unwrap_or(0)));
    ///         assert!(started.is_ok(), "nothing else is in flight");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(n, 7);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawning(&mut self) -> Spawning<'_, M> {
        Spawning::new(self)
    }

    /// Ends a piece of work without a message, also if its result waits already. Returns whether
    /// there was one to end.
    ///
    /// A future is dropped immediately. Offloaded work not yet begun is dropped by its thread.
    /// Offloaded work in progress is [cancelled](crate::actor::Cancel), and its result is dropped.
    /// An aborted piece is not counted as lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let request = cx.spawn(std::future::pending(), |n| Done(n.unwrap_or(0)));
    ///         assert!(cx.abort(request), "it was in flight");
    ///         assert!(!cx.abort(request) && cx.work_in_flight() == 0);
    ///         cx.stop();
    ///     }
    /// #   async fn handle(&mut self, _done: Done, _cx: &mut Context<Done>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn abort(&mut self, id: WorkId) -> bool {
        self.all_work().is_some_and(|work| work.abort(id.0))
    }

    /// Sets the limit on this actor's work in flight, futures and offloaded work together, for the
    /// rest of its life. Work in flight above a new limit goes on.
    ///
    /// The limit bounds the memory of an actor whose requests come from strangers. Offloaded work
    /// counts until its thread drops it, also after an abort or a deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         cx.work_limit(1);
    ///         cx.spawn(std::future::pending(), |n| Done(n.unwrap_or(0)));
    ///         assert!(cx.spawning().run(async {}, |_| Done(7)).is_err());
    ///         cx.stop();
    ///     }
    /// #   async fn handle(&mut self, _done: Done, _cx: &mut Context<Done>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn work_limit(&mut self, most: usize) {
        self.with_work(|work| work.set_limit(most));
    }

    /// Returns the number of pieces of work in flight: started, and without a message handled yet.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done;
    /// # impl Message for Done {}
    /// # struct Fetch;
    /// # impl Actor for Fetch {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         assert_eq!(cx.work_in_flight(), 0);
    ///         cx.spawn(async {}, |_| Done);
    ///         assert_eq!(cx.work_in_flight(), 1);
    ///     }
    ///     async fn handle(&mut self, _done: Done, cx: &mut Context<Done>) {
    ///         assert_eq!(cx.work_in_flight(), 0);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("fetch"))?;
    /// # let (_fetch, running) = spawn(&executor, || Fetch)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("the message ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn work_in_flight(&mut self) -> usize {
        self.all_work().map_or(0, |work| work.len())
    }

    /// Runs long or blocking work on another thread. The actor handles its result as a message.
    ///
    /// The actor handles other messages meanwhile, and stays reachable until the result arrives.
    /// Its message skips the lanes, as a timer's does, and is counted in the lane named by
    /// [`Message::lane`]. Messages of work and messages of the lanes take turns, so neither
    /// starves.
    ///
    /// A stopping actor waits for the results in flight until its deadline
    /// ([`Running::stop`](crate::Running::stop)). Results arriving later are counted in
    /// [`Exit::lost_work`](crate::Exit::lost_work). The work itself is never interrupted.
    ///
    /// A result belongs to the life of the actor that offloaded the work. After its end the result
    /// is dropped, and never delivered to a later life. [`offloading`](Self::offloading) has
    /// options.
    ///
    /// `into_message` runs on the thread of the work, or on the thread dropping the work. If it
    /// panics, or if the [lane](Message::lane) of its message has an index past the end, no message
    /// is sent, and the result is counted as lost.
    ///
    /// # Errors
    ///
    /// `into_message` receives a [`WorkError`] if the work panicked or was dropped before it began.
    /// The latter happens if no thread can be started, if the executor has ended, or if too much
    /// work is in flight ([`work_limit`](Self::work_limit)).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, Reply};
    /// use actor_core::actor::WorkError;
    ///
    /// enum Sums {
    ///     Add(Vec<u64>, Reply<u64>),
    ///     Added(Result<u64, WorkError>, Reply<u64>),
    /// }
    /// impl Message for Sums {}
    ///
    /// struct Adder;
    /// impl Actor for Adder {
    ///     type Message = Sums;
    ///     async fn handle(&mut self, message: Sums, cx: &mut Context<Sums>) {
    ///         match message {
    ///             Sums::Add(numbers, reply) => {
    ///                 cx.offload(move || numbers.iter().sum(), |sum| Sums::Added(sum, reply));
    ///             }
    ///             Sums::Added(Ok(sum), reply) => reply.send(sum),
    ///             // The dropped reply becomes an error for the asker.
    ///             Sums::Added(Err(error), _reply) => eprintln!("no sum: {error}"),
    ///         }
    ///     }
    /// }
    /// # use std::time::Duration;
    /// # use actor_core::{Runtime, ThreadConfig, spawn};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("sums"))?;
    /// let (adder, running) = spawn(&executor, || Adder)?;
    /// let sum = adder.try_ask(|reply| Sums::Add(vec![1, 2, 3], reply)).expect("there is room");
    /// // A stop with patience waits for the work.
    /// running.stop(Duration::from_secs(30));
    /// assert_eq!(futures::executor::block_on(sum), Ok(6));
    /// let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends in time");
    /// assert_eq!(exit.lost_work, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offload<T: 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        into_message: impl FnOnce(Result<T, WorkError>) -> M + Send + 'static,
    ) {
        if let Err(refused) = self.offloading().run(work, into_message) {
            self.refuse(refused);
        }
    }

    /// Returns the builder of offloaded work with options: a deadline, a token, an order, a pool,
    /// and its return if too much work is in flight.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let started = cx.offloading().ordered().run(|| 7, |n| Done(n.unwrap_or(0)));
    ///         assert!(started.is_ok(), "nothing else is in flight");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(n, 7);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offloading(&self) -> Offloading<'_, M> {
        Offloading::new(self)
    }

    /// Delivers the message of work that was not started.
    fn refuse<T, W, I: FnOnce(Result<T, WorkError>) -> M>(&self, refused: Refused<W, I>) -> WorkId {
        let Refused { work, into_message } = refused;
        drop(contained(|| drop(work)));
        let message = contained(|| into_message(Err(WorkError::Refused))).ok();
        self.with_work(|work| {
            let id = work.number();
            work.add_refused(id, message);
            WorkId(id)
        })
    }

    /// Reaches the work in flight, made with the first piece. `with` runs nothing of the program.
    pub(super) fn with_work<T>(&self, with: impl FnOnce(&mut Pieces<M>) -> T) -> T {
        self.with_inflow(|inflow| with(inflow.make_work(&self.shared)))
    }

    fn all_work(&mut self) -> Option<&mut Pieces<M>> {
        self.inflow.get_mut().as_deref_mut()?.all_work()
    }
}
