//! Evicting lanes, and lanes with keys and shares.

use std::sync::Arc;

use super::{bounded, take};
use crate::checker::{block_on, thread};
use crate::handle::mailbox;
use crate::mailbox::{Lane, Message};

/// A message of an evicting lane with `N` places.
struct Fresh<const N: usize>;

impl Message for Fresh<1> {
    const LANES: &'static [Lane] = &[Lane::latest("latest")];
}

impl Message for Fresh<2> {
    const LANES: &'static [Lane] = &[Lane::newest_first("newest", 2)];
}

/// Evicts while the mailbox closes and is drained. Every message must be accounted for.
fn evict_against_close<const N: usize>()
where
    Fresh<N>: Message,
{
    bounded(|| {
        let (handle, mut mailbox) = mailbox::<Fresh<N>>();
        (0..N).for_each(|_| assert!(handle.try_tell(Fresh).is_ok()));
        let other = handle.clone();
        let evicting = thread::spawn(move || other.try_tell(Fresh).is_ok());
        mailbox.close();
        mailbox.drain_undelivered(|_, Fresh| {});
        let accepted = N as u64 + u64::from(evicting.join().expect("telling does not panic"));
        assert!(handle.try_tell(Fresh).is_err(), "after the close nothing gets in");
        let lane = &handle.stats()[0];
        assert_eq!(
            (lane.accepted, lane.evicted + lane.undelivered, lane.depth),
            (accepted, accepted, 0)
        );
    });
}

#[test]
fn a_closed_latest_lane_accepts_nothing() {
    evict_against_close::<1>();
}

#[test]
fn a_closed_newest_first_lane_accepts_nothing() {
    evict_against_close::<2>();
}

struct Latest(u32);

impl Message for Latest {
    const LANES: &'static [Lane] = &[Lane::latest("latest")];
}

/// Sends to a sleeping consumer. It must receive the last message, however many it misses.
fn send_the_latest(messages: u32) {
    bounded(move || {
        let (handle, mut mailbox) = mailbox::<Latest>();
        let handle = Arc::new(handle);
        let other = Arc::clone(&handle);
        let telling = thread::spawn(move || {
            (1..=messages).for_each(|n| assert!(other.try_tell(Latest(n)).is_ok()))
        });
        block_on(async { while take(&mut mailbox).await.is_some_and(|Latest(n)| n < messages) {} });
        telling.join().expect("telling does not panic");
    });
}

#[test]
fn a_message_in_an_evicting_lane_wakes_the_consumer() {
    send_the_latest(1);
}

#[test]
fn the_last_message_in_an_evicting_lane_wakes_the_consumer() {
    send_the_latest(2);
}

/// A number, as the status of one key.
struct Status(u32);

impl Message for Status {
    const LANES: &'static [Lane] = &[Lane::latest_by_key("status", 1)];

    fn key(&self) -> u64 {
        7
    }
}

#[test]
fn the_last_message_of_a_key_wakes_the_consumer() {
    bounded(move || {
        let (handle, mut mailbox) = mailbox::<Status>();
        let telling = thread::spawn(move || {
            (1..=2).for_each(|n| assert!(handle.try_tell(Status(n)).is_ok()));
            handle
        });
        block_on(async { while take(&mut mailbox).await.is_some_and(|Status(n)| n < 2) {} });
        telling.join().expect("telling does not panic");
    });
}

/// A message of a lane with a share.
struct Fair(u64);

impl Message for Fair {
    const LANES: &'static [Lane] = &[Lane::fifo("fair", 2).share(1)];

    fn source(&self) -> Option<u64> {
        Some(self.0)
    }
}

#[test]
fn a_message_in_a_lane_with_a_share_wakes_the_consumer() {
    bounded(move || {
        let (handle, mut mailbox) = mailbox::<Fair>();
        let other = handle.clone();
        let telling = thread::spawn(move || assert!(other.try_tell(Fair(1)).is_ok()));
        assert!(handle.try_tell(Fair(2)).is_ok());
        let sum = block_on(async {
            let mut sum = 0;
            for _ in 0..2 {
                sum += take(&mut mailbox).await.map_or(9, |Fair(n)| n);
            }
            sum
        });
        assert_eq!(sum, 3);
        telling.join().expect("telling does not panic");
    });
}
