//! Everything that runs in the turns of a driver.
//!
//! A turn has rounds. A round polls each task once, of those ready at its start, and runs one
//! piece of work. Between two rounds the driver collects the bells, the due timers and the new
//! futures. So a future that always wakes itself delays other tasks, timers, work and new futures
//! by at most one round. A turn may end within a round; the next turn continues there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actor_core::runtime::Maker;
use actor_core::runtime::adapter::{Task, contain};
use concurrent_queue::ConcurrentQueue;

use crate::clock::Clock;
use crate::inbox::{Bell, DOOR, Inbox};
use crate::task::Tasks;
use crate::timers::Timers;
use crate::turn::Budget;

/// Work for the turns, in place of threads for blocking work.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// The way of other threads to a driver. It exists before the driver's thread is known.
pub(crate) struct Entry {
    /// Closed when the executor is stopped or its last owner drops it. The door's bell rings at
    /// every change. Its content is bounded by the number of futures started by the program itself.
    pub(crate) makers: Arc<ConcurrentQueue<Maker>>,
    /// Work to be run in turns. Empty if the executor has threads for it. The door's bell rings at
    /// every change, and its content is bounded as above.
    pub(crate) work: Arc<ConcurrentQueue<Work>>,
    /// The bell to ring after a new maker or new work, and after the last one.
    pub(crate) door: Arc<Bell>,
}

impl Entry {
    pub(crate) fn new(inbox: &Arc<Inbox>) -> Self {
        Self {
            makers: Arc::new(ConcurrentQueue::unbounded()),
            work: Arc::new(ConcurrentQueue::unbounded()),
            door: Arc::new(Bell::new(DOOR, Arc::clone(inbox))),
        }
    }

    /// Refuses new makers, and drops those not yet called.
    fn end(&self) {
        self.makers.close();
        drop_all(&self.makers);
    }

    /// Refuses work, and drops the work not yet begun.
    fn end_work(&self) {
        self.work.close();
        drop_all(&self.work);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end();
        self.end_work();
    }
}

pub(crate) struct Worker {
    entry: Entry,
    /// The numbers of the tasks to be polled, in order. The number of the door, which has no task,
    /// stands for one piece of work: so work has its place in each round, at any budget.
    ready: VecDeque<usize>,
    /// Whether `ready` has a place for work.
    is_work_ready: bool,
    /// Whether the door was rung since the work was last found empty. A look at the queue costs as
    /// much as a small task.
    may_have_work: bool,
    tasks: Tasks,
    timers: Rc<RefCell<Timers>>,
    inbox: Arc<Inbox>,
    clock: Clock,
    /// The state of a shuffled order.
    shuffle: Option<u64>,
}

impl Worker {
    pub(crate) fn new(entry: Entry, inbox: Arc<Inbox>, clock: Clock, shuffle: Option<u64>) -> Self {
        Self {
            ready: VecDeque::new(),
            is_work_ready: false,
            may_have_work: false,
            tasks: Tasks::new(Arc::clone(&entry.door), Arc::clone(&inbox)),
            entry,
            timers: Rc::new(RefCell::new(Timers::new())),
            inbox,
            clock,
            shuffle,
        }
    }

    pub(crate) fn timers(&self) -> &Rc<RefCell<Timers>> {
        &self.timers
    }

    /// Returns whether all futures have ended and no new one can arrive.
    pub(crate) fn has_ended(&self) -> bool {
        // In this order: a closed queue receives no maker, so it stays empty once it is empty.
        self.tasks.is_empty() && self.entry.makers.is_closed() && self.entry.makers.is_empty()
    }

