//! The methods of the context for attached streams.

use futures::Stream;

use crate::actor::context::Context;
use crate::actor::streams::attached::{LIMIT, Streams};
use crate::actor::streams::builder::Attaching;
use crate::actor::streams::event::{RefusedStream, StreamId, Streamed};
use crate::mailbox::Message;
use crate::panic::{contained, drop_contained};

/// Attached streams.
impl<M: Message> Context<M> {
    /// The limit on attached streams of one actor, unless [`stream_limit`](Self::stream_limit) sets
    /// another one: 65,536.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// assert_eq!(actor_core::Context::<Tick>::STREAM_LIMIT, 65_536);
    /// ```
    pub const STREAM_LIMIT: usize = LIMIT;

    /// Attaches a stream to this actor. The actor handles its items, its end and its panic as
    /// messages, made by `into_message`.
    ///
    /// The stream is polled in the actor's own task, so neither the stream nor its items need be
    /// `Send`. It is polled only while no handler runs or waits, and only after it was woken or has
    /// yielded an item. One item is pulled at a time and handled at once. So a slow actor slows its
    /// streams, and no item waits in a queue.
    ///
    /// The messages skip the lanes, as a timer's do, and are counted in the lane named by
    /// [`Message::lane`]. Items take turns with the messages of the lanes and with results of work,
    /// and streams with items take turns with each other. A due timer goes first.
    ///
    /// The stream belongs to this life of the actor, and keeps it reachable. It is dropped after
    /// its last item, when it is [detached](Self::detach), when the mailbox closes, and at the end
    /// of the life. No event comes then, except the last one of a stream that has ended by itself.
    /// A restarted actor attaches its streams again in [`Actor::started`](crate::Actor::started).
    ///
    /// A panic of the stream, or of `into_message` for an item, ends the stream with
    /// [`Streamed::Panicked`]. The actor lives on. If `into_message` panics for the last event, no
    /// message comes, and [`Exit::lost_work`](crate::Exit::lost_work) counts the stream. It also
    /// counts each message whose lane does not exist.
    ///
    /// At the [limit](Self::stream_limit) the stream is dropped, and its only event is
    /// [`Streamed::Refused`]. [`attaching`](Self::attaching) returns it instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::actor::Streamed;
    /// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// use futures::stream;
    ///
    /// enum Sum {
    ///     Number(Streamed<u64>),
    /// }
    /// impl Message for Sum {}
    ///
    /// struct Adder(u64);
    /// impl Actor for Adder {
    ///     type Message = Sum;
    ///
    ///     async fn started(&mut self, cx: &mut Context<Sum>) {
    ///         cx.attach(stream::iter(1..=100), Sum::Number);
    ///     }
    ///
    ///     async fn handle(&mut self, Sum::Number(event): Sum, cx: &mut Context<Sum>) {
    ///         match event {
    ///             Streamed::Item(number) => self.0 += number,
    ///             Streamed::Ended => cx.stop(),
    ///             failed => cx.fail(failed.to_string()),
    ///         }
    ///     }
    ///
    ///     async fn stopped(&mut self, _reason: &ExitReason) {
    ///         assert_eq!(self.0, 5_050);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("adder"))?;
    /// let (_adder, running) = spawn(&executor, || Adder(0))?;
    /// let exit = running.join_blocking(Duration::from_secs(30)).expect("the stream ends");
    /// assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// assert_eq!(exit.lanes[0].handled, 101);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach<S: Stream + 'static>(
        &mut self,
        stream: S,
        into_message: impl FnMut(Streamed<S::Item>) -> M + 'static,
    ) -> StreamId {
        let attached = self.attaching().run(stream, into_message);
        attached.unwrap_or_else(|RefusedStream { stream, mut into_message }| {
            drop(drop_contained(stream));
            let message = contained(|| into_message(Streamed::Refused)).ok();
            drop(drop_contained(into_message));
            self.refuse_stream(message)
        })
    }

    /// As [`attach`](Self::attach), for a stream whose end needs no message.
    ///
    /// A stream that panics, and one refused at the [limit](Self::stream_limit), are dropped.
    /// [`Exit::lost_work`](crate::Exit::lost_work) counts them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// use futures::stream;
    ///
    /// struct Price(u64);
    /// impl Message for Price {}
    ///
    /// struct Market;
    /// impl Actor for Market {
    ///     type Message = Price;
    ///     async fn started(&mut self, cx: &mut Context<Price>) {
    ///         cx.attach_items(stream::iter([7, 8, 9]), Price);
    ///     }
    ///     async fn handle(&mut self, _price: Price, _cx: &mut Context<Price>) {}
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("market"))?;
    /// let (market, running) = spawn(&executor, || Market)?;
    /// drop(market);
    /// let exit = running.join_blocking(Duration::from_secs(30)).expect("nothing else keeps it");
    /// assert_eq!(exit.lanes[0].handled, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach_items<S: Stream + 'static>(
        &mut self,
        stream: S,
        into_message: impl FnMut(S::Item) -> M + 'static,
    ) -> StreamId {
        let attached = self.attaching().run_items(stream, into_message);
        attached.unwrap_or_else(|RefusedStream { stream, into_message }| {
            drop(drop_contained(stream));
            drop(drop_contained(into_message));
            self.refuse_stream(None)
        })
    }

    /// Attaches a stream with options, or returns it if there are too many.
    ///
    /// # Examples
    ///
    /// [`Attaching`] has one.
    pub fn attaching(&mut self) -> Attaching<'_, M> {
        Attaching::new(self)
    }

    /// Detaches a stream, and drops it. Returns whether it was attached: then no further message
    /// of it comes. A stream whose last event was handled is not attached any more.
    ///
    /// # Examples
    ///
    /// [`StreamId`] has one.
    pub fn detach(&mut self, stream: StreamId) -> bool {
        self.all_streams().is_some_and(|streams| streams.detach(stream.0))
    }

    /// Sets the limit on this actor's attached streams, for the rest of its life. Streams above a
    /// new limit stay attached.
    ///
    /// The limit bounds the memory of an actor whose streams come from strangers, such as a server
    /// with a stream for each client.
    ///
    /// # Examples
    ///
    /// [`Attaching`] has one.
    pub fn stream_limit(&mut self, most: usize) {
        self.with_streams(|streams| streams.set_limit(most));
    }

    /// Returns the number of attached streams.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # use futures::stream;
    /// # struct Price(u64);
    /// # impl Message for Price {}
    /// # struct Market;
    /// # impl Actor for Market {
    /// #     type Message = Price;
    /// async fn started(&mut self, cx: &mut Context<Price>) {
    ///     let prices = cx.attach_items(stream::pending(), Price);
    ///     assert_eq!(cx.attached_streams(), 1);
    ///     assert!(cx.detach(prices));
    ///     assert_eq!(cx.attached_streams(), 0);
    /// #   cx.stop();
    /// }
    /// #     async fn handle(&mut self, _price: Price, _cx: &mut Context<Price>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("market"))?;
    /// # let (_market, running) = spawn(&executor, || Market)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it stops itself");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn attached_streams(&mut self) -> usize {
        self.all_streams().map_or(0, |streams| streams.len())
    }

    /// Answers the attach of a stream that was refused and dropped.
    fn refuse_stream(&mut self, message: Option<M>) -> StreamId {
        StreamId(self.with_streams(|streams| streams.refuse(message)))
    }

    fn all_streams(&mut self) -> Option<&mut Streams<M>> {
        self.inflow.get_mut().as_deref_mut()?.all_streams()
    }

    pub(super) fn with_streams<T>(&self, with: impl FnOnce(&mut Streams<M>) -> T) -> T {
        self.with_inflow(|inflow| with(inflow.make_streams(&self.shared)))
    }
}
