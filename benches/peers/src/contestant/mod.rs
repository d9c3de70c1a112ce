//! The contestants, one per file.

mod actix;
mod channel;
mod entry;
mod kameo;
mod mutex;
mod ours;
mod ractor;
mod spawned;
mod spawned_threads;
mod stakker;
mod thread;
mod xtra;

pub(crate) use entry::{Contestant, Run};

/// All contestants, in the order of the tables. By default, the ratios compare with the first.
pub(crate) fn everybody() -> Vec<Contestant> {
    let mut all = ours::contestants();
    all.extend([
        kameo::contestant(),
        ractor::contestant(),
        actix::contestant(),
        xtra::contestant(),
        spawned::contestant(),
        spawned_threads::contestant(),
        stakker::contestant(),
    ]);
    all.extend(channel::contestants());
    all.extend([mutex::contestant(), thread::contestant()]);
    all
}
