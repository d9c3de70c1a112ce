//! The contestants, one per file.

mod actix;
mod channel;
mod entry;
mod in_c;
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
    let [ours_in_c, mutex_queue_in_c] = in_c::contestants();
    let mut all = ours::contestants();
    all.push(ours_in_c);
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
    all.extend([mutex_queue_in_c, mutex::contestant(), thread::contestant()]);
    all
}
