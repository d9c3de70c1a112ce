//! Senders waiting for room, polled manually.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use actor_core::{Lane, Message, mailbox};

struct One(u32);

impl Message for One {
    const LANES: &'static [Lane] = &[Lane::fifo("one", 1)];
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn waker() -> (Arc<Wakes>, Waker) {
    let wakes = Arc::new(Wakes::default());
    (Arc::clone(&wakes), Waker::from(wakes))
}

#[test]
fn a_completed_tell_receives_no_further_notification() {
    let (handle, mut mailbox) = mailbox();
    assert!(handle.try_tell(One(0)).is_ok());
    let (mut first, mut second) = (pin!(handle.tell(One(1))), pin!(handle.tell(One(2))));
    let ((first_wakes, first_waker), (_, second_waker)) = (waker(), waker());
    assert!(first.as_mut().poll(&mut Context::from_waker(&first_waker)).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(&second_waker)).is_pending());
    // The first sender is notified, but the second one is polled first and takes the room. The
    // second future is done, and not yet dropped.
    assert!(mailbox.try_recv().is_some());
    assert_eq!(first_wakes.0.load(Ordering::SeqCst), 1);
    assert!(matches!(
        second.as_mut().poll(&mut Context::from_waker(&second_waker)),
        Poll::Ready(Ok(()))
    ));
    assert!(first.as_mut().poll(&mut Context::from_waker(&first_waker)).is_pending());
    assert!(matches!(mailbox.try_recv(), Some(One(2))));
    assert_eq!(
        first_wakes.0.load(Ordering::SeqCst),
        2,
        "there is room, and nobody else waits for it"
    );
}
