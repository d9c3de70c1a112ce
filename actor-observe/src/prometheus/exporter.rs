//! The figures of actors as a page.

use std::sync::Arc;
use std::time::Duration;

use actor_core::mailbox::LaneStats;
use actor_core::observe::{Gauge, Histogram};
use actor_system::System;

use crate::group::{Group, Lane, Named};
use crate::prometheus::page::{Kind, Page};

/// Writes the figures of actors as a page for Prometheus.
///
/// It is a plain value, made from systems and gauges. [`render`](Self::render) reads the figures
/// and returns the page, on any thread, and disturbs no actor.
///
/// # Metrics
///
/// | name | type | labels |
/// |---|---|---|
/// | `actor_lane_depth`, `_capacity`, `_high_water` | gauge | `actor`, `lane` |
/// | `actor_lane_accepted_total`, `_handled_total`, `_refused_total` | counter | `actor`, `lane` |
/// | `actor_lane_over_share_total`, `_evicted_total` | counter | `actor`, `lane` |
/// | `actor_lane_cancelled_total`, `_expired_total` | counter | `actor`, `lane` |
/// | `actor_lane_undelivered_total` | counter | `actor`, `lane` |
/// | `actor_lane_handling_seconds`, `actor_lane_waiting_seconds` | histogram | `actor`, `lane` |
/// | `actor_lane_longest_handler_seconds` | gauge | `actor`, `lane` |
/// | `actor_running` | gauge | `actor` |
/// | `actor_restarts_total`, `actor_lost_work_total` | counter | `actor` |
///
/// # Labels
///
/// The label `actor` is the path of an actor of a system, or the name given to
/// [`actor`](Self::actor). Actors without a name of their own are added up by their type, so their
/// counters fall when one of them ends. There are at most 256 names, or
/// [`most_names`](Self::most_names): further actors are added up as `others`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Spawn};
/// use actor_observe::Exporter;
/// use actor_system::System;
///
/// struct Job;
/// impl Message for Job {}
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let (worker, mailbox) = actor_core::mailbox();
/// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
/// worker.try_tell(Job)?;
///
/// let exporter = Exporter::new().system(&system);
/// let page = exporter.render();
/// let line = "actor_lane_accepted_total{actor=\"/worker\",lane=\"messages\"} 1";
/// assert!(page.lines().any(|found| found == line), "{page}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Exporter {
    group: Group,
}

/// A metric of a lane.
type LaneMetric = (&'static str, Kind, &'static str, fn(&LaneStats) -> u64);

const LANE_METRICS: &[LaneMetric] = &[
    ("actor_lane_depth", Kind::Gauge, "Messages accepted and not finished.", |lane| lane.depth),
    ("actor_lane_capacity", Kind::Gauge, "Messages that may wait in the lane.", |lane| {
        lane.capacity as u64
    }),
    ("actor_lane_high_water", Kind::Gauge, "The most messages seen waiting at once.", |lane| {
        lane.high_water
    }),
    ("actor_lane_accepted_total", Kind::Counter, "Messages accepted.", |lane| lane.accepted),
    ("actor_lane_handled_total", Kind::Counter, "Messages whose handling has ended.", |lane| {
        lane.handled
    }),
    (
        "actor_lane_refused_total",
        Kind::Counter,
        "Messages returned because the lane was full.",
        |lane| lane.refused,
    ),
    (
        "actor_lane_over_share_total",
        Kind::Counter,
        "Messages returned because their source had filled its share of the lane.",
        |lane| lane.over_share,
    ),
    (
        "actor_lane_evicted_total",
        Kind::Counter,
        "Messages dropped to make room for newer ones.",
        |lane| lane.evicted,
    ),
    (
        "actor_lane_cancelled_total",
        Kind::Counter,
        "Asks whose asker had given up by their turn.",
        |lane| lane.cancelled,
    ),
    (
        "actor_lane_expired_total",
        Kind::Counter,
        "Messages dropped because their deadline had passed.",
        |lane| lane.expired,
    ),
    (
        "actor_lane_undelivered_total",
        Kind::Counter,
        "Messages still queued at the actor's end.",
        |lane| lane.undelivered,
    ),
];

/// A histogram of a lane, of each of its actors.
type LaneTimes = (&'static str, &'static str, fn(&Lane) -> &[Histogram]);

const LANE_TIMES: &[LaneTimes] = &[
    (
        "actor_lane_handling_seconds",
        "Time of handlers, from samples. Each sample counts for the messages since the last one.",
        |lane| &lane.handling,
    ),
    (
        "actor_lane_waiting_seconds",
        "Time of messages in the lane, from samples, as the handling.",
        |lane| &lane.waiting,
    ),
];

/// A metric of an actor.
type ActorMetric = (&'static str, Kind, &'static str, fn(&Named) -> u64);

const ACTOR_METRICS: &[ActorMetric] = &[
    ("actor_running", Kind::Gauge, "Running actors with this name.", |named| named.actors),
    ("actor_restarts_total", Kind::Counter, "Lives after the first one.", |named| named.restarts),
    ("actor_lost_work_total", Kind::Counter, "Results of work that reached nobody.", |named| {
        named.lost_work
    }),
];

