//! Messages and lanes of unusual sizes, and unusual uses of mailboxes.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use actor_core::{Lane, Message, TryTellError, mailbox};
use futures::{FutureExt, StreamExt};

const LANES: &[Lane] =
    &[Lane::fifo("fifo", 3), Lane::newest_first("newest", 3), Lane::latest("latest")];

/// A message of size zero.
struct Nothing<const LANE: usize>;

impl<const LANE: usize> Message for Nothing<LANE> {
    const LANES: &'static [Lane] = LANES;

    fn lane(&self) -> usize {
        LANE
    }
}

/// A message aligned to a page.
#[repr(align(4096))]
struct Page<const LANE: usize>(u8);

impl<const LANE: usize> Message for Page<LANE> {
    const LANES: &'static [Lane] = LANES;

    fn lane(&self) -> usize {
        LANE
    }
}

fn nothing_arrives<const LANE: usize>() {
    let (handle, mut mailbox) = mailbox();
    for _ in 0..100 {
        let sent = (0..3).filter(|_| handle.try_tell(Nothing::<LANE>).is_ok()).count();
        let taken = std::iter::from_fn(|| mailbox.try_recv()).count();
        assert_eq!((sent, taken), (3, LANES[LANE].capacity()));
    }
}

fn pages_arrive<const LANE: usize>() {
    let (handle, mut mailbox) = mailbox();
    for n in 0..100 {
        assert!(handle.try_tell(Page::<LANE>(n)).is_ok());
        let page = mailbox.try_recv().expect("one was sent");
        assert!((&raw const page).is_aligned());
        assert_eq!(page.0, n);
    }
}

#[test]
fn messages_of_no_size_and_of_a_page_arrive() {
    nothing_arrives::<0>();
    nothing_arrives::<1>();
    nothing_arrives::<2>();
    pages_arrive::<0>();
    pages_arrive::<1>();
    pages_arrive::<2>();
}

#[test]
#[should_panic(expected = "more than there are addresses for")]
fn a_lane_of_more_messages_than_addresses_panics() {
    _ = Lane::fifo("too many", usize::MAX);
}

#[test]
#[should_panic(expected = "more than there are addresses for")]
fn an_evicting_lane_of_more_messages_than_addresses_panics() {
    _ = Lane::newest_first("too many", usize::MAX - 3);
}

/// A message whose lanes fit into the address space, but into no machine's memory.
struct Vast<const LANE: usize>;

impl<const LANE: usize> Message for Vast<LANE> {
    const LANES: &'static [Lane] =
        &[Lane::newest_first("newest", usize::MAX / 128), Lane::fifo("fifo", usize::MAX / 128)];

    fn lane(&self) -> usize {
        LANE
    }
}

#[test]
fn a_lane_without_memory_is_full() {
    let (handle, mut mailbox) = mailbox();
    for _ in 0..2 {
        assert!(matches!(handle.try_tell(Vast::<0>), Err(TryTellError::Full(_))));
        assert!(mailbox.try_recv().is_none());
    }
    assert_eq!(handle.stats()[0].refused, 2);
    drop(mailbox);
    assert!(matches!(handle.try_tell(Vast::<0>), Err(TryTellError::Closed(_))));
}

/// A message of lanes counting more sources or keys than memory allows.
struct Accounted(usize);

impl Message for Accounted {
    const LANES: &'static [Lane] = &[
        Lane::fifo("shared", 1 << 44).share(2),
        Lane::control("shared control", 1 << 44).share(2),
        Lane::latest_by_key("keyed", 1 << 44),
    ];

    fn lane(&self) -> usize {
        self.0
    }

    fn source(&self) -> Option<u64> {
        Some(1)
    }

    fn key(&self) -> u64 {
        1
    }
}

#[test]
fn a_lane_without_memory_for_its_sources_or_keys_is_full() {
    let (handle, mut mailbox) = mailbox();
    for lane in 0..3 {
        for _ in 0..2 {
            assert!(matches!(handle.try_tell(Accounted(lane)), Err(TryTellError::Full(_))));
            assert!(mailbox.try_recv().is_none());
        }
        assert_eq!(handle.stats()[lane].refused, 2);
    }
    drop(mailbox);
    assert!(
        (0..3).all(|lane| matches!(handle.try_tell(Accounted(lane)), Err(TryTellError::Closed(_))))
    );
}

#[test]
fn a_lane_that_cannot_grow_uses_the_memory_it_has() {
    let (handle, mut mailbox) = mailbox();
    let fill = || (0..100).take_while(|_| handle.try_tell(Vast::<1>).is_ok()).count();
    let few = fill();
    assert!((1..100).contains(&few), "{few}");
    assert!(mailbox.try_recv().is_some());
    assert_eq!(fill(), 1);
    assert_eq!(std::iter::from_fn(|| mailbox.try_recv()).count(), few);
    assert_eq!(fill(), few);
}

#[test]
fn a_leaked_mailbox_stays_open_until_it_is_full() {
    let (handle, mailbox) = mailbox();
    assert!(handle.try_tell(Nothing::<0>).is_ok());
    mem::forget(mailbox);
    assert_eq!((0..10).filter(|_| handle.try_tell(Nothing::<0>).is_ok()).count(), 2);
    assert!(!handle.is_closed());
}

#[test]
fn a_drained_mailbox_stays_ended_in_every_use() {
    let (handle, mut mailbox) = mailbox();
    assert!(handle.try_tell(Nothing::<0>).is_ok());
    for undelivered in [1, 0] {
        let mut seen = 0;
        mailbox.drain_undelivered(|_, _| {
            seen += 1;
            assert!(handle.try_tell(Nothing::<0>).is_err(), "the hook sends in vain");
        });
        assert_eq!(seen, undelivered);
        assert!(handle.try_tell(Nothing::<0>).is_err());
        assert!(mailbox.handle().try_tell(Nothing::<0>).is_err());
        assert!(mailbox.try_recv().is_none());
        assert!(matches!(
            mailbox.poll_recv(&mut Context::from_waker(Waker::noop())),
            Poll::Ready(None)
        ));
        assert_eq!(mailbox.next().now_or_never().map(|message| message.is_none()), Some(true));
    }
    let lane = &handle.stats()[0];
    assert_eq!((lane.accepted, lane.undelivered, lane.depth), (1, 1, 0));
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn only_the_waker_of_the_last_poll_is_woken() {
    let (handle, mut mailbox) = mailbox();
    for round in 0..200 {
        let wakes: Vec<_> = (0..3).map(|_| Arc::new(Wakes::default())).collect();
        for one in &wakes {
            let waker = Waker::from(Arc::clone(one));
            // On a new thread each time, alternating between the two ways to poll.
            mailbox = thread::spawn(move || {
                let mut cx = Context::from_waker(&waker);
                let polled = if round % 2 == 0 {
                    mailbox.poll_recv(&mut cx)
                } else {
                    mailbox.poll_next_unpin(&mut cx)
                };
                assert!(polled.is_pending());
                mailbox
            })
            .join()
            .expect("polling does not panic");
        }
        if round % 3 == 0 {
            assert!(mailbox.try_recv().is_none());
        }
        let other = handle.clone();
        thread::spawn(move || assert!(other.try_tell(Nothing::<0>).is_ok()))
            .join()
            .expect("telling does not panic");
        assert_eq!(
            wakes.iter().map(|one| one.0.load(Ordering::SeqCst)).collect::<Vec<_>>(),
            [0, 0, 1]
        );
        assert!(mailbox.try_recv().is_some());
    }
}
