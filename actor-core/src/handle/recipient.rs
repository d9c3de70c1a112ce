//! A handle narrowed to one kind of message.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project::pin_project;

use crate::handle::error::{TellError, TryTellError};
use crate::handle::recipient_ask::{self, BoxedSending, RecipientAsk, Sending};
use crate::handle::strong::Handle;
use crate::handle::tell::Tell;
use crate::handle::weak::WeakHandle;
use crate::mailbox::watchers::Peer;
use crate::mailbox::{Envelope, Message, Variant};
use crate::reply::{Asker, Reply};

/// Sends one kind of message to an actor, without knowledge of its other messages.
///
/// Created by [`Handle::recipient`]. Keeps the actor reachable, as a handle does. Every message
/// type is a [`Variant`] of itself, so a handle can be narrowed to its whole message type as well.
/// Each call of an `async` function allocates once, because the actor's message type is not known
/// here.
///
/// # Examples
///
/// ```
/// use actor_core::{Message, Recipient, Reply};
/// use actor_core::mailbox::Variant;
///
/// /// The question of a reader.
/// struct Head(Reply<u64>);
///
/// enum Chain {
///     Head(Head),
///     Block(u64),
/// }
/// impl Message for Chain {}
/// impl Variant<Head> for Chain {
///     fn wrap(head: Head) -> Self {
///         Self::Head(head)
///     }
///     fn unwrap(self) -> Option<Head> {
///         match self {
///             Self::Head(head) => Some(head),
///             Self::Block(_) => None,
///         }
///     }
/// }
///
/// let (chain, mut mailbox) = actor_core::mailbox::<Chain>();
/// let heads: Recipient<Head> = chain.recipient();
/// let blocks: Recipient<Chain> = chain.recipient();
/// let actor = async {
///     let mut head = 0;
///     while let Some(message) = mailbox.recv().await {
///         match message {
///             Chain::Block(slot) => head = slot,
///             Chain::Head(Head(reply)) => return reply.send(head),
///         }
///     }
/// };
/// let reader = async {
///     blocks.tell(Chain::Block(7)).await.expect("the actor lives");
///     assert_eq!(heads.ask(Head).await.ok(), Some(7));
/// };
/// futures::executor::block_on(async { futures::join!(actor, reader) });
/// ```
pub struct Recipient<T> {
    target: Arc<dyn Target<T>>,
}

/// A recipient that does not keep its actor reachable. Created by [`Recipient::downgrade`].
///
/// # Examples
///
/// ```
/// use actor_core::handle::WeakRecipient;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, mailbox) = actor_core::mailbox::<Tick>();
/// let weak: WeakRecipient<Tick> = handle.recipient().downgrade();
/// let ticks = weak.upgrade().expect("a handle is left");
/// assert!(ticks.try_tell(Tick).is_ok());
/// drop(mailbox);
/// assert!(weak.upgrade().is_none(), "the actor has ended");
/// ```
pub struct WeakRecipient<T> {
    target: Arc<dyn WeakTarget<T>>,
}

/// A future behind a pointer, because its type depends on the actor's message type.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A handle whose message enum has a variant for `T`.
trait Target<T>: Send + Sync {
    fn try_tell(&self, value: T) -> Result<(), TryTellError<T>>;
    fn sender(&self) -> &(dyn recipient_ask::Target<T> + Send + Sync);
    fn tell_blocking(&self, value: T, timeout: Duration) -> Result<(), TryTellError<T>>;
    fn is_closed(&self) -> bool;
    fn closed(&self) -> Boxed<'_, ()>;
    fn downgrade(&self) -> Arc<dyn WeakTarget<T>>;
    /// Returns the same value for all handles of one actor.
    fn address(&self) -> *const ();
    fn peer(&self) -> Arc<dyn Peer>;
}

trait WeakTarget<T>: Send + Sync {
    fn upgrade(&self) -> Option<Arc<dyn Target<T>>>;
}

