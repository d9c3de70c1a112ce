//! The figures of actors for the recorder of the `metrics` facade.

use std::collections::BTreeMap;
use std::sync::Arc;

use actor_core::observe::{Gauge, Histogram};
use actor_system::System;
use metrics::{SharedString, counter, gauge, histogram};

use crate::group::{Group, Lane, Named};

/// Publishes the figures of actors through the recorder of the `metrics` facade.
///
/// The metrics are those of an [`Exporter`](crate::Exporter), with the same names and labels.
/// Call [`publish`](Self::publish) now and then, for instance by a timer of an actor: the figures
/// are read at each call. The times of the histograms are recorded as the limits of their buckets,
/// so they are up to twice the measured ones.
///
/// # Examples
///
/// ```
/// use actor_observe::Publisher;
/// use metrics_util::debugging::{DebugValue, DebuggingRecorder};
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let recorder = DebuggingRecorder::new();
/// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
/// let mut publisher = Publisher::new().actor("clock", handle.gauge());
/// assert!(handle.try_tell(Tick).is_ok());
/// // A program installs its recorder once, for all threads.
/// metrics::with_local_recorder(&recorder, || publisher.publish());
///
/// let published = recorder.snapshotter().snapshot().into_vec();
/// let value = published.into_iter().find_map(|(key, _unit, _text, value)| {
///     (key.key().name() == "actor_lane_accepted_total").then_some(value)
/// });
/// assert_eq!(value, Some(DebugValue::Counter(1)));
/// ```
#[derive(Debug)]
pub struct Publisher {
    group: Group,
    published: Published,
}

/// The counts of each histogram at the last call, by metric, actor and lane. Those of names without
/// an actor are not kept: a later actor of the same name begins at zero.
type Published = BTreeMap<(&'static str, Arc<str>, &'static str), Vec<u64>>;

impl Publisher {
    /// Creates a publisher without actors.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut publisher = actor_observe::Publisher::new();
    /// publisher.publish();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { group: Group::new(), published: BTreeMap::new() }
    }

    /// Adds all actors of a system. As [`Exporter::system`](crate::Exporter::system).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_observe::Publisher;
    /// # use actor_system::System;
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let mut publisher = Publisher::new().system(&system);
    /// publisher.publish();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn system(mut self, system: &System) -> Self {
        self.group.add_system(system);
        self
    }

    /// Adds one actor. As [`Exporter::actor`](crate::Exporter::actor).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_observe::Publisher;
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// let mut publisher = Publisher::new().actor("clock", handle.gauge());
    /// publisher.publish();
    /// ```
    #[must_use]
    pub fn actor(mut self, name: impl Into<Arc<str>>, gauge: Gauge) -> Self {
        self.group.add_actor(name.into(), gauge);
        self
    }

    /// Sets the most names. As [`Exporter::most_names`](crate::Exporter::most_names).
    ///
    /// # Examples
    ///
    /// ```
    /// let mut publisher = actor_observe::Publisher::new().most_names(16);
    /// publisher.publish();
    /// ```
    #[must_use]
    pub fn most_names(mut self, most: usize) -> Self {
        self.group.set_most_names(most);
        self
    }

    /// Reads all figures, and passes them to the recorder.
    ///
    /// # Examples
    ///
    /// See [`Publisher`].
    ///
    /// ```
    /// // Without a recorder, this has no effect.
    /// actor_observe::Publisher::new().publish();
    /// ```
    pub fn publish(&mut self) {
        let before = std::mem::take(&mut self.published);
        for named in self.group.read() {
            let labels = [("actor", text(&named.name))];
            gauge!("actor_running", &labels).set(named.actors as f64);
            counter!("actor_restarts_total", &labels).absolute(named.restarts);
            counter!("actor_lost_work_total", &labels).absolute(named.lost_work);
            for lane in &named.lanes {
                self.publish_lane(&before, &named, lane);
            }
        }
        self.publish_ends(&before);
    }

    /// Ends the gauges of actors that have gone: a recorder keeps the last value.
    fn publish_ends(&self, before: &Published) {
        let gone = before.keys().filter(|place| !self.published.contains_key(place));
        for (_metric, name, lane) in gone {
            let labels = [("actor", text(name)), ("lane", SharedString::const_str(lane))];
            gauge!("actor_running", &labels[..1]).set(0.0);
            gauge!("actor_lane_depth", &labels).set(0.0);
        }
    }

    fn publish_lane(&mut self, before: &Published, named: &Named, lane: &Lane) {
        let stats = &lane.stats;
        let labels = [("actor", text(&named.name)), ("lane", SharedString::const_str(stats.name))];
        gauge!("actor_lane_depth", &labels).set(stats.depth as f64);
        gauge!("actor_lane_capacity", &labels).set(stats.capacity as f64);
        gauge!("actor_lane_high_water", &labels).set(stats.high_water as f64);
        counter!("actor_lane_accepted_total", &labels).absolute(stats.accepted);
        counter!("actor_lane_handled_total", &labels).absolute(stats.handled);
        counter!("actor_lane_refused_total", &labels).absolute(stats.refused);
        counter!("actor_lane_over_share_total", &labels).absolute(stats.over_share);
        counter!("actor_lane_evicted_total", &labels).absolute(stats.evicted);
        counter!("actor_lane_cancelled_total", &labels).absolute(stats.cancelled);
        counter!("actor_lane_expired_total", &labels).absolute(stats.expired);
        counter!("actor_lane_undelivered_total", &labels).absolute(stats.undelivered);
        let longest = lane.handling.iter().map(Histogram::longest).max().unwrap_or_default();
        gauge!("actor_lane_longest_handler_seconds", &labels).set(longest.as_secs_f64());
        let handling = histogram!("actor_lane_handling_seconds", &labels);
        let place = |metric| (metric, Arc::clone(&named.name), stats.name);
        self.publish_times(before, place("handling"), &lane.handling, &handling);
        let waiting = histogram!("actor_lane_waiting_seconds", &labels);
        self.publish_times(before, place("waiting"), &lane.waiting, &waiting);
    }

    /// Passes the messages since the last call.
    fn publish_times(
        &mut self,
        before: &Published,
        place: (&'static str, Arc<str>, &'static str),
        times: &[Histogram],
        recorder: &metrics::Histogram,
    ) {
        let before = before.get(&place).map_or(&[][..], Vec::as_slice);
        let mut now = Vec::with_capacity(before.len());
        for (limit, bucket, count) in counts(times) {
            // Fewer than before: one of several actors with this name has ended.
            let new = count.saturating_sub(before.get(bucket).copied().unwrap_or(0));
            now.push(count);
            if new > 0 {
                recorder.record_many(limit, usize::try_from(new).unwrap_or(usize::MAX));
            }
        }
        self.published.insert(place, now);
    }
}

/// Returns the limit of each bucket in seconds, its place, and the number of messages in it.
fn counts(times: &[Histogram]) -> Vec<(f64, usize, u64)> {
    let mut counts: Vec<(f64, usize, u64)> = Vec::new();
    for histogram in times {
        let mut before = 0;
        let last = (histogram.longest().max(LONGEST), histogram.count());
        let limits = histogram.up_to().chain([last]);
        for (place, (limit, up_to)) in limits.enumerate() {
            let count = up_to - before;
            before = up_to;
            match counts.get_mut(place) {
                Some((_limit, _place, sum)) => *sum += count,
                None => counts.push((limit.as_secs_f64(), place, count)),
            }
        }
    }
    counts
}

/// Above all limits.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(134);

fn text(name: &Arc<str>) -> SharedString {
    SharedString::from_shared(Arc::clone(name))
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}
