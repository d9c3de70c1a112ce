//! The events of an attached stream, and its name.

use std::error::Error;
use std::fmt;

/// An event of an attached stream, from which [`Context::attach`](crate::Context::attach) makes a
/// message.
///
/// Each stream has any number of items and then at most one other event, the last one. A detached
/// stream, and one dropped at the end of its life, has no last event.
///
/// A stream of `Result`s has its errors as items: whether an item follows an error is the stream's
/// decision.
///
/// # Examples
///
/// ```
/// use actor_core::actor::Streamed;
///
/// assert_eq!(Streamed::Item(7).item(), Some(7));
/// assert_eq!(Streamed::<u32>::Ended.item(), None);
/// let failed = Streamed::<u32>::Panicked("no such file".to_owned());
/// assert_eq!(failed.to_string(), "the stream panicked: no such file");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Streamed<T> {
    /// An item.
    Item(T),
    /// The stream has ended by itself.
    Ended,
    /// The stream panicked in its poll, with this message, or the function for the message of an
    /// item did. The stream was dropped.
    Panicked(String),
    /// The actor had as many streams as
    /// [`Context::stream_limit`](crate::Context::stream_limit) allows. The stream was dropped
    /// without a poll.
    Refused,
}

impl<T> Streamed<T> {
    /// Returns the item, or `None` for the end of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Streamed;
    ///
    /// assert_eq!(Streamed::Item("a line").item(), Some("a line"));
    /// assert_eq!(Streamed::<()>::Refused.item(), None);
    /// ```
    pub fn item(self) -> Option<T> {
        match self {
            Self::Item(item) => Some(item),
            Self::Ended | Self::Panicked(_) | Self::Refused => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Streamed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) => item.fmt(f),
            Self::Ended => f.write_str("the stream ended"),
            Self::Panicked(message) => write!(f, "the stream panicked: {message}"),
            Self::Refused => f.write_str("too many streams were attached"),
        }
    }
}

/// Identifies one attached stream of an actor, for
/// [`Context::detach`](crate::Context::detach). No other stream of the actor has the same, not even
/// in a later life.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::{StreamId, Streamed};
/// use futures::stream;
///
/// struct Number(Streamed<u32>);
/// impl Message for Number {}
///
/// struct FirstThree(Option<StreamId>, u32);
/// impl Actor for FirstThree {
///     type Message = Number;
///     async fn started(&mut self, cx: &mut Context<Number>) {
///         self.0 = Some(cx.attach(stream::iter(0..), Number));
///     }
///     async fn handle(&mut self, _number: Number, cx: &mut Context<Number>) {
///         self.1 += 1;
///         if self.1 == 3 {
///             assert!(self.0.is_some_and(|id| cx.detach(id)), "it was attached");
///         }
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("numbers"))?;
/// let (numbers, running) = spawn(&executor, || FirstThree(None, 0))?;
/// drop(numbers);
/// let exit = running.join_blocking(Duration::from_secs(30)).expect("nothing else keeps it");
/// assert_eq!(exit.lanes[0].handled, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub(crate) u64);

/// A stream refused because of the limit on attached streams. Returns the stream, and the function
/// for its messages.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::{RefusedStream, Streamed};
/// use futures::stream::{self, Stream};
///
/// struct Number(Streamed<u32>);
/// impl Message for Number {}
///
/// struct Full;
/// impl Actor for Full {
///     type Message = Number;
///     async fn started(&mut self, cx: &mut Context<Number>) {
///         cx.stream_limit(0);
///         let refused = cx.attaching().run(stream::iter(0..3), Number);
///         let Err(RefusedStream { stream, .. }) = refused else { panic!("none may be attached") };
///         assert_eq!(stream.size_hint(), (3, Some(3)));
///         cx.stop();
///     }
///     async fn handle(&mut self, _number: Number, _cx: &mut Context<Number>) {}
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("full"))?;
/// # let (_full, running) = spawn(&executor, || Full)?;
/// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it stops itself");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RefusedStream<S, I> {
    /// The stream, as it was passed in.
    pub stream: S,
    /// The function for the messages.
    pub into_message: I,
}

impl<S, I> fmt::Debug for RefusedStream<S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefusedStream(..)")
    }
}

impl<S, I> fmt::Display for RefusedStream<S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many streams are attached")
    }
}

impl<S, I> Error for RefusedStream<S, I> {}
