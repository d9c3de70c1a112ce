//! Threads of another library call back with readings. A callback never waits, and the owner sees
//! the newest reading of each sensor.

use std::collections::BTreeMap;
use std::thread;

use actor_lanes::{Actor, Context, Lane, Message, Reply, System, spawn};
use programs::{Done, PATIENCE};

enum Event {
    Reading { sensor: u64, value: u32 },
    Newest(Reply<BTreeMap<u64, u32>>),
}

impl Message for Event {
    const LANES: &'static [Lane] = &[
        // One place for each sensor: a newer reading replaces an older one.
        Lane::latest_by_key("readings", 16),
        Lane::fifo("questions", 16),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::Reading { .. } => 0,
            Self::Newest(_) => 1,
        }
    }

    fn key(&self) -> u64 {
        match self {
            Self::Reading { sensor, .. } => *sensor,
            Self::Newest(_) => 0,
        }
    }
}

#[derive(Default)]
struct Newest(BTreeMap<u64, u32>);

impl Actor for Newest {
    type Message = Event;

    async fn handle(&mut self, event: Event, _cx: &mut Context<Event>) {
        match event {
            Event::Reading { sensor, value } => drop(self.0.insert(sensor, value)),
            Event::Newest(reply) => reply.send(self.0.clone()),
        }
    }
}

/// A library with threads of its own and a callback, as many C libraries have one.
fn start_library(
    callback: impl Fn(u64, u32) + Clone + Send + 'static,
) -> Vec<thread::JoinHandle<()>> {
    let sensor = |sensor| {
        let callback = callback.clone();
        thread::spawn(move || (0..=1000).for_each(|value| callback(sensor, value)))
    };
    (0..4).map(sensor).collect()
}

fn main() -> Done {
    let system = System::new("sensors", programs::runtime()?)?;
    let (newest, running) = spawn(&system, Newest::default)?;
    let callback = newest.clone();
    let threads = start_library(move |sensor, value| {
        // Returns at once, on any thread. An error means that the owner has ended.
        drop(callback.try_tell(Event::Reading { sensor, value }));
    });
    threads.into_iter().try_for_each(|thread| thread.join()).map_err(|_| "a callback panicked")?;
    // Lanes take turns. So a question may overtake readings, and four of them still wait at most.
    let mut readings = BTreeMap::new();
    for _turn in 0..=4 {
        readings = newest.ask_blocking(Event::Newest, PATIENCE)?;
    }
    assert_eq!(readings, BTreeMap::from([(0, 1000), (1, 1000), (2, 1000), (3, 1000)]));
    let lane = &running.lanes()[0];
    assert_eq!(lane.accepted, lane.handled + lane.evicted, "each one is accounted for");
    println!("the newest readings: {readings:?}");
    Ok(())
}
