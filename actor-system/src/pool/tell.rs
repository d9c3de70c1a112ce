//! A send that waits for room at any worker of its route.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actor_core::Message;
use actor_core::handle::{HandlerWait, Letter, Returned, Room, TellError};

use crate::pool::route::Workers;

/// Sends a letter to the first worker with room, and waits for room if there is none.
///
/// In full workers, the sender stands in the line of each of them. Room at one worker wakes it, and
/// it tries that worker first.
pub(super) struct RoutedTell<'a, M: Message> {
    workers: &'a Workers<M>,
    /// The letter, until it is sent or returned.
    letter: Option<Letter<M>>,
    first: usize,
    tried: usize,
    /// The lines it stands in, with their workers.
    rooms: Vec<(usize, Room<'a>)>,
    /// Set while the handler of a named actor waits, for the first of the workers.
    wait: HandlerWait,
    /// The worker that has the letter.
    worker: Option<usize>,
}

impl<'a, M: Message> RoutedTell<'a, M> {
    pub(super) fn new(workers: &'a Workers<M>, letter: Letter<M>) -> Self {
        let (first, tried) = workers.choose(&letter);
        Self {
            workers,
            letter: Some(letter),
            first,
            tried,
            rooms: Vec::new(),
            wait: HandlerWait::default(),
            worker: None,
        }
    }

    /// Returns the worker that has the letter, once it is sent.
    pub(super) fn worker(&self) -> Option<usize> {
        self.worker
    }

    /// Returns the letter of a send at its timeout.
    pub(super) fn give_up(self: Pin<&mut Self>) -> Letter<M> {
        self.get_mut().letter.take().expect("a pending send still has its letter")
    }

    /// Stands in the line of each open worker where it does not yet.
    fn stand_in_line(&mut self, letter: &Letter<M>) {
        let (workers, rooms) = (self.workers, &mut self.rooms);
        for worker in workers.from(self.first, self.tried) {
            let handle = &workers.handles[worker];
            if !handle.is_closed() && rooms.iter().all(|(other, _)| *other != worker) {
                rooms.extend(handle.room_for(letter).map(|room| (worker, room)));
            }
        }
    }

    /// Returns a worker with room for this sender, or a worker that is ending.
    fn poll_rooms(&mut self, cx: &mut Context<'_>) -> Option<usize> {
        let ready = |(_, room): &mut (usize, Room<'a>)| Pin::new(room).poll(cx).is_ready();
        let place = self.rooms.iter_mut().position(ready)?;
        Some(self.rooms.swap_remove(place).0)
    }
}

// Nothing in it is pinned.
impl<M: Message> Unpin for RoutedTell<'_, M> {}

impl<M: Message> Future for RoutedTell<'_, M> {
    type Output = Result<(), TellError<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut is_registered = false;
        loop {
            let letter = this.letter.take().expect("a send is not polled after it was ready");
            let ended = match this.workers.post(letter, this.first, this.tried) {
                Ok(worker) => {
                    this.worker = Some(worker);
                    // Its notification was used. The lines of other workers are left with theirs.
                    if let Some(place) = this.rooms.iter().position(|(other, _)| *other == worker) {
                        this.rooms.swap_remove(place).1.leave_satisfied();
                    }
                    Ok(())
                }
                Err(Returned::Closed(letter)) => Err(TellError(letter.into_message())),
                Err(Returned::Full(letter)) => {
                    if is_registered {
                        this.letter = Some(letter);
                        match this.poll_rooms(cx) {
                            None => {
                                let first = &this.workers.handles[this.first];
                                this.wait.follow_room(true, first);
                                return Poll::Pending;
                            }
                            Some(worker) => {
                                is_registered = false;
                                if this.tried > 1 {
                                    this.first = worker;
                                }
                            }
                        }
                    } else {
                        // Room may appear before it stands in line: it tries once more.
                        this.stand_in_line(&letter);
                        this.letter = Some(letter);
                        is_registered = true;
                    }
                    continue;
                }
            };
            // Released here, because this future may be dropped much later.
            this.rooms.clear();
            this.wait.end();
            return Poll::Ready(ended);
        }
    }
}
