//! stakker: a queue of closures on one thread, and channels for senders on other threads.

mod across;
mod local;
mod stage;

use crate::contestant::Contestant;
use crate::contestant::entry::UNBOUNDED;
use crate::workload::{
    Workload, ask_across, asks_across, bursts, busy, producers, tell_unbounded, wake,
};

use across::Across;

/// Its default features are its fastest. They allow one stakker in a process, so there is no hop
/// across threads.
pub(super) fn contestant() -> Contestant {
    let setting = "its own thread that parks; default features; x through its Channel, asks answered through the crate \
                   `oneshot`; local by call! and Ret";
    Contestant::new("stakker", UNBOUNDED, setting)
        .with(Workload::TellUnbounded, tell_unbounded::<Across>)
        .with(Workload::Producers, producers::<Across>)
        .with(Workload::Bursts, bursts::<Across>)
        .with(Workload::AskAcross, ask_across::<Across>)
        .with(Workload::AsksAcross, asks_across::<Across>)
        .with(Workload::Busy, busy::<Across>)
        .with(Workload::Wake, wake::<Across>)
        .with(Workload::TellLocal, local::tell)
        .with(Workload::AskLocal, |n| local::ask(n, 1))
        .with(Workload::AsksLocal, |n| local::ask(n, 64))
        .with(Workload::HopLocal, local::hop)
        .with(Workload::Life, local::life)
        .with(Workload::IdleBytes, local::idle_bytes)
}
