//! Credits: how many messages of one source may be unhandled at the same time.
//!
//! ```text
//! waiting source                          holder of a credit
//!   available: n -> n - 1: none is left     available + 1
//!   waiting + 1; listen                     fence SeqCst            (2)
//!   fence SeqCst              (1)           waiting > 0 -> notifies as many further listeners
//!   available again: none left: wait          as there are credits, first come, first served
//! ```
//!
//! If (1) precedes (2), the holder sees the waiting source. If (2) precedes (1), the second try
//! sees the credit. **Nothing is kept for a notified source**, and no other one depends on it: each
//! return notifies as many further sources as there are credits, so a source that is notified and
//! not polled delays the others until the next return at most.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use event_listener::{Event, EventListener, IntoNotification, Listener};

use crate::quiet::{Quiet, quietly};
use crate::sync::{AtomicUsize, Ordering, fence};

/// A source's credits: the number of its messages that may be unhandled at the same time.
///
/// The source takes a [`Credit`] and puts it into the message. The credit returns when the message
/// is dropped: after it was handled, or in any other way. So a source that waits for a credit
/// before it reads from its socket stops reading while its messages are not handled, whatever room
/// the lane has. One `Credits` for each peer bounds each peer alone.
///
/// Cloning is cheap, and a clone shares the credits. A credit that outlives all `Credits` has no
/// effect on its return.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_core::flow::{Credit, Credits};
///
/// struct Line {
///     text: &'static str,
///     _credit: Credit,
/// }
/// impl Message for Line {}
///
/// let credits = Credits::new(2);
/// let (handle, mut mailbox) = actor_core::mailbox::<Line>();
/// for text in ["one", "two"] {
///     let credit = credits.try_take().expect("two messages may be unhandled");
///     assert!(handle.try_tell(Line { text, _credit: credit }).is_ok());
/// }
/// assert!(credits.try_take().is_none(), "the source stops here");
/// let line = mailbox.try_recv().expect("one was sent");
/// assert_eq!((line.text, credits.available()), ("one", 0));
/// drop(line); // It has been handled.
/// assert_eq!(credits.available(), 1);
/// drop(mailbox);
/// assert_eq!(credits.available(), 2, "the other one was never handled");
/// ```
#[derive(Clone)]
pub struct Credits {
    shared: Arc<Shared>,
}

/// One credit. Returns on drop.
///
/// A credit takes one pointer and no allocation. Its drop works on any thread, never waits, and
/// wakes a source that waits.
///
/// # Examples
///
/// ```
/// use actor_core::flow::Credits;
///
/// let credits = Credits::new(1);
/// let credit = credits.try_take().expect("one is available");
/// std::thread::spawn(move || drop(credit));
/// let again = futures::executor::block_on(credits.take());
/// assert_eq!(credits.available(), 0);
/// drop(credits);
/// drop(again); // It outlives its credits.
/// ```
#[must_use = "it returns on drop"]
pub struct Credit {
    shared: Arc<Shared>,
}

struct Shared {
    total: usize,
    available: AtomicUsize,
    /// Sources waiting for a credit, or about to.
    waiting: AtomicUsize,
    returned: Event,
}

