//! A program for counting the instructions of views, topics and looks at a system, on one thread.
//!
//! ```text
//! cargo bench -p actor-tests --bench looks --no-run
//! valgrind --tool=callgrind target/release/deps/looks-… get 100000
//! ```
//!
//! The workloads are `get`, `publish`, `change` (a publication, and a look at the change), and
//! `topic-N` (a publication to N subscribers, each of which takes it). `keeping-N` is the same with
//! a kept last value. `inspect-N` is a look at a system of N idle actors.

use std::hint::black_box;
use std::time::Duration;

use actor_lanes::runtime::SmolRuntime;
use actor_lanes::topic::{Slow, Topic};
use actor_lanes::{Actor, Context, Message, Spawn, System, mailbox, view};

struct Job;
impl Message for Job {}

struct Worker;
impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
}

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

/// Each actor is idle, and has a name and one lane in use.
fn inspect(actors: usize, n: u64) {
    let system = System::new("looked-at", SmolRuntime::new()).expect("a thread starts");
    let start = |number| {
        let (handle, mailbox) = mailbox();
        assert!(handle.try_tell(Job).is_ok());
        let spawn = Spawn::new(mailbox).named(format!("worker-{number}"));
        let running = spawn.start(&system, || Worker).expect("the system runs");
        running.started_blocking(Duration::from_secs(60)).expect("it starts");
        handle
    };
    let handles: Vec<_> = (0..actors).map(start).collect();
    while handles.iter().any(|handle| handle.stats()[0].handled == 0) {
        std::thread::yield_now();
    }
    for _ in 0..n {
        assert_eq!(black_box(system.inspect()).actors.len(), actors);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let workload = arguments.next().unwrap_or_default();
    let n = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let count = |prefix| workload.strip_prefix(prefix).and_then(|n| n.parse().ok());
    match workload.as_str() {
        "publish" => publish(n),
        "change" => change(n),
        _ => match (count("topic-"), count("keeping-"), count("inspect-")) {
            (Some(subscribers), ..) => topic(&Topic::new(), subscribers, n),
            (_, Some(subscribers), _) => topic(&Topic::keeping_last(), subscribers, n),
            (.., Some(actors)) => inspect(actors, n),
            _ => get(n),
        },
    }
}
