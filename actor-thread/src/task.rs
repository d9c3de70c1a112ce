//! The tasks of one executor's thread. They never leave it; their wakers may.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use actor_core::runtime::adapter::Task;

use crate::inbox::{Bell, DOOR, Inbox};

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
    inbox: Arc<Inbox>,
}

struct Place {
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
    task: Option<Task>,
}

impl Tasks {
    /// Creates a table with a door and no tasks.
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        let mut tasks = Self { places: Vec::new(), free: Vec::new(), inbox };
        tasks.add_place();
        tasks
    }

    /// Returns whether all tasks have ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.free.len() + 1 == self.places.len()
    }

    /// Returns the door's bell.
    pub(crate) fn door(&self) -> &Arc<Bell> {
        &self.places[DOOR].bell
    }

    /// Returns the bell with this number. The number must be a bell's.
    pub(crate) fn bell(&self, number: usize) -> &Bell {
        &self.places[number].bell
    }

    /// Adds a task, and schedules its first poll.
    pub(crate) fn add(&mut self, task: Task) {
        let number = self.free.pop().unwrap_or_else(|| self.add_place());
        let place = &mut self.places[number];
        place.task = Some(task);
        place.bell.ring();
    }

    /// Polls the task of the rung bell, unless the task has ended.
    pub(crate) fn poll(&mut self, number: usize) {
        let place = &mut self.places[number];
        // Before the poll, so a wake during the poll causes another poll.
        place.bell.answer();
        let Some(task) = &mut place.task else { return };
        if Pin::new(task).poll(&mut Context::from_waker(&place.waker)).is_ready() {
            place.task = None;
            self.free.push(number);
        }
    }

    fn add_place(&mut self) -> usize {
        let number = self.places.len();
        let bell = Arc::new(Bell::new(number, Arc::clone(&self.inbox)));
        self.places.push(Place { waker: Waker::from(Arc::clone(&bell)), bell, task: None });
        number
    }
}