    /// Returns the time of the next timer, if one is armed.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers.borrow_mut().next()
    }

    /// Returns whether a turn would find something to do.
    pub(crate) fn has_more(&self) -> bool {
        !self.ready.is_empty()
            || self.inbox.is_rung_at_home()
            || self.inbox.is_rung()
            || (self.may_have_work && !self.entry.work.is_empty())
    }

    /// Runs rounds until the budget is used up or nothing is ready. The caller has entered the
    /// driver. Returns whether anything was ready.
    pub(crate) fn run(&mut self, budget: Budget) -> bool {
        let mut allowance = budget.start();
        let mut has_run = false;
        loop {
            let ready = self.gather();
            for _ in 0..ready {
                let Some(number) = self.next_ready() else { break };
                has_run = true;
                self.run_one(number);
                if allowance.is_spent_by_poll() {
                    return true;
                }
            }
            if ready == 0 || allowance.is_one_round() {
                return has_run;
            }
        }
    }

    fn next_ready(&mut self) -> Option<usize> {
        match &mut self.shuffle {
            None => self.ready.pop_front(),
            Some(state) => {
                let chosen = by_chance(state, self.ready.len().max(1));
                let is_new = |number: &usize| self.tasks.is_new(*number);
                // Makers are called in the order of their spawns, so the first of the new tasks
                // goes in the place of another one.
                let first_new = self.ready.iter().take(chosen + 1).position(is_new);
                let is_chosen_new = self.ready.get(chosen).is_some_and(is_new);
                self.ready.remove(first_new.filter(|_| is_chosen_new).unwrap_or(chosen))
            }
        }
    }

    fn run_one(&mut self, number: usize) {
        if number == DOOR {
            self.is_work_ready = false;
            self.work_once();
        } else {
            self.tasks.poll(number);
        }
    }

    /// Collects due timers, bells, makers and work. Returns the length of the round.
    fn gather(&mut self) -> usize {
        // The clock is read only if a timer is armed.
        if let Some(next) = self.next_timer() {
            let now = self.clock.now();
            if next <= now {
                self.wake_due(now);
            }
        }
        let mut is_door_rung = false;
        let (tasks, ready) = (&self.tasks, &mut self.ready);
        self.inbox.take(
            |number| tasks.bell(number),
            |number| match number {
                DOOR => is_door_rung = true,
                number => ready.push_back(number),
            },
        );
        if is_door_rung {
            self.entry.door.answer();
            self.may_have_work = true;
            self.admit();
        }
        self.queue_work();
        self.ready.len()
    }

    /// Puts waiting work behind the tasks that are ready.
    fn queue_work(&mut self) {
        if self.may_have_work && !self.is_work_ready {
            self.may_have_work = !self.entry.work.is_empty();
            if self.may_have_work {
                self.is_work_ready = true;
                self.ready.push_back(DOOR);
            }
        }
    }

    /// Makes a task of each waiting maker. The first poll of the task calls the maker.
    fn admit(&mut self) {
        // At most those waiting now, because other threads may spawn without end. A later maker
        // rings the door again.
        for _ in 0..self.entry.makers.len() {
            let Ok(maker) = self.entry.makers.pop() else { break };
            let number = self.tasks.add(Task::new(maker));
            self.ready.push_back(number);
        }
    }

    /// Returns whether the executor takes no more futures.
    pub(crate) fn is_stopped(&self) -> bool {
        self.entry.makers.is_closed()
    }

    /// Adds a task behind the makers waiting now. Call it outside a turn.
    pub(crate) fn add(&mut self, task: Task) {
        self.admit();
        let number = self.tasks.add(task);
        self.ready.push_back(number);
        // The loop may be asleep, and must learn that a turn is due.
        self.entry.door.ring();
    }

    /// Wakes the tasks with due timers.
    fn wake_due(&self, now: Instant) {
        // One at a time, so that the timers are not borrowed while foreign code runs.
        loop {
            let due = self.timers.borrow_mut().take_due(now);
            let Some(waker) = due else { return };
            contain(|| waker.wake());
        }
    }

    /// Runs one piece of work, if there is one.
    fn work_once(&self) {
        if let Ok(work) = self.entry.work.pop() {
            contain(work);
        }
    }

    /// Refuses new makers, and drops everything: the tasks in the order of their spawns, the makers
    /// not yet called, the work and the timers. The caller has entered the driver.
    pub(crate) fn end(&mut self) {
        self.entry.makers.close();
        self.tasks.clear();
        self.entry.end();
        self.end_work();
        // Moved out before they are dropped: the drop of a waker runs foreign code. It may drop a
        // timer, so the places stay.
        let wakers = self.timers.borrow_mut().end();
        wakers.into_iter().for_each(|waker| _ = contain(|| drop(waker)));
        self.ready.clear();
    }

    /// Refuses work, and drops the work not yet begun.
    pub(crate) fn end_work(&self) {
        self.entry.end_work();
    }
}

/// Returns a number below `limit`, by the generator SplitMix64.
fn by_chance(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed % limit as u64) as usize
}

fn drop_all<T>(queue: &ConcurrentQueue<T>) {
    while let Ok(value) = queue.pop() {
        contain(|| drop(value));
    }
}
