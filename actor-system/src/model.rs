//! The gate under the model checkers: spawns race with one or two stops.

use std::sync::Arc;

use actor_core::checker::{block_on, check, thread};

use crate::gate::Gate;
use crate::sync::{AtomicUsize, Ordering};

const PREEMPTIONS: usize = 3;

/// A gate, and a register without any order of its own.
struct Parts {
    gate: Gate,
    register: [AtomicUsize; 2],
}

impl Parts {
    fn new() -> Arc<Self> {
        let register = [AtomicUsize::new(0), AtomicUsize::new(0)];
        Arc::new(Self { gate: Gate::new(), register })
    }

    /// Spawns an actor. Returns whether the gate was open.
    fn spawn(&self, number: usize) -> bool {
        let is_inside = self.gate.enter();
        if is_inside {
            self.register[number].store(1, Ordering::Relaxed);
            self.gate.leave();
        }
        is_inside
    }

    /// Closes the gate and reads the register. `None` if another stop was first.
    fn stop(&self) -> Option<[bool; 2]> {
        if !self.gate.close() {
            return None;
        }
        block_on(self.gate.emptied());
        Some([0, 1].map(|number| self.register[number].load(Ordering::Relaxed) == 1))
    }
}

#[test]
fn a_spawn_is_in_the_report_or_refused() {
    check(PREEMPTIONS, || {
        let parts = Parts::new();
        let spawners = [0, 1].map(|number| {
            let parts = Arc::clone(&parts);
            thread::spawn(move || parts.spawn(number))
        });
        let report = parts.stop().expect("it is the only stop");
        let spawned = spawners.map(|spawner| spawner.join().expect("a spawn does not panic"));
        assert_eq!(report, spawned);
        assert!(!parts.spawn(0), "it stays closed");
    });
}

#[test]
fn one_of_two_stops_makes_the_report() {
    check(PREEMPTIONS, || {
        let parts = Parts::new();
        let spawning = Arc::clone(&parts);
        let spawner = thread::spawn(move || spawning.spawn(0));
        let stopping = Arc::clone(&parts);
        let other = thread::spawn(move || stopping.stop());
        let report = parts.stop();
        let other = other.join().expect("a stop does not panic");
        let spawned = spawner.join().expect("a spawn does not panic");
        assert!(report.is_some() != other.is_some(), "one shutdown");
        assert_eq!(report.or(other), Some([spawned, false]));
    });
}
