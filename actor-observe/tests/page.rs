//! The page for Prometheus, read by a parser of another project.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use actor_core::{Actor, Context, Lane, Message, Spawn, mailbox, spawn};
use actor_observe::Exporter;
use actor_observe::prometheus::{Kind, Page};
use actor_system::System;
use actor_thread::ThreadRuntime;
use prometheus_parse::{Scrape, Value};
use proptest::prelude::*;

const PATIENCE: Duration = Duration::from_secs(30);

struct Job(usize);
impl Message for Job {
    const LANES: &'static [Lane] = &[Lane::fifo("jobs", 256), Lane::newest_first("news", 4)];

    fn lane(&self) -> usize {
        self.0
    }
}

struct Worker;
impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
}

fn parse(page: &str) -> Scrape {
    Scrape::parse(page.lines().map(|line| Ok(line.to_owned()))).expect("the page is valid")
}

/// Returns the value of a metric with these labels.
fn value(scrape: &Scrape, metric: &str, labels: &[(&str, &str)]) -> Value {
    let is_it = |sample: &&prometheus_parse::Sample| {
        sample.metric == metric
            && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
    };
    let found = scrape.samples.iter().find(is_it);
    found.unwrap_or_else(|| panic!("{metric} {labels:?} is not on the page")).value.clone()
}

#[test]
fn a_page_of_busy_actors_is_valid_and_has_their_figures() {
    let system = System::new("page", ThreadRuntime::new()).expect("its thread starts");
    let (worker, worker_mailbox) = mailbox();
    let spawn = Spawn::new(worker_mailbox).named("worker");
    let running = spawn.start(&system, || Worker).expect("the system runs");
    for n in 0..1_000 {
        worker.tell_blocking(Job(n % 2), PATIENCE).expect("it runs");
    }
    let gauge = worker.gauge();
    drop(worker);
    running.join_blocking(PATIENCE).expect("nothing reaches it");
    let page = Exporter::new().system(&system).actor("ended", gauge).render();
    let scrape = parse(&page);
    let labels = [("actor", "ended"), ("lane", "jobs")];
    assert!(
        matches!(value(&scrape, "actor_lane_handled_total", &labels), Value::Counter(n) if n == 500.0)
    );
    assert!(
        matches!(value(&scrape, "actor_lane_capacity", &labels), Value::Gauge(n) if n == 256.0)
    );
    assert!(matches!(value(&scrape, "actor_running", &labels[..1]), Value::Gauge(n) if n == 0.0));
    let Value::Histogram(buckets) = value(&scrape, "actor_lane_handling_seconds", &labels) else {
        panic!("it is a histogram")
    };
    assert!(buckets.windows(2).all(|two| two[0].less_than < two[1].less_than), "{buckets:?}");
    assert!(buckets.windows(2).all(|two| two[0].count <= two[1].count), "they are cumulative");
    let last = buckets.last().expect("there are limits");
    assert!(last.less_than.is_infinite() && last.count > 0.0);
    let count = format!(
        "actor_lane_handling_seconds_count{{actor=\"ended\",lane=\"jobs\"}} {}",
        last.count
    );
    assert!(page.lines().any(|line| line == count), "{count}");
}

#[test]
fn each_metric_is_declared_once_and_before_its_values() {
    let (worker, _worker_mailbox) = mailbox::<Job>();
    let page = Exporter::new().actor("a", worker.gauge()).actor("b", worker.gauge()).render();
    let mut declared = BTreeSet::new();
    let mut values = BTreeMap::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert!(declared.insert(rest.split(' ').next().expect("a name").to_owned()), "{line}");
        } else if !line.starts_with('#') {
            let (key, _value) = line.rsplit_once(' ').expect("a value");
            let name = key.split('{').next().expect("a name");
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| {
                name.strip_suffix(suffix).filter(|base| declared.contains(*base))
            });
            assert!(declared.contains(base.unwrap_or(name)), "{line}");
            assert_eq!(values.insert(key, ()), None, "{line} is twice on the page");
        }
    }
    assert_eq!(declared.len(), 17);
}

#[test]
fn the_number_of_names_is_bounded() {
    let system = System::new("page", ThreadRuntime::new()).expect("its thread starts");
    let workers: Vec<_> =
        (0..50).map(|_| spawn(&system, || Worker).expect("the system runs")).collect();
    let exporter = Exporter::new().system(&system).most_names(4);
    let (all, _mailboxes): (Vec<_>, Vec<_>) = (0..20).map(|_| mailbox::<Job>()).unzip();
    let exporter = all.iter().enumerate().fold(exporter, |exporter, (n, handle)| {
        assert!(handle.try_tell(Job(0)).is_ok());
        exporter.actor(format!("worker-{n}"), handle.gauge())
    });
    let scrape = parse(&exporter.render());
    let names: BTreeSet<_> =
        scrape.samples.iter().filter_map(|sample| sample.labels.get("actor")).collect();
    assert!(names.len() <= 5, "{names:?}");
    let others =
        value(&scrape, "actor_lane_accepted_total", &[("actor", "others"), ("lane", "jobs")]);
    assert!(matches!(others, Value::Counter(n) if n == 16.0));
    let running = value(&scrape, "actor_running", &[("actor", "others")]);
    assert!(matches!(running, Value::Gauge(n) if n == 16.0 + 50.0), "{running:?}");
    drop(workers);
}

proptest! {
    #[test]
    fn any_text_is_a_valid_value_of_a_label(text in "\\PC*|[\\\\\"\n{},= ]*") {
        let mut page = Page::new();
        page.metric("info", Kind::Gauge, &text).with(&[("text", &text), ("other", "1")], 7);
        let page = page.into_text();
        let lines: Vec<_> = page.lines().collect();
        prop_assert_eq!(lines.len(), 3);
        // Unescaped as the format says.
        let quoted = lines[2].strip_prefix("info{text=\"").and_then(|rest| rest.strip_suffix("\",other=\"1\"} 7"));
        let mut unescaped = String::new();
        let mut chars = quoted.expect("both labels are there").chars();
        while let Some(c) = chars.next() {
            prop_assert!(c != '"');
            match (c, ()) {
                ('\\', ()) => unescaped.push(match chars.next() { Some('n') => '\n', Some(c) => c, None => ' ' }),
                (c, ()) => unescaped.push(c),
            }
        }
        prop_assert_eq!(unescaped, text);
    }
}
