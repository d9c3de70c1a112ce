//! The life of an executor's thread: turns, and waiting between them.
//!
//! A turn runs what was ready at its start, once each. Between two turns the thread takes in what other threads have rung
//! and which timers are due. So a future that always wakes itself delays the others, the timers and new futures by one
//! turn at most.

use std::cell::Cell;
use std::hint::spin_loop;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::{Task, contain};
use concurrent_queue::ConcurrentQueue;

use crate::clock;
use crate::inbox::{Bell, DOOR, Inbox};
use crate::local::Entered;
use crate::task::Tasks;

/// Looks at the inbox between two looks at the clock, which cost more.
const LOOKS: u32 = 16;

/// How long a round of looks takes at least if the thread gave way to another that wanted a whole time slice. Otherwise it
/// takes half a microsecond, or some tens where the machine had something short to do.
const AWAY: Duration = Duration::from_millis(1);

/// How long a thread sleeps at once after it gave way and came back late, which costs it some milliseconds each time: others
/// want its core.
const CROWDED: Duration = Duration::from_millis(100);

/// Everything that runs on an executor's thread.
pub(crate) struct Worker {
    /// Closed when the executor is stopped or nobody holds it any more. The door's bell tells of every change.
    makers: Arc<ConcurrentQueue<Maker>>,
    /// How long to look around before sleeping.
    spin: Duration,
    /// Until when not to.
    crowded_until: Cell<Option<Instant>>,
    /// Dropped before the thread ceases to be this executor's, so that what futures wake when they are dropped stays
    /// on the thread.
    tasks: Tasks,
    here: Entered,
}

impl Worker {
    /// Makes the calling thread an executor's.
    pub(crate) fn new(makers: Arc<ConcurrentQueue<Maker>>, spin: Duration) -> Self {
        let inbox = Arc::new(Inbox::new());
        let here = Entered::new(Arc::clone(&inbox));
        Self { makers, spin, crowded_until: Cell::new(None), tasks: Tasks::new(inbox), here }
    }

    /// Gives the bell to ring when there is a new maker or there will be no more.
    pub(crate) fn door(&self) -> &Arc<Bell> {
        self.tasks.door()
    }

    /// Runs until no more futures can come and all that came have ended.
    pub(crate) fn run(mut self) {
        while !self.has_ended() {
            match self.gather() {
                0 => self.wait(),
                ready => self.turn(ready),
            }
        }
    }

    fn has_ended(&self) -> bool {
        // In this order: once it is closed, what was not empty yet can only become so.
        self.tasks.is_empty() && self.makers.is_closed() && self.makers.is_empty()
    }

    /// Takes in what has come, and tells how many are ready to run.
    fn gather(&mut self) -> usize {
        self.here.inbox().take(|number| self.tasks.bell(number), |number| self.here.push(number));
        self.admit();
        // The clock is asked only where a timer waits for it.
        if self.here.next_timer().is_some() {
            self.here.wake_due(clock::now());
        }
        self.here.ready()
    }

    fn turn(&mut self, ready: usize) {
        for _ in 0..ready {
            match self.here.next() {
                // The next `gather` admits whom it rang for.
                Some(DOOR) => self.door().answer(),
                Some(number) => self.tasks.poll(number),
                None => return,
            }
        }
    }

    /// Takes in the makers that wait; each is called by the first poll of its task, in the turn that follows.
    fn admit(&mut self) {
        // No more than wait now: other threads may go on spawning.
        for _ in 0..self.makers.len() {
            let Ok(maker) = self.makers.pop() else { break };
            self.tasks.add(Task::new(maker));
        }
    }

    /// Waits until something has come or a timer is due: first spinning, then asleep.
    fn wait(&self) {
        let next = self.here.next_timer();
        if self.spin.is_zero() || !self.spun(next) {
            self.here.inbox().sleep(next);
        }
    }

    /// Spins. Tells whether there is something to do.
    fn spun(&self, next: Option<Instant>) -> bool {
        let start = clock::now();
        if self.crowded_until.get().is_some_and(|until| start < until) {
            return false;
        }
        let mut looked = start;
        loop {
            for _ in 0..LOOKS {
                if !self.here.inbox().is_empty() {
                    return true;
                }
                spin_loop();
            }
            let now = clock::now();
            if next.is_some_and(|next| next <= now) {
                return true;
            }
            if now.duration_since(start) >= self.spin {
                let was_away = now.duration_since(looked) >= AWAY;
                self.crowded_until.set(was_away.then(|| now + CROWDED));
                return false;
            }
            looked = now;
            // Where there are more threads than cores, whoever has something to say may be waiting for this one.
            thread::yield_now();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // They are closed and empty, unless the thread ends by a panic of this crate's own: then no maker is left where
        // nobody will call it.
        self.makers.close();
        while let Ok(maker) = self.makers.pop() {
            contain(|| drop(maker));
        }
    }
}
