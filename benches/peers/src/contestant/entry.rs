//! Who takes part, and in what.

use crate::actor::{Actors, Large, Parcel};
use crate::measure::Sample;
use crate::workload::{
    Workload, ask_across, ask_local, asks_across, asks_local, bursts, busy, hop_across, hop_local, idle_bytes, life,
    producers, tell_across, tell_local, tell_unbounded, wake,
};

/// One round of one workload, of so many operations.
pub(crate) type Run = fn(u64) -> Sample;

/// One way of sending messages to an owner of state.
pub(crate) struct Contestant {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    /// The room in its mailboxes: `1024`, `∞` or `–`.
    pub(crate) room: &'static str,
    /// The room in a mailbox of its own choice, where that is another.
    pub(crate) own_room: &'static str,
    /// What it runs on, and how it is used.
    pub(crate) setting: &'static str,
    runs: Vec<(Workload, Run)>,
}

/// What stands where a mailbox has no bound.
pub(crate) const UNBOUNDED: &str = "∞";

impl Contestant {
    /// Enters a contestant that does nothing yet.
    pub(crate) fn new(name: &'static str, room: &'static str, setting: &'static str) -> Self {
        Self { name, room, own_room: room, setting, runs: Vec::new() }
    }

    /// Says what room a mailbox has when nothing is said.
    pub(crate) fn own_room(mut self, room: &'static str) -> Self {
        self.own_room = room;
        self
    }

    /// Gives the room in its mailboxes in a workload.
    pub(crate) fn room_in(&self, workload: Workload) -> &'static str {
        match workload {
            Workload::TellUnbounded if self.run(workload).is_some() => UNBOUNDED,
            Workload::Life | Workload::IdleBytes => self.own_room,
            _ => self.room,
        }
    }

    /// Gives the round of a workload, if the contestant can do it.
    pub(crate) fn run(&self, workload: Workload) -> Option<Run> {
        self.runs.iter().find(|(entered, _)| *entered == workload).map(|(_, run)| *run)
    }

    /// Enters it for one workload.
    pub(crate) fn with(mut self, workload: Workload, run: Run) -> Self {
        debug_assert!(self.run(workload).is_none(), "one way of doing each");
        self.runs.push((workload, run));
        self
    }

    /// Enters it for all in which senders are on threads of their own, but for an unbounded tell; and for a bounded one
    /// if its mailboxes have a bound.
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

    /// Enters it for all in which sender and actors share a thread.
    pub(crate) fn local<C: Actors<Parcel>>(self) -> Self {
        self.with(Workload::TellLocal, tell_local::<C>)
            .with(Workload::AskLocal, ask_local::<C>)
            .with(Workload::AsksLocal, asks_local::<C>)
            .with(Workload::HopLocal, hop_local::<C>)
    }
}
