//! A sender and receiver on one thread.

use crate::actor::{Parcel, Room};
use crate::measure::{Sample, Span};
use crate::workload::BATCH;

use super::{Letter, ReceiveBlocking};

/// Sends a batch and receives it, repeatedly, on this thread: no wakes, no scheduling.
pub(super) fn tell_direct<Ch: ReceiveBlocking>(n: u64) -> Sample {
    let (sender, mut receiver) = Ch::open(Room::Bounded);
    let n = (n / BATCH).max(1) * BATCH;
    let mut sum = 0;
    let span = Span::begin();
    for batch in 0..n / BATCH {
        for number in batch * BATCH..(batch + 1) * BATCH {
            assert!(
                Ch::try_send(&sender, Letter::Tell(Parcel::Add(number))),
                "a channel has room for a batch"
            );
        }
        for _ in 0..BATCH {
            if let Some(Letter::Tell(Parcel::Add(number))) = Ch::receive_blocking(&mut receiver) {
                sum += number;
            }
        }
    }
    let sample = span.end(n);
    assert_eq!(sum, n * (n - 1) / 2, "a message was lost, doubled or changed");
    sample
}
