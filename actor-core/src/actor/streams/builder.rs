//! The options of an attached stream.

use std::fmt;

use futures::Stream;

use crate::actor::context::Context;
use crate::actor::streams::event::{RefusedStream, StreamId, Streamed};
use crate::actor::streams::source::{Attachment, OfEvents, OfItems};
use crate::mailbox::Message;

/// A stream about to be attached, from [`Context::attaching`]. Returns the stream at the limit.
///
/// # Examples
///
/// A server that refuses a client in place of dropping it in silence:
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::Streamed;
/// use futures::stream::{self, StreamExt};
///
/// enum Server {
///     Line(Streamed<&'static str>),
/// }
/// impl Message for Server {}
///
/// struct Lines(Vec<&'static str>);
/// impl Actor for Lines {
///     type Message = Server;
///     async fn started(&mut self, cx: &mut Context<Server>) {
///         cx.stream_limit(1);
///         let first = cx.attaching().run(stream::iter(["hello"]), Server::Line);
///         assert!(first.is_ok());
///         let second = cx.attaching().run(stream::iter(["a second client"]), Server::Line);
///         let mut refused = second.expect_err("one is attached").stream;
///         assert_eq!(refused.next().await, Some("a second client"));
///     }
///     async fn handle(&mut self, Server::Line(line): Server, cx: &mut Context<Server>) {
///         match line.item() {
///             Some(line) => self.0.push(line),
///             None => cx.stop(),
///         }
///     }
///     async fn stopped(&mut self, _reason: &actor_core::ExitReason) {
///         assert_eq!(self.0, ["hello"]);
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("lines"))?;
/// let (_lines, running) = spawn(&executor, || Lines(Vec::new()))?;
/// let exit = running.join_blocking(Duration::from_secs(30)).expect("the end of the stream");
/// assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is attached until `run`"]
pub struct Attaching<'a, M: Message> {
    cx: &'a mut Context<M>,
    keeps: bool,
}

impl<'a, M: Message> Attaching<'a, M> {
    pub(super) fn new(cx: &'a mut Context<M>) -> Self {
        Self { cx, keeps: true }
    }

    /// The stream does not keep the actor reachable. Its items come while something else does: a
    /// handle, a timer, work in flight or another stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// use futures::stream;
    ///
    /// struct Setting(u32);
    /// impl Message for Setting {}
    ///
    /// struct Cache;
    /// impl Actor for Cache {
    ///     type Message = Setting;
    ///     async fn started(&mut self, cx: &mut Context<Setting>) {
    ///         let settings = stream::pending();
    ///         cx.attaching().weak().run_items(settings, Setting).expect("it is the first");
    ///     }
    ///     async fn handle(&mut self, _setting: Setting, _cx: &mut Context<Setting>) {}
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("cache"))?;
    /// let (cache, running) = spawn(&executor, || Cache)?;
    /// drop(cache);
    /// let exit = running.join_blocking(Duration::from_secs(30)).expect("nothing reaches it");
    /// assert!(matches!(exit.reason, ExitReason::Unreachable));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn weak(mut self) -> Self {
        self.keeps = false;
        self
    }

    /// Attaches the stream, as [`Context::attach`].
    ///
    /// # Errors
    ///
    /// Returns the stream and the function if the actor has as many streams as
    /// [`Context::stream_limit`] allows.
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
    ///         let prices = stream::iter([7, 8]);
    ///         let attached = cx.attaching().run(prices, |event| Price(event.item().unwrap_or(0)));
    ///         assert!(attached.is_ok(), "the limit is far away");
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
    pub fn run<S, I>(self, stream: S, into_message: I) -> Result<StreamId, RefusedStream<S, I>>
    where
        S: Stream + 'static,
        I: FnMut(Streamed<S::Item>) -> M + 'static,
    {
        if !self.has_room() {
            return Err(RefusedStream { stream, into_message });
        }
        let source = Box::pin(Attachment::new(stream, OfEvents(into_message)));
        let keeps = self.keeps;
        Ok(StreamId(self.cx.with_streams(|streams| streams.add(source, keeps))))
    }

    /// Attaches the stream, as [`Context::attach_items`].
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
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
    ///         let prices = cx.attaching().run_items(stream::iter([7, 8, 9]), Price);
    ///         assert!(prices.is_ok(), "the limit is far away");
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
    pub fn run_items<S, I>(
        self,
        stream: S,
        into_message: I,
    ) -> Result<StreamId, RefusedStream<S, I>>
    where
        S: Stream + 'static,
        I: FnMut(S::Item) -> M + 'static,
    {
        if !self.has_room() {
            return Err(RefusedStream { stream, into_message });
        }
        let source = Box::pin(Attachment::new(stream, OfItems(into_message)));
        let keeps = self.keeps;
        Ok(StreamId(self.cx.with_streams(|streams| streams.add(source, keeps))))
    }

    fn has_room(&self) -> bool {
        self.cx.with_streams(|streams| streams.has_room())
    }
}

impl<M: Message> fmt::Debug for Attaching<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attaching").field("keeps", &self.keeps).finish_non_exhaustive()
    }
}