impl Exporter {
    /// Creates an exporter without actors.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::Exporter;
    ///
    /// let page = Exporter::new().render();
    /// assert!(page.lines().all(|line| line.starts_with("# ")), "no actor has figures");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { group: Group::new() }
    }

    /// Adds all actors of a system: those running at the time of each page. The system is not kept
    /// alive. Once it has ended, it has no actors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_observe::Exporter;
    /// # use actor_system::System;
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let exporter = Exporter::new().system(&system);
    /// drop(system);
    /// assert!(!exporter.render().contains("actor=\""));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn system(mut self, system: &System) -> Self {
        self.group.add_system(system);
        self
    }

    /// Adds one actor, with a name for its label. Its figures stay on the page after its end.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_observe::Exporter;
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// let exporter = Exporter::new().actor("clock", handle.gauge());
    /// assert!(handle.try_tell(Tick).is_ok());
    /// let page = exporter.render();
    /// assert!(page.contains("actor_lane_depth{actor=\"clock\",lane=\"messages\"} 1\n"));
    /// ```
    #[must_use]
    pub fn actor(mut self, name: impl Into<Arc<str>>, gauge: Gauge) -> Self {
        self.group.add_actor(name.into(), gauge);
        self
    }

    /// Sets the most names on the page. Further actors are added up as `others`. 256 unless stated.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_observe::Exporter;
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let mut exporter = Exporter::new().most_names(2);
    /// for n in 0..10 {
    ///     let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    ///     assert!(handle.try_tell(Tick).is_ok());
    ///     exporter = exporter.actor(format!("clock-{n}"), handle.gauge());
    /// }
    /// let page = exporter.render();
    /// let line = "actor_lane_accepted_total{actor=\"others\",lane=\"messages\"} 8\n";
    /// assert!(page.contains(line), "{page}");
    /// ```
    #[must_use]
    pub fn most_names(mut self, most: usize) -> Self {
        self.group.set_most_names(most);
        self
    }

    /// Reads all figures, and returns the page.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_observe::Exporter;
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// let page = Exporter::new().actor("clock", handle.gauge()).render();
    /// assert!(page.contains("# TYPE actor_lane_waiting_seconds histogram\n"));
    /// assert!(page.contains("actor_running{actor=\"clock\"} 1\n"));
    /// ```
    #[must_use]
    pub fn render(&self) -> String {
        let mut page = Page::new();
        self.write(&mut page);
        page.into_text()
    }

    /// Reads all figures, and adds them to a page.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::Exporter;
    /// use actor_observe::prometheus::{Kind, Page};
    ///
    /// let mut page = Page::new();
    /// page.figure("node_healthy", Kind::Gauge, "1 while all parts run.", 1);
    /// Exporter::new().write(&mut page);
    /// assert!(page.into_text().contains("# TYPE actor_lane_depth gauge"));
    /// ```
    pub fn write(&self, page: &mut Page) {
        let all = self.group.read();
        let lanes =
            || all.iter().flat_map(|named| named.lanes.iter().map(move |lane| (named, lane)));
        for (name, kind, help, read) in LANE_METRICS {
            let mut metric = page.metric(name, *kind, help);
            for (named, lane) in lanes() {
                metric = metric.with(&labels(named, lane), read(&lane.stats));
            }
        }
        for (name, help, read) in LANE_TIMES {
            let mut metric = page.metric(name, Kind::Histogram, help);
            for (named, lane) in lanes() {
                let Times { up_to, count, sum } = Times::of(read(lane));
                metric = metric.histogram(&labels(named, lane), up_to, count, sum);
            }
        }
        let help = "The longest handler of all samples.";
        let mut longest = page.metric("actor_lane_longest_handler_seconds", Kind::Gauge, help);
        for (named, lane) in lanes() {
            let time = lane.handling.iter().map(Histogram::longest).max().unwrap_or_default();
            longest = longest.with(&labels(named, lane), time.as_secs_f64());
        }
        for (name, kind, help, read) in ACTOR_METRICS {
            let mut metric = page.metric(name, *kind, help);
            for named in &all {
                metric = metric.with(&[("actor", &*named.name)], read(named));
            }
        }
    }
}

impl Default for Exporter {
    fn default() -> Self {
        Self::new()
    }
}

fn labels<'a>(named: &'a Named, lane: &Lane) -> [(&'static str, &'a str); 2] {
    [("actor", &*named.name), ("lane", lane.stats.name)]
}

/// Several histograms as one, in seconds.
struct Times {
    up_to: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

/// Of the limits of a histogram, every second one is on the page: 1 µs, 4 µs, 16 µs, and so on.
const LIMIT_STEP: usize = 2;

impl Times {
    fn of(histograms: &[Histogram]) -> Self {
        let mut up_to: Vec<(f64, u64)> = Vec::new();
        for histogram in histograms {
            for (place, (limit, count)) in histogram.up_to().step_by(LIMIT_STEP).enumerate() {
                match up_to.get_mut(place) {
                    Some((_limit, sum)) => *sum += count,
                    None => up_to.push((limit.as_secs_f64(), count)),
                }
            }
        }
        // Not read again: a histogram in use may have more by now than its buckets had.
        let count = histograms.iter().map(Histogram::count).sum();
        let sum = histograms.iter().map(Histogram::sum).sum::<Duration>();
        Self { up_to, count, sum: sum.as_secs_f64() }
    }
}
