//! Whole trees under shuttle: children fail, are stopped and are killed, in orders of steps by
//! chance. A lost report, order or wake shows as a deadlock.
//!
//! For shuttle only, because a life has too many steps for loom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use actor_core::checker::{block_on, check, thread};
use actor_core::life::Restart;
use actor_core::runtime::{ExecutorStopped, Maker, Timer};
use actor_core::{Actor, Context, Executor, Exit, Handle, Lane, Message, Running, Spawn};

use super::{Strategy, Supervisor};

/// Enough to interrupt a report, an order and a sleep by each other.
const PREEMPTIONS: usize = 4;

/// Runs each task on a thread of its own. Its time stands still.
#[derive(Debug)]
struct Threads {
    now: Instant,
    started: SyncSender<thread::JoinHandle<()>>,
}

/// Expires at once, if armed for now, and otherwise never.
struct Still {
    now: Instant,
    at: Option<Instant>,
}

impl Timer for Still {
    fn arm(&mut self, at: Instant) {
        self.at = Some(at);
    }

    fn poll_expired(&mut self, _task: &mut Task<'_>) -> Poll<()> {
        if self.at.is_some_and(|at| at <= self.now) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Executor for Threads {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        let task = thread::spawn(move || block_on(maker()));
        self.started.send(task).expect("the model waits");
        Ok(())
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(Still { now: self.now, at: None })
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn run_blocking(&self, _work: Box<dyn FnOnce() + Send>) {}

    fn stop(&self) {}

    fn join(&self, _timeout: Duration) -> bool {
        true
    }
}

struct Fail;

impl Message for Fail {
    const LANES: &'static [Lane] = &[Lane::fifo("failures", 2)];
}

/// Fails at each message, and notices a second state at the same time.
struct Lone(Arc<AtomicBool>);

impl Lone {
    fn maker(exists: &Arc<AtomicBool>) -> impl FnMut() -> Self + Send + 'static + use<> {
        let exists = Arc::clone(exists);
        move || {
            assert!(!exists.swap(true, Ordering::SeqCst), "there are two states");
            Self(Arc::clone(&exists))
        }
    }
}

impl Drop for Lone {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Actor for Lone {
    type Message = Fail;

    async fn handle(&mut self, _fail: Fail, cx: &mut Context<Fail>) {
        cx.fail("it was to fail");
    }
}

#[expect(clippy::disallowed_methods, reason = "the time stands still, and any time serves")]
fn threads(started: SyncSender<thread::JoinHandle<()>>) -> Arc<dyn Executor> {
    Arc::new(Threads { now: Instant::now(), started })
}

/// Runs a tree of two children. Each gets a message on a thread of its own, while this thread ends
/// the tree.
fn storm(
    strategy: Strategy,
    end: fn(&Running, [Handle<Fail>; 2]),
    judge: impl Fn(&Exit) + Send + Sync + Copy + 'static,
) {
    check(PREEMPTIONS, move || {
        let (started, tasks) = sync_channel(8);
        let place = threads(started);
        let exists = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
        let mut tree = Supervisor::new(strategy).restart(Restart::transient().most(u32::MAX));
        let mut handles = Vec::new();
        for exists in &exists {
            let (handle, mailbox) = actor_core::mailbox::<Fail>();
            tree = tree.child(Spawn::new(mailbox), &place, Lone::maker(exists));
            handles.push(handle);
        }
        let running = tree.start(&place).expect("it starts");
        let sending: Vec<_> = handles
            .iter()
            .map(|handle| {
                let handle = handle.clone();
                thread::spawn(move || drop(handle.try_tell(Fail)))
            })
            .collect();
        let watched = [handles[0].downgrade(), handles[1].downgrade()];
        let [first, second]: [_; 2] = handles.try_into().expect("there are two");
        end(&running, [first, second]);
        judge(&block_on(running.join()));
        sending.into_iter().for_each(|one| one.join().expect("sending does not panic"));
        // After a kill, the children may end a little later than the tree.
        drop(place);
        for task in tasks.try_iter() {
            task.join().expect("an actor's panics are contained");
        }
        assert!(exists.iter().all(|exists| !exists.load(Ordering::SeqCst)), "no state is left");
        assert!(watched.iter().all(|handle| handle.upgrade().is_none()));
    });
}

fn leave(_running: &Running, handles: [Handle<Fail>; 2]) {
    drop(handles);
}

fn stop(running: &Running, handles: [Handle<Fail>; 2]) {
    running.stop(Duration::from_secs(1));
    drop(handles);
}

fn kill(running: &Running, handles: [Handle<Fail>; 2]) {
    running.kill();
    drop(handles);
}

#[test]
fn a_tree_whose_children_fail_at_once_ends_with_its_last_handle() {
    storm(Strategy::OneForAll, leave, |exit| assert!(exit.reason.is_normal()));
}

#[test]
fn a_stop_among_failures_ends_a_tree() {
    storm(Strategy::OneForAll, stop, |exit| assert!(exit.reason.is_normal()));
}

#[test]
fn a_kill_among_failures_leaves_no_child() {
    storm(Strategy::RestForOne, kill, |_exit| {});
}

#[test]
fn children_that_fail_alone_begin_again_alone() {
    storm(Strategy::OneForOne, leave, |exit| assert!(exit.reason.is_normal()));
}
