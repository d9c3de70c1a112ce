//! Topics under the model checkers: publications, subscriptions, drops and ends at the same time.

use std::num::NonZeroUsize;
use std::sync::Arc;

use actor_core::checker::{block_on, check, check_some, thread};

use crate::sync::{AtomicUsize, Ordering};
use crate::topic::figures::{Counts, read};
use crate::topic::subscriber::{Offer, Slow, Subscriber, Wake};
use crate::topic::{Subscription, SubscriptionEnd, Topic};

const PREEMPTIONS: usize = 2;

/// Reads to the end. Returns the values, and the number of missed ones.
fn read_all(subscription: &mut Subscription<u64>) -> (Vec<u64>, u64) {
    let (mut values, mut missed) = (Vec::new(), 0);
    loop {
        match block_on(subscription.recv()) {
            Ok(item) => {
                missed += item.missed();
                values.push(*item);
            }
            Err(
                SubscriptionEnd::TopicEnded { missed: last }
                | SubscriptionEnd::TooSlow { missed: last }
                | SubscriptionEnd::Unsubscribed { missed: last },
            ) => return (values, missed + last),
        }
    }
}

#[test]
fn a_late_subscriber_receives_the_last_value_and_each_later_one_once() {
    check(PREEMPTIONS, || {
        let topic = Topic::keeping_last();
        topic.try_publish(0).expect("nobody is full");
        let publishing = topic.clone();
        let publisher = thread::spawn(move || {
            for n in 1..=2 {
                publishing.try_publish(n).expect("nobody is full");
            }
        });
        let mut subscription = topic.subscribe(2, Slow::Wait).expect("there is room");
        publisher.join().expect("publishing does not panic");
        drop(topic);
        let (values, missed) = read_all(&mut subscription);
        let first = values[0];
        assert_eq!((values, missed), ((first..=2).collect(), 0));
    });
}

#[test]
fn a_full_subscriber_makes_its_publisher_wait_and_receives_all_in_order() {
    check(PREEMPTIONS, || {
        let topic = Topic::new();
        let mut subscription = topic.subscribe(1, Slow::Wait).expect("there is room");
        let publisher = thread::spawn(move || {
            (0..2).for_each(|n| assert_eq!(block_on(topic.publish(n)).delivered, 1));
        });
        assert_eq!(read_all(&mut subscription), (vec![0, 1], 0));
        publisher.join().expect("publishing does not panic");
    });
}

#[test]
fn two_publishers_and_a_reader_lose_no_count() {
    check_some(PREEMPTIONS, || {
        let topic = Topic::new();
        let mut subscription = topic.subscribe(1, Slow::DropOldest).expect("there is room");
        let publishers = [1, 2].map(|n| {
            let topic = topic.clone();
            thread::spawn(move || topic.try_publish(n).expect("nobody waits").delivered)
        });
        drop(topic);
        let (values, missed) = read_all(&mut subscription);
        for publisher in publishers {
            assert_eq!(publisher.join().expect("publishing does not panic"), 1);
        }
        assert_eq!(values.len() as u64 + missed, 2, "{values:?}");
        assert_eq!(subscription.stats().offered, 2);
    });
}

#[test]
fn a_subscription_dropped_during_a_publication_keeps_the_counts_exact() {
    check(PREEMPTIONS, || {
        let topic = Topic::new();
        let subscription = topic.subscribe(2, Slow::Wait).expect("there is room");
        let publishing = topic.clone();
        let publisher = thread::spawn(move || {
            (0..2).map(|n| publishing.try_publish(n).expect("it has room").delivered).sum::<usize>()
        });
        drop(subscription);
        let delivered = publisher.join().expect("publishing does not panic") as u64;
        let stats = topic.stats();
        assert_eq!((stats.received, stats.missed, stats.subscribers), (0, delivered, 0));
    });
}

#[test]
fn a_waiting_publisher_sees_its_subscriber_leave() {
    check(PREEMPTIONS, || {
        let topic = Topic::new();
        let subscription = topic.subscribe(1, Slow::Wait).expect("there is room");
        topic.try_publish(0).expect("it has room");
        let leaving = thread::spawn(move || drop(subscription));
        let sent = block_on(topic.publish(1));
        leaving.join().expect("leaving does not panic");
        assert_eq!(topic.stats().missed, 1 + sent.delivered as u64);
    });
}

