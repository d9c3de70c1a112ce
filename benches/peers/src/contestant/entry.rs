//! The contestants, and their workloads.

use crate::actor::{Actors, Large, Parcel};
use crate::measure::Sample;
use crate::workload::{
    Workload, ask_across, ask_local, asks_across, asks_local, bursts, busy, hop_across, hop_local,
    idle_bytes, life, producers, tell_across, tell_local, tell_unbounded, wake,
};

/// Runs one round of one workload, with the given number of operations.
pub(crate) type Run = fn(u64) -> Sample;

/// One way of sending messages to an owner of state.
pub(crate) struct Contestant {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    /// The room in its mailboxes: `1024`, `∞` or `–`.
    pub(crate) room: &'static str,
    /// The default room in a mailbox, if different.
    pub(crate) own_room: &'static str,
    /// Its runtime, and its use in the benchmark.
    pub(crate) setting: &'static str,
    runs: Vec<(Workload, Run)>,
}

/// Printed for a mailbox without a bound.
pub(crate) const UNBOUNDED: &str = "∞";

impl Contestant {
    /// Creates a contestant without workloads.
    pub(crate) fn new(name: &'static str, room: &'static str, setting: &'static str) -> Self {
        Self { name, room, own_room: room, setting, runs: Vec::new() }
    }

    /// Sets the default room in a mailbox.
    pub(crate) fn own_room(mut self, room: &'static str) -> Self {
        self.own_room = room;
        self
    }

    /// Returns the room in its mailboxes in a workload.
    pub(crate) fn room_in(&self, workload: Workload) -> &'static str {
        match workload {
            Workload::TellUnbounded if self.run(workload).is_some() => UNBOUNDED,
            Workload::Life | Workload::IdleBytes => self.own_room,
            _ => self.room,
        }
    }

    /// Returns the round of a workload, if the contestant supports it.
    pub(crate) fn run(&self, workload: Workload) -> Option<Run> {
        self.runs.iter().find(|(entered, _)| *entered == workload).map(|(_, run)| *run)
    }

    /// Enters it for one workload.
    pub(crate) fn with(mut self, workload: Workload, run: Run) -> Self {
        debug_assert!(self.run(workload).is_none(), "one way of doing each");
        self.runs.push((workload, run));
        self
    }

    /// Enters it for all workloads with senders on separate threads, with one choice: the bounded
    /// tell if its mailboxes have a bound, and the unbounded tell otherwise.
    pub(crate) fn across<C: Actors<Parcel> + Actors<Large>>(self) -> Self {
        let entered = match self.room {
            UNBOUNDED => self.with(Workload::TellUnbounded, tell_unbounded::<C>),
            _bounded => self.with(Workload::TellAcross, tell_across::<C>),
        };
        entered
            .with(Workload::Producers, producers::<C>)
            .with(Workload::Bursts, bursts::<C>)
            .with(Workload::AskAcross, ask_across::<C>)
            .with(Workload::AsksAcross, asks_across::<C>)
            .with(Workload::HopAcross, hop_across::<C>)
            .with(Workload::Life, life::<C>)
            .with(Workload::IdleBytes, idle_bytes::<C>)
            .with(Workload::Busy, busy::<C>)
            .with(Workload::Wake, wake::<C>)
    }

    /// Enters a bounded contestant for the unbounded tell also.
    pub(crate) fn unbounded<C: Actors<Parcel>>(self) -> Self {
        self.with(Workload::TellUnbounded, tell_unbounded::<C>)
    }

    /// Enters it for all workloads with sender and actors on one thread.
    pub(crate) fn local<C: Actors<Parcel>>(self) -> Self {
        self.with(Workload::TellLocal, tell_local::<C>)
            .with(Workload::AskLocal, ask_local::<C>)
            .with(Workload::AsksLocal, asks_local::<C>)
            .with(Workload::HopLocal, hop_local::<C>)
    }
}