impl<M: Message> Handle<M> {
    /// Returns a recipient for one kind of message, for senders with no need for the others.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Message, Recipient, mailbox::Variant};
    /// # impl Message for Chain {}
    /// # impl Variant<Head> for Chain {
    /// #     fn wrap(head: Head) -> Self {
    /// #         Self::Head(head)
    /// #     }
    /// #     fn unwrap(self) -> Option<Head> {
    /// #         if let Self::Head(head) = self { Some(head) } else { None }
    /// #     }
    /// # }
    /// struct Head(u64);
    /// enum Chain {
    ///     Head(Head),
    ///     Block(u64),
    /// }
    /// // A clock sends heads, and needs no knowledge of the other messages.
    /// let report = |heads: Recipient<Head>| heads.try_tell(Head(7)).is_ok();
    ///
    /// let (chain, mut mailbox) = actor_core::mailbox::<Chain>();
    /// assert!(report(chain.recipient()));
    /// assert!(matches!(mailbox.try_recv(), Some(Chain::Head(Head(7)))));
    /// ```
    #[must_use]
    pub fn recipient<T>(&self) -> Recipient<T>
    where
        T: VariantOf<M> + Send,
    {
        T::recipient_of(self)
    }
}

/// A value that the messages `M` have a variant for: the bound of
/// [`Handle::recipient`](crate::Handle::recipient).
///
/// It is the other side of [`Variant`](crate::mailbox::Variant), which is the trait to implement.
/// As a bound on the value it leaves the type of a recipient to its annotation.
///
/// # Examples
///
/// ```
/// use actor_core::handle::VariantOf;
/// use actor_core::{Handle, Message, Recipient};
///
/// fn narrow<M: Message, T: VariantOf<M> + Send>(handle: &Handle<M>) -> Recipient<T> {
///     handle.recipient()
/// }
///
/// struct Tick;
/// impl Message for Tick {}
/// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
/// assert!(narrow::<Tick, Tick>(&handle).try_tell(Tick).is_ok());
/// assert!(mailbox.try_recv().is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "the message enum `{M}` has no variant for `{Self}`",
    label = "no variant for `{Self}`",
    note = "add a variant that carries `{Self}` to `{M}`, and implement `Variant<{Self}>` for it or derive `Message`"
)]
pub trait VariantOf<M: Message>: Sized + 'static {
    #[doc(hidden)]
    fn recipient_of(handle: &Handle<M>) -> Recipient<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: 'static, M: Variant<T>> VariantOf<M> for T {
    fn recipient_of(handle: &Handle<M>) -> Recipient<T> {
        Recipient::new(handle.clone())
    }
}