/// Counts the news of an actor.
struct News(Arc<AtomicUsize>);

impl Wake<u64> for News {
    fn wake(&self, _subscriber: &Arc<Subscriber<u64>>) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        true
    }

    fn is_gone(&self) -> bool {
        false
    }
}

#[test]
fn an_actor_has_as_many_news_as_values_and_one_more_at_the_end() {
    check_some(PREEMPTIONS, || {
        let news = Arc::new(AtomicUsize::new(0));
        let totals = Arc::new(Counts::default());
        let capacity = NonZeroUsize::new(1).expect("it is not zero");
        let wake: Box<dyn Wake<u64>> = Box::new(News(Arc::clone(&news)));
        let subscriber =
            Subscriber::new(0, capacity, Slow::DropOldest, Arc::clone(&totals), Some(wake));
        let subscriber = Arc::new(subscriber);
        let publishers = [1, 2].map(|n| {
            let subscriber = Arc::clone(&subscriber);
            thread::spawn(move || {
                let offer = subscriber.offer(&Arc::new(n));
                assert!(matches!(offer, Offer::Delivered | Offer::InPlaceOfOldest));
            })
        });
        let mut taken = 0;
        if news.load(Ordering::SeqCst) > 0 {
            taken += 1;
            let item = subscriber.take().expect("it has not ended");
            assert!(item.is_some(), "news come after their value");
        }
        for publisher in publishers {
            publisher.join().expect("publishing does not panic");
        }
        assert_eq!(news.load(Ordering::SeqCst) - taken, subscriber.stats().waiting);
        subscriber.topic_ended();
        for _ in taken..news.load(Ordering::SeqCst) - 1 {
            assert!(matches!(subscriber.take(), Ok(Some(_))));
        }
        assert!(matches!(subscriber.take(), Err(SubscriptionEnd::TopicEnded { .. })));
        assert_eq!(read(&totals.offered), read(&totals.received) + read(&totals.missed));
    });
}

/// An actor that opens its news at once.
struct Opening {
    opened: Arc<AtomicUsize>,
}

impl Wake<u64> for Opening {
    fn wake(&self, subscriber: &Arc<Subscriber<u64>>) -> bool {
        if let Ok(item) = subscriber.take() {
            assert!(item.is_some(), "news come after their value");
            self.opened.fetch_add(1, Ordering::SeqCst);
        }
        true
    }

    fn is_gone(&self) -> bool {
        false
    }
}

#[test]
fn an_actor_that_subscribes_during_a_publication_has_news_of_each_value() {
    check(PREEMPTIONS, || {
        let topic = Topic::keeping_last();
        topic.try_publish(0).expect("nobody is full");
        let publishing = topic.clone();
        let publisher = thread::spawn(move || drop(publishing.try_publish(1)));
        let opened = Arc::new(AtomicUsize::new(0));
        let wake: Box<dyn Wake<u64>> = Box::new(Opening { opened: Arc::clone(&opened) });
        let subscriber = topic.board().add(1, Slow::Wait, Some(wake)).expect("there is room");
        publisher.join().expect("publishing does not panic");
        let stats = subscriber.stats();
        assert_eq!(stats.waiting, 0, "no value waits without news");
        assert_eq!(stats.offered, stats.received);
        assert_eq!(opened.load(Ordering::SeqCst) as u64, stats.received);
    });
}

#[test]
fn two_publishers_end_a_slow_subscriber_once_and_its_end_reports_each_miss() {
    check(PREEMPTIONS, || {
        let topic = Topic::new();
        let mut subscription = topic.subscribe(1, Slow::Unsubscribe).expect("there is room");
        topic.try_publish(0).expect("nobody waits");
        let publishers = [1, 2].map(|n| {
            let topic = topic.clone();
            thread::spawn(move || topic.try_publish(n).expect("nobody waits").unsubscribed)
        });
        drop(topic);
        let (values, missed) = read_all(&mut subscription);
        let ended = publishers.map(|publisher| publisher.join().expect("it does not panic"));
        assert!(ended.iter().sum::<usize>() <= 1);
        let stats = subscription.stats();
        assert_eq!((values.len() as u64, missed), (stats.received, stats.missed));
    });
}