impl Credits {
    /// Creates `total` credits. With 0, no source ever gets one.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::flow::Credits;
    ///
    /// assert_eq!(Credits::new(3).available(), 3);
    /// assert!(Credits::new(0).try_take().is_none());
    /// ```
    #[must_use]
    pub fn new(total: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                total,
                available: AtomicUsize::new(total),
                waiting: AtomicUsize::new(0),
                returned: Event::new(),
            }),
        }
    }

    /// Takes a credit, if one is available. Never waits, and may overtake a waiting source.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::flow::Credits;
    ///
    /// let credits = Credits::new(1);
    /// let credit = credits.try_take();
    /// assert!(credit.is_some() && credits.try_take().is_none());
    /// drop(credit);
    /// assert!(credits.try_take().is_some());
    /// ```
    #[must_use]
    pub fn try_take(&self) -> Option<Credit> {
        let one_less = |available: usize| available.checked_sub(1);
        // Acquire: what the last holder of the credit did comes before. Pairs with the Release in
        // the drop of a credit.
        self.shared
            .available
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, one_less)
            .is_ok()
            .then(|| Credit { shared: Arc::clone(&self.shared) })
    }

    /// Takes a credit, waiting until one is available.
    ///
    /// Waiting sources are woken in the order of their arrival. Nothing is kept for a woken source:
    /// it may find the credit taken by a source without a wait, and then waits again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes nothing, and the next source is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::flow::Credits;
    /// use futures::FutureExt;
    ///
    /// let credits = Credits::new(1);
    /// let credit = credits.take().now_or_never().expect("one is available");
    /// assert!(credits.take().now_or_never().is_none(), "it waits");
    /// drop(credit);
    /// assert!(credits.take().now_or_never().is_some());
    /// ```
    pub fn take(&self) -> TakeCredit<'_> {
        TakeCredit { credits: self, line: None }
    }

    /// Returns the number of credits available now. Other threads may take them at any time.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::flow::Credits;
    ///
    /// let credits = Credits::new(2);
    /// let _credit = credits.try_take();
    /// assert_eq!((credits.available(), credits.total()), (1, 2));
    /// ```
    #[must_use]
    pub fn available(&self) -> usize {
        self.shared.available.load(Ordering::Relaxed)
    }

    /// Returns the number of all credits, available or taken.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(actor_core::flow::Credits::new(2).total(), 2);
    /// ```
    #[must_use]
    pub fn total(&self) -> usize {
        self.shared.total
    }
}

impl Shared {
    /// Notifies waiting sources of all available credits.
    #[cold]
    fn notify(&self) {
        // Additional: an earlier notified source may not run for a long time.
        self.returned.notify(self.available.load(Ordering::Relaxed).additional());
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        self.shared.available.fetch_add(1, Ordering::Release);
        // Pairs with the fence in `Line::join`.
        fence(Ordering::SeqCst);
        if self.shared.waiting.load(Ordering::Relaxed) > 0 {
            self.shared.notify();
        }
    }
}

/// A source in the line, counted during the life of this value.
struct Line {
    /// `None` in the drop only.
    returned: Option<Quiet<EventListener>>,
    shared: Arc<Shared>,
}

impl Line {
    /// Joins the line. The caller must try again before it waits.
    fn join(shared: &Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        let returned = Some(quietly(shared.returned.listen()));
        // Pairs with the fence in the drop of a credit.
        fence(Ordering::SeqCst);
        Self { returned, shared: Arc::clone(shared) }
    }

    fn leave_satisfied(mut self) {
        if let Some(returned) = self.returned.take() {
            returned.into_inner().discard();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // First: a notification without effect here is passed on while this source is counted.
        self.returned = None;
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The future of [`Credits::take`].
///
/// # Examples
///
/// ```
/// use actor_core::flow::{Credits, TakeCredit};
///
/// let credits = Credits::new(1);
/// let take: TakeCredit<'_> = credits.take();
/// let _credit = futures::executor::block_on(take);
/// assert_eq!(credits.available(), 0);
/// ```
#[must_use = "nothing is taken until it is awaited"]
pub struct TakeCredit<'a> {
    credits: &'a Credits,
    line: Option<Line>,
}

impl Future for TakeCredit<'_> {
    type Output = Credit;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Credit> {
        let Self { credits, line } = self.get_mut();
        loop {
            if let Some(waiting) = line {
                // Before the next try, which would overtake those ahead in the line.
                let returned = waiting.returned.as_mut().expect("taken in the drop only");
                ready!(Pin::new(returned).poll(cx));
                *line = None;
            }
            // A credit may return after the first try: join the line, then try again.
            for joins in [true, false] {
                if let Some(credit) = credits.try_take() {
                    if let Some(line) = line.take() {
                        line.leave_satisfied();
                    }
                    return Poll::Ready(credit);
                }
                if joins {
                    *line = Some(Line::join(&credits.shared));
                }
            }
        }
    }
}

impl fmt::Debug for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credits")
            .field("available", &self.available())
            .field("total", &self.shared.total)
            .finish()
    }
}

impl fmt::Debug for Credit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credit").finish_non_exhaustive()
    }
}

impl fmt::Debug for TakeCredit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeCredit").field("waiting", &self.line.is_some()).finish_non_exhaustive()
    }
}
