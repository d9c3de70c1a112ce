//! The figures in a recorder of the `metrics` facade.
#![cfg(feature = "metrics")]

use std::collections::BTreeMap;
use std::time::Duration;

use actor_core::{Actor, Context, Message, Spawn, mailbox};
use actor_observe::Publisher;
use actor_system::System;
use actor_thread::ThreadRuntime;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

const PATIENCE: Duration = Duration::from_secs(30);

struct Job;
impl Message for Job {}

struct Worker;
impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
}

fn values(recorded: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let all = recorded.snapshot().into_vec();
    let name = |key: &metrics_util::CompositeKey| {
        let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
        format!("{} {}", key.key().name(), labels.join(" "))
    };
    all.into_iter().map(|(key, _unit, _text, value)| (name(&key), value)).collect()
}

#[test]
fn figures_reach_the_recorder_and_each_time_is_recorded_once() {
    let system = System::new("published", ThreadRuntime::new()).expect("its thread starts");
    let (worker, worker_mailbox) = mailbox();
    let spawn = Spawn::new(worker_mailbox).named("worker");
    let running = spawn.start(&system, || Worker).expect("the system runs");
    for _ in 0..500 {
        worker.tell_blocking(Job, PATIENCE).expect("it runs");
    }
    let gauge = worker.gauge();
    drop(worker);
    running.join_blocking(PATIENCE).expect("nothing reaches it");
    let (recorder, mut publisher) =
        (DebuggingRecorder::new(), Publisher::new().actor("ended", gauge.clone()));
    let recorded = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || publisher.publish());
    let first = values(&recorded);
    let counter = &first["actor_lane_handled_total ended messages"];
    assert_eq!(counter, &DebugValue::Counter(500));
    let DebugValue::Histogram(times) = &first["actor_lane_handling_seconds ended messages"] else {
        panic!("it is a histogram")
    };
    assert_eq!(times.len() as u64, gauge.figures().lanes[0].handling.count());
    // Nothing has happened since.
    metrics::with_local_recorder(&recorder, || publisher.publish());
    let again = values(&recorded);
    assert_eq!(again["actor_lane_handled_total ended messages"], DebugValue::Counter(500));
    let times = again.get("actor_lane_handling_seconds ended messages");
    assert!(
        times.is_none_or(|times| matches!(times, DebugValue::Histogram(new) if new.is_empty()))
    );
}

/// Runs an actor of this name, and publishes while it runs. Returns the messages in the histograms.
fn publish_one(
    system: &System,
    publisher: &mut Publisher,
    recorder: &DebuggingRecorder,
    jobs: usize,
) -> u64 {
    let (worker, worker_mailbox) = mailbox();
    let spawn = Spawn::new(worker_mailbox).named("worker");
    let running = spawn.start(system, || Worker).expect("the system runs");
    for _ in 0..jobs {
        worker.tell_blocking(Job, PATIENCE).expect("it runs");
    }
    let gauge = worker.gauge();
    while gauge.figures().lanes[0].stats.depth > 0 {
        std::thread::yield_now();
    }
    metrics::with_local_recorder(recorder, || publisher.publish());
    drop(worker);
    running.join_blocking(PATIENCE).expect("nothing reaches it");
    while !system.inspect().actors.is_empty() {
        std::thread::yield_now();
    }
    metrics::with_local_recorder(recorder, || publisher.publish());
    gauge.figures().lanes[0].handling.count()
}

#[test]
fn an_actor_that_has_ended_is_not_running_and_a_later_one_begins_at_zero() {
    let system = System::new("published", ThreadRuntime::new()).expect("its thread starts");
    let (recorder, mut publisher) = (DebuggingRecorder::new(), Publisher::new().system(&system));
    let recorded = recorder.snapshotter();
    for jobs in [1_000, 500] {
        let count = publish_one(&system, &mut publisher, &recorder, jobs);
        let values = values(&recorded);
        assert_eq!(values["actor_running /worker"], DebugValue::Gauge(0.0.into()));
        let DebugValue::Histogram(times) = &values["actor_lane_handling_seconds /worker messages"]
        else {
            panic!("it is a histogram")
        };
        // The actor's end counts its last messages, after the last look at them.
        assert!((1..=count).contains(&(times.len() as u64)), "{} of {count}", times.len());
        assert!(times.len() as u64 > count / 2, "{} of {count}", times.len());
    }
    // Of names without an actor, nothing is kept.
    let debug = format!("{publisher:?}");
    assert!(debug.contains("published: {}"), "{debug}");
}
