//! Properties of topics: the order of each publisher, losses and their counts.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::topic::{Slow, Subscription, SubscriptionEnd, Topic};

#[derive(Clone, Copy, Debug)]
enum Step {
    Publish,
    Take(usize),
    Subscribe(usize, Slow),
    Leave(usize),
}

/// One subscriber, and what it must still see.
struct Reader {
    subscription: Option<Subscription<u64>>,
    last: Option<u64>,
    first: u64,
    taken: u64,
    told: u64,
    /// Whether it only misses the oldest values, so that each gap is before the next value.
    knows_gaps: bool,
}

fn slow() -> impl Strategy<Value = Slow> {
    prop_oneof![Just(Slow::Wait), Just(Slow::DropOldest), Just(Slow::Unsubscribe)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Publish),
        3 => (0..8_usize).prop_map(Step::Take),
        1 => (1..4_usize, slow()).prop_map(|(capacity, slow)| Step::Subscribe(capacity, slow)),
        1 => (0..8_usize).prop_map(Step::Leave),
    ]
}

impl Reader {
    /// Takes one value. It is newer than the last.
    fn take(&mut self) -> bool {
        let Some(subscription) = &mut self.subscription else { return false };
        match subscription.try_recv() {
            Ok(Some(item)) => {
                let before = self.last.map_or(self.first, |last| last + 1);
                assert!(*item >= before, "values stay in order");
                if self.knows_gaps {
                    assert_eq!(
                        *item,
                        before + item.missed(),
                        "a gap is reported with its next value"
                    );
                }
                self.last = Some(*item);
                self.taken += 1;
                self.told += item.missed();
                true
            }
            Ok(None) => false,
            Err(
                SubscriptionEnd::TopicEnded { missed }
                | SubscriptionEnd::TooSlow { missed }
                | SubscriptionEnd::Unsubscribed { missed },
            ) => {
                self.told += missed;
                false
            }
        }
    }

    fn check(&self) {
        let Some(subscription) = &self.subscription else { return };
        let stats = subscription.stats();
        assert_eq!(stats.offered, stats.received + stats.missed + stats.waiting as u64);
        assert_eq!(stats.received, self.taken);
    }
}