impl<T: 'static> Recipient<T> {
    pub(crate) fn new<M: Variant<T>>(handle: Handle<M>) -> Self {
        Self { target: Arc::new(handle) }
    }

    /// Sends the value immediately, or returns it. Never waits.
    ///
    /// # Errors
    ///
    /// As [`Handle::try_tell`].
    ///
    /// # Panics
    ///
    /// As [`Handle::try_tell`].
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(handle.recipient().try_tell(Tick).is_ok());
    /// assert!(mailbox.try_recv().is_some());
    /// ```
    pub fn try_tell(&self, value: T) -> Result<(), TryTellError<T>> {
        self.target.try_tell(value)
    }

    /// Sends the value, waiting for room in its lane.
    ///
    /// # Errors
    ///
    /// As [`Handle::tell`].
    ///
    /// # Panics
    ///
    /// As [`Handle::tell`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready sends nothing, and drops the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, Recipient};
    ///
    /// struct Tick;
    /// impl Message for Tick {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("ticks", 1)];
    /// }
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let ticks: Recipient<Tick> = handle.recipient();
    /// assert!(ticks.try_tell(Tick).is_ok());
    /// // The lane is full, so the sender waits for the receiver.
    /// let both = async { futures::join!(ticks.tell(Tick), mailbox.recv()) };
    /// assert!(matches!(futures::executor::block_on(both), (Ok(()), Some(Tick))));
    /// ```
    pub fn tell(&self, value: T) -> impl Future<Output = Result<(), TellError<T>>> + Send + '_ {
        self.target.sender().send(value, None)
    }

    /// Sends the value from a plain thread, which parks until there is room or the timeout passes.
    ///
    /// # Errors
    ///
    /// As [`Handle::tell_blocking`].
    ///
    /// # Panics
    ///
    /// As [`Handle::tell_blocking`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(handle.recipient().tell_blocking(Tick, Duration::from_secs(10)).is_ok());
    /// assert!(mailbox.try_recv().is_some());
    /// ```
    pub fn tell_blocking(&self, value: T, timeout: Duration) -> Result<(), TryTellError<T>> {
        self.target.tell_blocking(value, timeout)
    }

    /// Sends a value with a [`Reply`] in it, waiting for room, and returns the answer.
    ///
    /// # Errors
    ///
    /// As [`Handle::ask`].
    ///
    /// # Panics
    ///
    /// As [`Handle::ask`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels a queued ask: the actor skips it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Message, Recipient, Reply};
    ///
    /// struct Read(Reply<u64>);
    /// impl Message for Read {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
    /// let reads: Recipient<Read> = handle.recipient();
    /// let actor = async { mailbox.recv().await.map(|Read(reply)| reply.send(7)) };
    /// let both = async { futures::join!(reads.ask(Read), actor) };
    /// assert!(matches!(futures::executor::block_on(both), (Ok(7), Some(()))));
    /// ```
    pub fn ask<R: Send + 'static, F: FnOnce(Reply<R>) -> T>(
        &self,
        make: F,
    ) -> RecipientAsk<'_, T, R, F> {
        RecipientAsk::new(self.target.sender(), make)
    }

    /// Returns whether the actor has ended or is ending. As [`Handle::is_closed`].
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, mailbox) = actor_core::mailbox::<Tick>();
    /// let mut subscribers = vec![handle.recipient::<Tick>()];
    /// drop(mailbox);
    /// subscribers.retain(|subscriber| !subscriber.is_closed());
    /// assert!(subscribers.is_empty(), "the only subscriber has ended");
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.target.is_closed()
    }

    /// Waits until the actor has ended or is ending. As [`Handle::closed`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, mailbox) = actor_core::mailbox::<Tick>();
    /// let ticks = handle.recipient::<Tick>();
    /// let ending = async { drop(mailbox) };
    /// futures::executor::block_on(async { futures::join!(ticks.closed(), ending) });
    /// assert!(ticks.try_tell(Tick).is_err());
    /// ```
    pub fn closed(&self) -> impl Future<Output = ()> + Send + '_ {
        self.target.closed()
    }

    /// Returns a recipient that does not keep the actor reachable.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// let weak = handle.recipient::<Tick>().downgrade();
    /// assert!(weak.upgrade().is_some_and(|ticks| ticks.same_actor(&handle.recipient::<Tick>())));
    /// drop(handle);
    /// assert!(weak.upgrade().is_none(), "the last handle is gone");
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakRecipient<T> {
        WeakRecipient { target: self.target.downgrade() }
    }

    /// Returns whether both reach the same actor. Their kinds of message may differ.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Message, Recipient, mailbox::Variant};
    /// # impl Message for Chain {}
    /// # impl Variant<Head> for Chain {
    /// #     fn wrap(head: Head) -> Self {
    /// #         Self::Head(head)
    /// #     }
    /// #     fn unwrap(self) -> Option<Head> {
    /// #         if let Self::Head(head) = self { Some(head) } else { None }
    /// #     }
    /// # }
    /// # struct Head(u64);
    /// # enum Chain {
    /// #     Head(Head),
    /// #     Block(u64),
    /// # }
    /// let (chain, _mailbox) = actor_core::mailbox::<Chain>();
    /// let heads: Recipient<Head> = chain.recipient();
    /// let blocks: Recipient<Chain> = chain.recipient();
    /// assert!(heads.same_actor(&blocks));
    /// let (other, _mailbox) = actor_core::mailbox::<Chain>();
    /// assert!(!heads.same_actor(&other.recipient::<Chain>()));
    /// ```
    #[must_use]
    pub fn same_actor<U: 'static>(&self, other: &Recipient<U>) -> bool {
        self.target.address() == other.target.address()
    }
}

