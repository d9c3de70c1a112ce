//! The life of an executor's thread: turns, and waiting between them.
//!
//! A turn polls each task once, of those ready at its start. Between two turns the thread collects
//! the bells rung by other threads, the due timers and the new futures. So a future that always
//! wakes itself delays other tasks, timers and new futures by at most one turn.

use std::sync::Arc;
use std::time::Duration;

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::{Spin, Task, contain};
use concurrent_queue::ConcurrentQueue;

use crate::clock;
use crate::inbox::{Bell, DOOR, Inbox};
use crate::local::Entered;
use crate::task::Tasks;

/// Everything that runs on an executor's thread.
pub(crate) struct Worker {
    /// Closed when the executor is stopped or its last owner drops it. The door's bell rings at
    /// every change.
    makers: Arc<ConcurrentQueue<Maker>>,
    spin: Spin,
    /// Dropped while the thread is still this executor's: futures may wake others in their drop,
    /// and those wakes stay on the thread.
    tasks: Tasks,
    here: Entered,
}

impl Worker {
    /// Turns the calling thread into an executor's.
    pub(crate) fn new(makers: Arc<ConcurrentQueue<Maker>>, spin: Duration) -> Self {
        let inbox = Arc::new(Inbox::new());
        let here = Entered::new(Arc::clone(&inbox));
        Self { makers, spin: Spin::new(spin), tasks: Tasks::new(inbox), here }
    }

    /// Returns the bell to ring after a new maker, and after the last one.
    pub(crate) fn door(&self) -> &Arc<Bell> {
        self.tasks.door()
    }

    /// Runs until all futures have ended and no new one can arrive.
    pub(crate) fn run(mut self) {
        while !self.has_ended() {
            match self.gather() {
                0 => self.wait(),
                ready => self.turn(ready),
            }
        }
    }

    fn has_ended(&self) -> bool {
        // In this order: a closed queue receives no maker, so it stays empty once it is empty.
        self.tasks.is_empty() && self.makers.is_closed() && self.makers.is_empty()
    }

    /// Collects bells, makers and due timers. Returns the number of ready tasks.
    fn gather(&mut self) -> usize {
        self.here.inbox().take(|number| self.tasks.bell(number), |number| self.here.push(number));
        self.admit();
        // The clock is read only if a timer is armed.
        if self.here.next_timer().is_some() {
            self.here.wake_due(clock::now());
        }
        self.here.ready()
    }

    fn turn(&mut self, ready: usize) {
        for _ in 0..ready {
            match self.here.next() {
                // The next `gather` admits the new makers.
                Some(DOOR) => self.door().answer(),
                Some(number) => self.tasks.poll(number),
                None => return,
            }
        }
    }

    /// Makes a task of each waiting maker. The first poll of the task calls the maker, in the next
    /// turn.
    fn admit(&mut self) {
        // At most those waiting now, because other threads may spawn without end.
        for _ in 0..self.makers.len() {
            let Ok(maker) = self.makers.pop() else { break };
            self.tasks.add(Task::new(maker));
        }
    }

    /// Waits for a bell or a due timer: first spinning, then asleep.
    fn wait(&self) {
        let (inbox, next) = (self.here.inbox(), self.here.next_timer());
        if !self.spin.until(next, || !inbox.is_empty()) {
            // Returns immediately if the timer has become due meanwhile.
            inbox.sleep(next);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Closed and empty already, unless the thread ends by a panic of this crate. Then no maker
        // stays in the queue without a caller.
        self.makers.close();
        while let Ok(maker) = self.makers.pop() {
            contain(|| drop(maker));
        }
    }
}
