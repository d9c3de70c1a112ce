//! The tasks of one executor's thread. They never leave it, whoever holds their wakers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use actor_core::runtime::adapter::Task;

use crate::inbox::{Bell, DOOR, Inbox};

/// A table of bells, and of the tasks that they wake.
///
/// A place is used again when its task has ended, with its bell. A waker that outlives its task then wakes another
/// in vain, which a task is used to; it costs one poll, and saves a count that all wakers would share.
pub(crate) struct Tasks {
    /// The door's place first, which has no task.
    places: Vec<Place>,
    /// Places whose tasks have ended.
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
    /// Makes a table with a door and no tasks.
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        let mut tasks = Self { places: Vec::new(), free: Vec::new(), inbox };
        tasks.add_place();
        tasks
    }

    /// Tells whether all tasks have ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.free.len() + 1 == self.places.len()
    }

    /// Gives the door's bell.
    pub(crate) fn door(&self) -> &Arc<Bell> {
        &self.places[DOOR].bell
    }

    /// Gives the bell of a number that came from a bell.
    pub(crate) fn bell(&self, number: usize) -> &Bell {
        &self.places[number].bell
    }

    /// Takes a task in, and has it polled.
    pub(crate) fn add(&mut self, task: Task) {
        let number = self.free.pop().unwrap_or_else(|| self.add_place());
        let place = &mut self.places[number];
        place.task = Some(task);
        place.bell.ring();
    }

    /// Polls the task whose bell was rung, if it has not ended.
    pub(crate) fn poll(&mut self, number: usize) {
        let place = &mut self.places[number];
        // Before the poll, so that it is polled again if it is woken meanwhile.
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
