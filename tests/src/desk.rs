//! An actor executing the work in its messages.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc::SyncSender;

use actor_lanes::reply::Answer;
use actor_lanes::{Actor, Context, ExitReason, Handle, Lane, Message, Reply};

use crate::wait::{PATIENCE, signal, wait};

/// The lane of control letters.
pub const CONTROL: usize = 0;
/// The lane of first in, first out letters.
pub const FIFO: usize = 1;
/// The lane serving the newest letter first.
pub const NEWEST: usize = 2;
/// The lane holding only the latest letter.
pub const LATEST: usize = 3;

/// A piece of work, and its lane.
#[derive(Debug)]
pub struct Letter {
    /// One of the constants above.
    pub lane: usize,
    /// The work to do.
    pub work: Work,
}

/// Work on a desk.
pub type Act = Box<dyn FnOnce(&mut Desk, &mut Context<Letter>) + Send>;

/// The work of a [`Desk`].
pub enum Work {
    /// Records a number.
    Note(u64),
    /// Replies with the recorded numbers.
    Read(Reply<Vec<u64>>),
    /// Signals its beginning, then waits for the answer and ignores the result.
    Hold(SyncSender<()>, Answer<()>),
    /// Any other work.
    Do(Act),
    /// Any other asynchronous work.
    Await(Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>),
}

/// Records numbers in state without `Send`.
#[derive(Debug, Default)]
pub struct Desk {
    /// The numbers so far, in the order of their handling.
    pub notes: Rc<Vec<u64>>,
    /// Receives the reason of the end from `stopped`.
    pub ending: Option<SyncSender<ExitReason>>,
}

impl Message for Letter {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 64),
        Lane::fifo("fifo", 64),
        Lane::newest_first("newest", 8),
        Lane::latest("latest"),
    ];

    fn lane(&self) -> usize {
        self.lane
    }
}

impl Letter {
    /// Creates a letter with a number to record.
    #[must_use]
    pub fn note(lane: usize, n: u64) -> Self {
        Self { lane, work: Work::Note(n) }
    }

    /// Creates a question for the numbers, queued in the first in, first out lane.
    #[must_use]
    pub fn read(reply: Reply<Vec<u64>>) -> Self {
        Self { lane: FIFO, work: Work::Read(reply) }
    }

    /// Creates a letter with any other work.
    pub fn act(
        lane: usize,
        work: impl FnOnce(&mut Desk, &mut Context<Self>) + Send + 'static,
    ) -> Self {
        Self { lane, work: Work::Do(Box::new(work)) }
    }

    /// Creates a letter with any other asynchronous work.
    pub fn awaiting<F: Future<Output = ()> + 'static>(
        lane: usize,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        Self { lane, work: Work::Await(Box::new(move || Box::pin(make()))) }
    }

    /// Returns the number of a note, and `None` for any other letter.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self.work {
            Work::Note(n) => Some(n),
            Work::Read(_) | Work::Hold(..) | Work::Do(_) | Work::Await(_) => None,
        }
    }
}

impl Desk {
    /// Blocks the actor inside a handler until the reply is sent or dropped. Returns once the
    /// handler has begun.
    ///
    /// # Panics
    ///
    /// Panics if the handler does not begin in time.
    pub fn hold(handle: &Handle<Letter>) -> Reply<()> {
        let (release, held) = Reply::pair();
        let (began, beginning) = signal();
        handle
            .try_tell(Letter { lane: CONTROL, work: Work::Hold(began, held) })
            .expect("there is room");
        wait(&beginning);
        release
    }

    /// Asks for the numbers through the first in, first out lane, and returns them.
    ///
    /// # Panics
    ///
    /// Panics if the actor does not answer in time.
    #[must_use]
    pub fn read(handle: &Handle<Letter>) -> Vec<u64> {
        handle.ask_blocking(Letter::read, PATIENCE).expect("the actor answers")
    }
}

impl Actor for Desk {
    type Message = Letter;

    async fn handle(&mut self, letter: Letter, cx: &mut Context<Letter>) {
        match letter.work {
            Work::Note(n) => Rc::make_mut(&mut self.notes).push(n),
            Work::Read(reply) => reply.send(self.notes.to_vec()),
            Work::Hold(began, release) => {
                began.send(()).expect("the test waits for the beginning");
                _ = release.await;
            }
            Work::Do(work) => work(self, cx),
            Work::Await(make) => make().await,
        }
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        if let Some(ending) = self.ending.take() {
            ending.send(reason.clone()).expect("the test waits for the end");
        }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(n) => write!(f, "Note({n})"),
            Self::Read(_) => f.write_str("Read"),
            Self::Hold(..) => f.write_str("Hold"),
            Self::Do(_) => f.write_str("Do"),
            Self::Await(_) => f.write_str("Await"),
        }
    }
}