proptest! {
    #[test]
    fn each_subscriber_sees_its_values_in_order_and_knows_each_gap(
        keeps in any::<bool>(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let topic = if keeps { Topic::keeping_last() } else { Topic::new() };
        let (mut next, mut readers) = (0_u64, Vec::<Reader>::new());
        for step in steps {
            match step {
                Step::Publish => {
                    // A full subscriber with `Wait` misses it, because nobody waits here.
                    drop(topic.try_publish(next));
                    next += 1;
                }
                Step::Subscribe(capacity, slow) => {
                    let subscription = topic.subscribe(capacity, slow).expect("they are few");
                    let first = if keeps { next.saturating_sub(1) } else { next };
                    readers.push(Reader {
                        subscription: Some(subscription),
                        last: None,
                        first,
                        taken: 0,
                        told: 0,
                        knows_gaps: slow == Slow::DropOldest && !keeps,
                    });
                }
                Step::Take(at) if at < readers.len() => drop(readers[at].take()),
                Step::Leave(at) if at < readers.len() => readers[at].subscription = None,
                Step::Take(_) | Step::Leave(_) => {}
            }
            readers.iter().for_each(Reader::check);
        }
        let totals = topic.stats();
        prop_assert_eq!(totals.published, next);
        prop_assert_eq!(totals.received, readers.iter().map(|reader| reader.taken).sum::<u64>());
        drop(topic);
        for reader in &mut readers {
            while reader.take() {}
            if let Some(subscription) = &mut reader.subscription {
                let stats = subscription.stats();
                prop_assert_eq!((stats.waiting, stats.missed), (0, reader.told));
            }
        }
    }
}

#[test]
fn a_topic_frees_its_values_and_subscribers() {
    let value = Arc::new(());
    let topic = Topic::keeping_last();
    let subscription = topic.subscribe(4, Slow::DropOldest).expect("there is room");
    (0..9).for_each(|_| drop(topic.try_publish(Arc::clone(&value))));
    assert!(Arc::strong_count(&value) > 1);
    drop((topic, subscription));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_wait_that_is_dropped_counts_a_miss_for_the_full_subscriber_only() {
    let topic = Topic::new();
    let mut full = topic.subscribe(1, Slow::Wait).expect("there is room");
    let mut roomy = topic.subscribe(2, Slow::Wait).expect("there is room");
    topic.try_publish(0).expect("both have room");
    {
        let mut publishing = std::pin::pin!(topic.publish(1));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(publishing.as_mut().poll(&mut task).is_pending());
    }
    assert_eq!((full.stats().missed, roomy.stats().missed), (1, 0));
    assert_eq!(full.try_recv().map(|item| item.map(|item| item.missed())), Ok(Some(1)));
    let both = [(); 2].map(|()| roomy.try_recv().ok().flatten().map(|item| *item));
    assert_eq!(both, [Some(0), Some(1)]);
}

#[test]
fn a_value_in_delivery_keeps_its_topic() {
    let topic = Topic::new();
    let mut slow = topic.subscribe(1, Slow::Wait).expect("there is room");
    topic.try_publish(0).expect("it has room");
    let rest = topic.try_publish(1).expect_err("it is full");
    drop(topic);
    assert_eq!(slow.try_recv().map(|item| item.map(|item| *item)), Ok(Some(0)));
    assert_eq!(futures::executor::block_on(rest.deliver()).delivered, 1);
    assert_eq!(slow.try_recv().map(|item| item.map(|item| *item)), Ok(Some(1)));
    assert_eq!(slow.try_recv(), Err(SubscriptionEnd::TopicEnded { missed: 0 }));
}

#[test]
fn a_value_not_delivered_is_reported_with_the_end_of_its_topic() {
    let topic = Topic::new();
    let mut slow = topic.subscribe(1, Slow::Wait).expect("there is room");
    topic.try_publish(0).expect("it has room");
    let rest = topic.try_publish(1).expect_err("it is full");
    drop(topic);
    assert!(slow.try_recv().is_ok());
    assert_eq!(slow.try_recv(), Ok(None), "the topic has not ended");
    drop(rest);
    assert_eq!(slow.try_recv(), Err(SubscriptionEnd::TopicEnded { missed: 1 }));
}

#[test]
fn a_subscriber_that_leaves_during_the_wait_is_not_given_up() {
    let topic = Topic::new();
    let stays = topic.subscribe(1, Slow::Wait).expect("there is room");
    let leaves = topic.subscribe(1, Slow::Wait).expect("there is room");
    topic.try_publish(0).expect("both have room");
    let leaving = std::thread::spawn({
        let topic = topic.clone();
        move || {
            while topic.stats().published < 2 {
                std::thread::yield_now();
            }
            drop(leaves);
        }
    });
    // In real time: the other thread leaves during the wait, and an earlier leave is no failure.
    let sent = topic.publish_blocking(1, Duration::from_millis(200));
    leaving.join().expect("leaving does not panic");
    assert_eq!((sent.delivered, sent.given_up, stays.stats().missed), (0, 1, 1));
}

#[test]
fn a_panic_in_the_drop_of_a_value_hurts_no_subscriber() {
    struct Bomb(u64);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(self.0 != 0, "on purpose");
        }
    }
    let topic = Topic::new();
    let mut newest = topic.subscribe(1, Slow::DropOldest).expect("there is room");
    topic.try_publish(Bomb(0)).expect("nobody waits");
    assert_eq!(topic.try_publish(Bomb(1)).expect("nobody waits").evicted, 1);
    let item = newest.try_recv().ok().flatten().expect("the newest is there");
    assert_eq!((item.0, item.missed()), (1, 1));
}
