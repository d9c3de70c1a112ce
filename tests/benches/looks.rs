//! A program for counting the instructions of views and topics, on one thread.
//!
//! ```text
//! cargo bench -p actor-tests --bench looks --no-run
//! valgrind --tool=callgrind target/release/deps/looks-… get 100000
//! ```
//!
//! The workloads are `get`, `publish`, `change` (a publication, and a look at the change), and
//! `topic-N` (a publication to N subscribers, each of which takes it). `keeping-N` is the same with
//! a kept last value.

use std::hint::black_box;

use actor_lanes::topic::{Slow, Topic};
use actor_lanes::view;

fn get(n: u64) {
    let (_publisher, view) = view::publisher(1_u64);
    for _ in 0..n {
        black_box(view.get());
    }
}

fn publish(n: u64) {
    let (publisher, _view) = view::publisher(0_u64);
    (0..n).for_each(|n| publisher.publish(black_box(n)));
}

fn change(n: u64) {
    let (publisher, mut view) = view::publisher(0_u64);
    for n in 0..n {
        publisher.publish(black_box(n));
        assert!(black_box(view.take_change()).is_some());
    }
}

fn topic(topic: &Topic<u64>, subscribers: usize, n: u64) {
    let subscribe = |_| topic.subscribe(8, Slow::DropOldest).expect("there is room");
    let mut subscriptions: Vec<_> = (0..subscribers).map(subscribe).collect();
    for n in 0..n {
        assert!(topic.try_publish(black_box(n)).is_ok());
        for subscription in &mut subscriptions {
            assert!(black_box(subscription.try_recv()).is_ok());
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let workload = arguments.next().unwrap_or_default();
    let n = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let subscribers = |prefix| workload.strip_prefix(prefix).and_then(|n| n.parse().ok());
    match workload.as_str() {
        "publish" => publish(n),
        "change" => change(n),
        _ => match (subscribers("topic-"), subscribers("keeping-")) {
            (Some(subscribers), _) => topic(&Topic::new(), subscribers, n),
            (_, Some(subscribers)) => topic(&Topic::keeping_last(), subscribers, n),
            _ => get(n),
        },
    }
}
