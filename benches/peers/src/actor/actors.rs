//! The interface between contestants and workloads.

use std::future::Future;

use futures::executor::block_on;

use crate::actor::{Owner, Payload};
use crate::stage::{Here, Stage};

/// The capacity of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// [`PLACES`](Room::PLACES), or no bound if the contestant has none.
    Bounded,
    /// No bound.
    Unbounded,
    /// The default capacity of the contestant's mailboxes.
    Own,
}

impl Room {
    /// The capacity of every bounded mailbox, in messages.
    pub(crate) const PLACES: usize = 1024;
}

/// Actors of one framework, or a raw channel and its receiver. They receive messages of type `P`.
///
/// Every actor handles a message in the same way: it passes the message to its [`Owner`].
pub(crate) trait Actors<P: Payload>: Sized + 'static {
    /// Runs the actors.
    type Stage: Stage;
    /// The sending end.
    type Address: Clone + Send + Sync + 'static;
    /// Kept for stopping an actor and waiting for its end.
    type Life: Send + 'static;
    /// An awaited answer.
    type Pending: Send + 'static;

    /// Starts an actor. Runs on the stage.
    fn start(
        here: &Here<Self, P>,
        room: Room,
        owner: Owner<Self, P>,
    ) -> impl Future<Output = (Self::Address, Self::Life)>;

    /// Stops an actor, if dropping its last address is not enough. Runs on the stage.
    fn stop(address: &Self::Address, life: &mut Self::Life) -> impl Future<Output = ()> {
        let _ = (address, life);
        async {}
    }

    /// Waits until a stopped actor has ended. Runs on the stage.
    fn join(life: Self::Life) -> impl Future<Output = ()>;

    /// Sends without waiting. Returns whether there was room.
    fn try_tell(address: &Self::Address, payload: P) -> bool;

    /// Sends a refused payload from a plain thread, and waits for room.
    fn tell_blocking(address: &Self::Address, payload: P);

    /// Sends from a plain thread: immediately if there is room, otherwise after waiting for it.
    fn tell(address: &Self::Address, payload: P) {
        if !Self::try_tell(address, payload) {
            Self::tell_blocking(address, payload);
        }
    }

    /// Sends a question.
    fn begin(address: &Self::Address) -> Self::Pending;

    /// Awaits the answer: the sum of all numbers sent to the actor before.
    fn finish(pending: Self::Pending) -> impl Future<Output = u64>;

    /// Asks from a task next to the actor, on its stage.
    fn ask(address: &Self::Address) -> impl Future<Output = u64> {
        Self::finish(Self::begin(address))
    }

    /// Awaits the answer on a plain thread.
    fn finish_blocking(pending: Self::Pending) -> u64 {
        block_on(Self::finish(pending))
    }

    /// Asks from a plain thread.
    fn ask_blocking(address: &Self::Address) -> u64 {
        Self::finish_blocking(Self::begin(address))
    }
}
