//! Raw channels, one per file, and the two kinds of receivers turning them into actors.

mod async_channel;
mod crossbeam;
mod crossfire;
mod direct;
mod ends;
mod flume;
mod kanal;
mod on_task;
mod on_thread;
mod std_mpsc;
mod thingbuf;
mod tokio_mpsc;

use direct::tell_direct;
use ends::{Channel, Letter, ReceiveAsync, ReceiveBlocking};
use on_task::OnTask;
use on_thread::OnThread;

use super::Contestant;
use crate::workload::Workload;

/// The setting of every channel with a task as its receiver.
const TASK: &str = "receiver: a task on current-thread tokio; asks through the crate `oneshot`";

/// The setting of every channel with a thread as its receiver.
const THREAD: &str = "receiver: a plain thread that blocks; asks through the crate `oneshot`";

/// Every supported combination of a channel and a kind of receiver, in the order of the tables.
pub(super) fn contestants() -> Vec<Contestant> {
    let mut all = Vec::new();
    all.extend(async_channel::contestants());
    all.extend(tokio_mpsc::contestants());
    all.extend(flume::contestants());
    all.extend(kanal::contestants());
    all.extend(crossfire::contestants());
    all.extend(thingbuf::contestants());
    all.extend(crossbeam::contestants());
    all.extend(std_mpsc::contestants());
    all
}

/// A channel with a task as its receiver.
fn on_task<Ch: ReceiveAsync>(name: &'static str) -> Contestant {
    Contestant::new(name, "1024", TASK).across::<OnTask<Ch>>().local::<OnTask<Ch>>()
}

/// A channel with a plain thread as its receiver. A sender on that thread receives the messages
/// itself and so is not an actor. Only the local tell is measured in this way.
fn on_thread<Ch: ReceiveBlocking>(name: &'static str) -> Contestant {
    Contestant::new(name, "1024", THREAD)
        .across::<OnThread<Ch>>()
        .with(Workload::TellLocal, tell_direct::<Ch>)
}
