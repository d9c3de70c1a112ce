//! Plain threads with an end that can be awaited.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread::{self, JoinHandle},
};

use futures::{
    FutureExt as _,
    channel::oneshot,
    future::{Shared, ready},
};

/// The end of a thread. Every clone may wait for it.
#[derive(Clone, Debug)]
pub struct ThreadEnd(Shared<oneshot::Receiver<String>>);

impl ThreadEnd {
    /// Starts a named thread. The handle's `join` still returns a panic of `body`.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error if there is no room for a thread.
    pub fn start(
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<(JoinHandle<()>, Self)> {
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(body));
            let reason = match &outcome {
                Ok(()) => "ended".to_owned(),
                Err(payload) => format!("panicked: {}", panic_text(&**payload)),
            };
            // Without a waiter, nobody needs the reason.
            let _ = end.send(reason);
            if let Err(payload) = outcome {
                resume_unwind(payload);
            }
        })?;
        Ok((thread, Self(ended.shared())))
    }

    /// Waits for the thread's end, and returns its reason: `ended`, or the text of a panic.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub fn reason(self) -> impl Future<Output = String> + Send + 'static {
        self.0.then(|reason| ready(reason.unwrap_or_else(|_| "ended".to_owned())))
    }
}

/// Returns the message of a panic.
fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits for the reason of a thread's end.
    fn reason(end: &ThreadEnd) -> String {
        let reactor = tokio::runtime::Builder::new_current_thread().build().expect("a reactor");
        reactor.block_on(end.clone().reason())
    }

    #[test]
    fn every_waiter_receives_the_text_of_a_panic_and_a_join_the_panic() {
        let (thread, end) = ThreadEnd::start("short", || panic!("number {}", 7)).expect("a thread");
        assert_eq!(reason(&end), "panicked: number 7");
        assert!(thread.join().is_err());
        assert_eq!(reason(&end), "panicked: number 7");
    }

    #[test]
    fn a_thread_without_a_panic_has_ended() {
        let (thread, end) = ThreadEnd::start("short", || {}).expect("a thread");
        assert_eq!(reason(&end), "ended");
        assert!(thread.join().is_ok());
    }
}
