//! The tasks of one driver. They never leave its thread; their wakers may.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use actor_core::runtime::adapter::Task;

use crate::inbox::{Bell, Inbox};

/// A table of bells, and of the tasks woken by them.
///
/// After a task's end, its place and its bell are reused. A waker that outlives its task then wakes
/// the next task of that place. Such a spurious wake is allowed and costs one poll. In return, the
/// wakers share no reference count of a place.
pub(crate) struct Tasks {
    /// The door's place is first and has no task.
    places: Vec<Place>,
    /// Places of ended tasks.
    free: Vec<usize>,
    /// The number of tasks added so far.
    added: u64,
    inbox: Arc<Inbox>,
}

struct Place {
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
    task: Option<Task>,
    /// The position of its task in the order of spawns.
    serial: u64,
    /// Whether its task was polled.
    has_begun: bool,
}

impl Tasks {
    /// Creates a table with a door and no tasks.
    pub(crate) fn new(door: Arc<Bell>, inbox: Arc<Inbox>) -> Self {
        let waker = Waker::from(Arc::clone(&door));
        let door = Place { waker, bell: door, task: None, serial: 0, has_begun: true };
        Self { places: vec![door], free: Vec::new(), added: 0, inbox }
    }

    /// Returns whether all tasks have ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.free.len() + 1 == self.places.len()
    }

    /// Returns the bell with this number. The number must be a bell's.
    pub(crate) fn bell(&self, number: usize) -> &Bell {
        &self.places[number].bell
    }

    /// Adds a task, and returns its number. The caller schedules its first poll.
    pub(crate) fn add(&mut self, task: Task) -> usize {
        let number = self.claim_place();
        let place = &mut self.places[number];
        place.task = Some(task);
        place.serial = self.added;
        place.has_begun = false;
        self.added += 1;
        number
    }

    /// Returns whether the task with this number was never polled.
    pub(crate) fn is_new(&self, number: usize) -> bool {
        !self.places[number].has_begun
    }

    /// Polls the task of the rung bell, unless the task has ended.
    pub(crate) fn poll(&mut self, number: usize) {
        let place = &mut self.places[number];
        // Before the poll, so a wake during the poll causes another poll.
        place.bell.answer();
        place.has_begun = true;
        let Some(task) = &mut place.task else { return };
        if Pin::new(task).poll(&mut Context::from_waker(&place.waker)).is_ready() {
            place.task = None;
            self.free.push(number);
        }
    }

    /// Drops all tasks, in the order of their spawns.
    pub(crate) fn clear(&mut self) {
        let mut order: Vec<_> = (0..self.places.len()).collect();
        order.sort_unstable_by_key(|number| self.places[*number].serial);
        for number in order {
            if self.places[number].task.take().is_some() {
                self.free.push(number);
            }
        }
    }

    /// Returns a free place whose bell is claimed.
    ///
    /// An old waker may have rung the bell of a free place already. The poll of that ring has its
    /// turn elsewhere in the order, and tasks begin in the order of their spawns. So such a place
    /// stays free.
    fn claim_place(&mut self) -> usize {
        let Self { places, free, .. } = self;
        if let Some(at) = free.iter().rposition(|number| places[*number].bell.claim()) {
            return self.free.swap_remove(at);
        }
        let number = self.add_place();
        self.places[number].bell.claim();
        number
    }

    fn add_place(&mut self) -> usize {
        let number = self.places.len();
        let bell = Arc::new(Bell::new(number, Arc::clone(&self.inbox)));
        let waker = Waker::from(Arc::clone(&bell));
        self.places.push(Place { waker, bell, task: None, serial: 0, has_begun: true });
        number
    }
}
