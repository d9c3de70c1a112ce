//! The futures of one executor's thread. They never leave it, whoever holds their wakers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::contain::contained;
use crate::inbox::{Bell, DOOR, Inbox};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A table of bells, and of the futures that they wake.
///
/// A place is used again when its future has ended, with its bell. A waker that outlives its future then wakes another
/// in vain, which a future is used to; it costs one poll, and saves a count that all wakers would share.
pub(crate) struct Tasks {
    /// The door's place first, which has no future.
    places: Vec<Place>,
    /// Places whose futures have ended.
    free: Vec<usize>,
    inbox: Arc<Inbox>,
}

struct Place {
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
    future: Option<Task>,
}

impl Tasks {
    /// Makes a table with a door and no futures.
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        let mut tasks = Self { places: Vec::new(), free: Vec::new(), inbox };
        tasks.add_place();
        tasks
    }

    /// Tells whether all futures have ended.
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

    /// Takes a future in, and has it polled.
    pub(crate) fn add(&mut self, future: Task) {
        let number = self.free.pop().unwrap_or_else(|| self.add_place());
        let place = &mut self.places[number];
        place.future = Some(future);
        place.bell.ring();
    }

    /// Polls the future whose bell was rung, if it has not ended. A panic ends it.
    pub(crate) fn poll(&mut self, number: usize) {
        let place = &mut self.places[number];
        // Before the poll, so that it is polled again if it is woken meanwhile.
        place.bell.answer();
        let Some(future) = &mut place.future else { return };
        let polled = contained(|| future.as_mut().poll(&mut Context::from_waker(&place.waker)));
        if polled.is_some_and(|polled| polled.is_pending()) {
            return;
        }
        let ended = place.future.take();
        self.free.push(number);
        contained(|| drop(ended));
    }

    fn add_place(&mut self) -> usize {
        let number = self.places.len();
        let bell = Arc::new(Bell::new(number, Arc::clone(&self.inbox)));
        self.places.push(Place { waker: Waker::from(Arc::clone(&bell)), bell, future: None });
        number
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        // There are futures left only if the thread ends by a panic of this crate's own.
        self.places.iter_mut().for_each(|place| _ = contained(|| drop(place.future.take())));
    }
}
