//! Mailboxes with several lanes, found by their bits.

use super::{bounded, take};
use crate::checker::{block_on, thread};
use crate::handle::mailbox;
use crate::mailbox::{Lane, Message};

/// A message naming its lane.
struct InLane<const LANES: usize>(usize);

impl Message for InLane<2> {
    const LANES: &'static [Lane] = &[Lane::control("control", 1), Lane::latest("latest")];

    fn lane(&self) -> usize {
        self.0
    }
}

impl Message for InLane<3> {
    const LANES: &'static [Lane] = &[Lane::fifo("a", 1), Lane::fifo("b", 1), Lane::fifo("c", 1)];

    fn lane(&self) -> usize {
        self.0
    }
}

/// Sends one message to each of `lanes`, to a sleeping consumer.
fn wake<const LANES: usize>(lanes: &'static [usize])
where
    InLane<LANES>: Message,
{
    bounded(move || {
        let (handle, mut mailbox) = mailbox::<InLane<LANES>>();
        let telling = thread::spawn(move || {
            lanes.iter().for_each(|&lane| assert!(handle.try_tell(InLane(lane)).is_ok()));
        });
        block_on(async {
            let mut sum = 0;
            while let Some(InLane(lane)) = take(&mut mailbox).await {
                sum += lane + 1;
            }
            assert_eq!(
                sum,
                lanes.iter().map(|lane| lane + 1).sum(),
                "each is received, and then the end is seen"
            );
        });
        telling.join().expect("telling does not panic");
    });
}

#[test]
fn a_message_in_any_lane_wakes_the_consumer() {
    wake::<2>(&[0, 1]);
}

#[test]
fn a_message_in_a_lane_of_another_word_wakes_the_consumer() {
    wake::<3>(&[2]);
}
