//! The subscription of an actor: news in its lanes, and the values in a queue.

use std::fmt;
use std::sync::Arc;

use actor_core::handle::{Lender, Letter, Returned};
use actor_core::runtime::adapter::contain;
use actor_core::{Handle, Message};

use crate::topic::board::Board;
use crate::topic::figures::{SubscriberId, SubscriberStats};
use crate::topic::subscriber::{Subscriber, Wake};
use crate::topic::subscription::{Item, SubscriptionEnd};

/// The notice of a value for an actor. The value waits in the subscription's queue.
///
/// The drop of news that were not opened drops the oldest value. It counts as missed, and the next
/// news report it.
///
/// An actor that has closed receives no further news, and still takes the values of the news in its
/// lanes.
///
/// # Examples
///
/// ```
/// use actor_core::{Actor, Context, Message};
/// use actor_system::topic::News;
///
/// enum Desk {
///     Price(News<u32>),
///     Close,
/// }
/// impl Message for Desk {}
///
/// struct Trader { sum: u32, missed: u64 }
/// impl Actor for Trader {
///     type Message = Desk;
///     async fn handle(&mut self, message: Desk, cx: &mut Context<Desk>) {
///         match message {
///             Desk::Price(news) => match news.take() {
///                 Ok(price) => {
///                     self.sum += *price;
///                     self.missed += price.missed();
///                 }
///                 Err(end) => cx.fail(end),
///             },
///             Desk::Close => cx.stop(),
///         }
///     }
/// }
/// ```
pub struct News<T: Send + Sync + 'static> {
    /// `None` once it was opened.
    subscriber: Option<Arc<Subscriber<T>>>,
}

/// Keeps an actor subscribed. Its drop unsubscribes, and the actor's waiting news return
/// [`Unsubscribed`](SubscriptionEnd::Unsubscribed) then.
///
/// The news outlive a restart of the actor. An actor that subscribes in `started`, and keeps the
/// subscription in its state, therefore ignores `Unsubscribed`: it belongs to an earlier life.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_system::topic::{ActorSubscription, News, Slow, SubscriptionEnd, Topic};
///
/// struct Price(News<u32>);
/// impl Message for Price {}
///
/// let (watcher, mut mailbox) = actor_core::mailbox();
/// let prices = Topic::new();
/// let subscription: ActorSubscription<u32> =
///     prices.subscribe_actor(&watcher, 4, Slow::Wait, Price)?;
/// prices.try_publish(1)?;
/// drop(subscription);
/// assert_eq!(prices.try_publish(2)?.delivered, 0);
///
/// let Price(news) = mailbox.try_recv().ok_or("they wait")?;
/// assert_eq!(news.take().unwrap_err(), SubscriptionEnd::Unsubscribed { missed: 1 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "its drop unsubscribes the actor"]
pub struct ActorSubscription<T: Send + Sync + 'static> {
    board: Arc<Board<T>>,
    subscriber: Arc<Subscriber<T>>,
}

/// Sends news to an actor.
pub(super) struct Waking<M: Message, F> {
    handle: Handle<M>,
    lender: Lender<M>,
    into: F,
}

