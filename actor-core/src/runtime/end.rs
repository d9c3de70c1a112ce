//! The end of an executor, and its waiting threads.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_listener::{Event, listener};

use crate::park::block_on_for;

/// Waits for a thread's end. Every clone may wait.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::ThreadConfig;
///
/// // The thread prepares itself and then returns from its body.
/// let (ready, end) = ThreadConfig::named("short").start(|| Ok(("ready", ())), |()| {})?;
/// assert_eq!(ready, "ready");
/// assert!(end.wait(Duration::from_secs(5)));
/// assert!(end.has_come());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ThreadEnd {
    state: Arc<EndState>,
}

#[derive(Debug)]
struct EndState {
    /// Set once, at the end.
    ended: AtomicBool,
    on_end: Event,
}

/// Marks an executor's end in its drop. The executor's thread holds it, and others wait for it
/// through a [`ThreadEnd`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::runtime::adapter::Ending;
///
/// let ending = Ending::new();
/// let end = ending.end();
/// assert!(!end.wait(Duration::ZERO));
/// let waiting = std::thread::spawn(move || end.wait(Duration::from_secs(10)));
/// drop(ending);
/// assert!(waiting.join().expect("waiting does not panic"));
/// ```
#[derive(Debug)]
#[must_use = "its drop marks the end"]
pub struct Ending {
    state: Arc<EndState>,
}

impl Ending {
    /// Creates the mark of an end that has not come.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::Ending;
    ///
    /// let ending = Ending::new();
    /// assert!(!ending.end().has_come());
    /// ```
    pub fn new() -> Self {
        Self { state: Arc::new(EndState { ended: AtomicBool::new(false), on_end: Event::new() }) }
    }

    /// Returns the waiting side.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::Ending;
    ///
    /// let ending = Ending::new();
    /// let (one, other) = (ending.end(), ending.end());
    /// drop(ending);
    /// assert!(one.has_come() && other.has_come());
    /// ```
    #[must_use]
    pub fn end(&self) -> ThreadEnd {
        ThreadEnd { state: Arc::clone(&self.state) }
    }
}

impl Default for Ending {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Release);
        self.state.on_end.notify(usize::MAX);
    }
}

impl ThreadEnd {
    /// Returns whether the thread has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use actor_core::ThreadConfig;
    ///
    /// let (go, waiting) = mpsc::channel::<()>();
    /// let body = move |()| drop(waiting.recv());
    /// let ((), end) = ThreadConfig::named("short").start(|| Ok(((), ())), body)?;
    /// assert!(!end.has_come(), "the thread waits for the sender");
    /// drop(go);
    /// assert!(end.wait(Duration::from_secs(10)) && end.has_come());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn has_come(&self) -> bool {
        // Pairs with the store in the drop of `Ending`.
        self.state.ended.load(Ordering::Acquire)
    }

    /// Blocks the calling thread until the thread has ended. Returns `false` after the timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use actor_core::ThreadConfig;
    ///
    /// let (go, waiting) = mpsc::channel::<()>();
    /// let body = move |()| drop(waiting.recv());
    /// let ((), end) = ThreadConfig::named("short").start(|| Ok(((), ())), body)?;
    /// assert!(!end.wait(Duration::ZERO), "the thread waits for the sender");
    /// drop(go);
    /// assert!(end.wait(Duration::from_secs(10)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        let ended = async {
            while !self.has_come() {
                listener!(self.state.on_end => ending);
                // Check again: the thread may have ended before the listener was registered.
                if !self.has_come() {
                    ending.await;
                }
            }
        };
        block_on_for(pin!(ended), timeout).is_some()
    }
}