impl<T: 'static> WeakRecipient<T> {
    /// Returns a full recipient. `None` if the actor has ended or is ending, or if neither a handle
    /// nor a recipient is left.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// let ticks = handle.recipient::<Tick>();
    /// let weak = ticks.downgrade();
    /// drop(handle);
    /// assert!(weak.upgrade().is_some(), "the recipient keeps the actor reachable");
    /// drop(ticks);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Recipient<T>> {
        self.target.upgrade().map(|target| Recipient { target })
    }
}

/// Returns the value of a message made by `Variant::wrap`.
fn unwrap<T, M: Variant<T>>(message: M) -> T {
    message.unwrap().expect("Variant::unwrap undoes Variant::wrap")
}

impl<T: 'static, M: Variant<T>> Target<T> for Handle<M> {
    fn try_tell(&self, value: T) -> Result<(), TryTellError<T>> {
        Self::try_tell(self, M::wrap(value)).map_err(|refused| refused.map(unwrap))
    }

    fn sender(&self) -> &(dyn recipient_ask::Target<T> + Send + Sync) {
        self
    }

    fn tell_blocking(&self, value: T, timeout: Duration) -> Result<(), TryTellError<T>> {
        Self::tell_blocking(self, M::wrap(value), timeout).map_err(|refused| refused.map(unwrap))
    }

    fn is_closed(&self) -> bool {
        Self::is_closed(self)
    }

    fn closed(&self) -> Boxed<'_, ()> {
        Box::pin(Self::closed(self))
    }

    fn downgrade(&self) -> Arc<dyn WeakTarget<T>> {
        Arc::new(Self::downgrade(self))
    }

    fn address(&self) -> *const () {
        Arc::as_ptr(self.shared()).cast()
    }

    fn peer(&self) -> Arc<dyn Peer> {
        Arc::clone(self.shared()) as _
    }
}

impl<T: 'static, M: Variant<T>> recipient_ask::Target<T> for Handle<M> {
    fn send(&self, value: T, asker: Option<Asker>) -> BoxedSending<'_, T> {
        let tell = self.tell_envelope(Envelope { message: M::wrap(value), asker });
        Box::pin(Telling { tell, value: PhantomData })
    }

    fn number(&self) -> u64 {
        self.shared().life().number()
    }
}

/// A send that returns the value in place of the message.
#[pin_project]
struct Telling<'a, M: Message, T> {
    #[pin]
    tell: Tell<'a, M>,
    value: PhantomData<fn() -> T>,
}

impl<T, M: Variant<T>> Future for Telling<'_, M, T> {
    type Output = Result<(), TellError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let told = self.project().tell.poll(cx);
        told.map_err(|TellError(message)| TellError(unwrap(message)))
    }
}

impl<T, M: Variant<T>> Sending<T> for Telling<'_, M, T> {
    fn withdraw(self: Pin<&mut Self>) -> T {
        unwrap(self.project().tell.withdraw())
    }
}

impl<T: 'static, M: Variant<T>> WeakTarget<T> for WeakHandle<M> {
    fn upgrade(&self) -> Option<Arc<dyn Target<T>>> {
        Some(Arc::new(Self::upgrade(self)?))
    }
}

impl<T> Recipient<T> {
    pub(super) fn peer(&self) -> Arc<dyn Peer> {
        self.target.peer()
    }
}

impl<T> Clone for Recipient<T> {
    fn clone(&self) -> Self {
        Self { target: Arc::clone(&self.target) }
    }
}

impl<T> Clone for WeakRecipient<T> {
    fn clone(&self) -> Self {
        Self { target: Arc::clone(&self.target) }
    }
}

impl<T> fmt::Debug for Recipient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("closed", &self.target.is_closed()).finish()
    }
}

impl<T> fmt::Debug for WeakRecipient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakRecipient").finish_non_exhaustive()
    }
}
