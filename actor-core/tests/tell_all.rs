//! Sending many messages in one call.

use actor_core::{Lane, Message, mailbox};
use proptest::prelude::*;

struct InLane(usize, usize);

impl Message for InLane {
    const LANES: &'static [Lane] =
        &[Lane::fifo("a", 3), Lane::control("b", 9), Lane::newest_first("c", 2)];

    fn lane(&self) -> usize {
        self.0
    }
}

proptest! {
    #[test]
    fn messages_are_sent_in_order_and_the_rest_is_returned(lanes in prop::collection::vec(0..3_usize, 0..40)) {
        let (handle, mut mailbox) = mailbox();
        let messages = lanes.iter().enumerate().map(|(n, &lane)| InLane(lane, n));
        let (sent, back) = match handle.try_tell_all(messages) {
            Ok(sent) => (sent, Vec::new()),
            Err(unsent) => (unsent.sent, unsent.into_messages().map(|InLane(_, n)| n).collect()),
        };
        prop_assert_eq!(back, (sent..lanes.len()).collect::<Vec<_>>());
        let refusing = |lane: usize| lanes[..sent].iter().filter(|&&one| one == lane).count();
        if let Some(&refused) = lanes.get(sent) {
            prop_assert_eq!(refusing(refused), InLane::LANES[refused].capacity(), "it was full");
        }
        let mut received: [Vec<usize>; 3] = Default::default();
        std::iter::from_fn(|| mailbox.try_recv()).for_each(|InLane(lane, n)| received[lane].push(n));
        for (lane, received) in received.iter().enumerate().take(2) {
            let expected: Vec<_> = (0..sent).filter(|&n| lanes[n] == lane).collect();
            prop_assert_eq!(received, &expected);
        }
    }
}