impl<T: Send + Sync + 'static> News<T> {
    /// Takes the oldest value of the subscription.
    ///
    /// # Errors
    ///
    /// The end of the subscription, after its last value. After the drop of the
    /// [`ActorSubscription`], news that still wait return [`SubscriptionEnd::Unsubscribed`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// use actor_system::topic::{News, Slow, SubscriptionEnd, Topic};
    ///
    /// struct Word(News<&'static str>);
    /// impl Message for Word {}
    ///
    /// struct Reader(String);
    /// impl Actor for Reader {
    ///     type Message = Word;
    ///     async fn handle(&mut self, Word(news): Word, cx: &mut Context<Word>) {
    ///         match news.take() {
    ///             Ok(word) => self.0 += *word,
    ///             Err(end) => {
    ///                 assert_eq!(end, SubscriptionEnd::TopicEnded { missed: 0 });
    ///                 assert_eq!(self.0, "ab");
    ///                 cx.stop();
    ///             }
    ///         }
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("reader"))?;
    /// let (reader, running) = spawn(&executor, || Reader(String::new()))?;
    /// let words = Topic::new();
    /// let _subscription = words.subscribe_actor(&reader, 4, Slow::Wait, Word)?;
    /// words.try_publish("a")?;
    /// words.try_publish("b")?;
    /// drop(words);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("the topic has ended");
    /// assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take(mut self) -> Result<Item<T>, SubscriptionEnd> {
        let end = SubscriptionEnd::TopicEnded { missed: 0 };
        let subscriber = self.subscriber.take().ok_or(end)?;
        // There are as many news as values, and one more at the end.
        subscriber.take()?.ok_or(end)
    }
}

impl<T: Send + Sync + 'static> Drop for News<T> {
    fn drop(&mut self) {
        if let Some(subscriber) = &self.subscriber {
            subscriber.lose();
        }
    }
}

impl<T: Send + Sync + 'static> ActorSubscription<T> {
    pub(super) fn new(board: Arc<Board<T>>, subscriber: Arc<Subscriber<T>>) -> Self {
        Self { board, subscriber }
    }

    /// Returns the number of this subscriber.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// # use actor_system::topic::{News, Slow, Topic};
    /// # struct Price(News<u32>);
    /// # impl Message for Price {}
    /// # let (watcher, _mailbox) = actor_core::mailbox();
    /// let prices = Topic::new();
    /// let subscription = prices.subscribe_actor(&watcher, 4, Slow::Wait, Price)?;
    /// assert_eq!(prices.subscribers()[0].id, subscription.id());
    /// # Ok::<(), actor_system::topic::SubscribeError>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> SubscriberId {
        self.subscriber.id()
    }

    /// Returns the figures of this subscriber.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// # use actor_system::topic::{News, Slow, Topic};
    /// # struct Price(News<u32>);
    /// # impl Message for Price {}
    /// # let (watcher, _mailbox) = actor_core::mailbox();
    /// let prices = Topic::new();
    /// let subscription = prices.subscribe_actor(&watcher, 4, Slow::Wait, Price)?;
    /// prices.try_publish(1)?;
    /// assert_eq!(subscription.stats().waiting, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> SubscriberStats {
        self.subscriber.stats()
    }
}

impl<T: Send + Sync + 'static> Drop for ActorSubscription<T> {
    fn drop(&mut self) {
        self.board.remove(self.subscriber.id());
        self.subscriber.leave();
    }
}

impl<M: Message, F> Waking<M, F> {
    pub(super) fn new(handle: Handle<M>, into: F) -> Self {
        Self { lender: handle.lender(), handle, into }
    }
}

impl<T, M, F> Wake<T> for Waking<M, F>
where
    T: Send + Sync + 'static,
    M: Message,
    F: Fn(News<T>) -> M + Send + Sync,
{
    fn wake(&self, subscriber: &Arc<Subscriber<T>>) -> bool {
        let news = News { subscriber: Some(Arc::clone(subscriber)) };
        // The panic hook has reported any panic. Its unwinding has dropped the news.
        let posted = contain(|| self.handle.post(Letter::new((self.into)(news))));
        match posted {
            Some(Err(Returned::Full(letter))) => {
                self.lender.lend();
                self.lender.give_back(letter.into_message());
                true
            }
            Some(Err(Returned::Closed(letter))) => {
                subscriber.skip_news();
                // The drop of its news, too, may run code of the program.
                _ = contain(move || drop(letter));
                false
            }
            Some(Ok(())) | None => true,
        }
    }

    fn is_gone(&self) -> bool {
        self.handle.is_closed()
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for News<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("News").finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for ActorSubscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSubscription").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
