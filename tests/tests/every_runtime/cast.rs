//! The members of supervision trees, and a log of their lives.

use std::future::pending;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use actor_lanes::supervise::Supervisor;
use actor_lanes::{Actor, Context, Executor, ExitReason, Handle, Lane, Message, Reply, Spawn};
use actor_tests::{PATIENCE, signal, wait};

/// What a member of the trees did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    Start,
    Stop(String),
}

pub(crate) type Log = SyncSender<(&'static str, Did)>;

pub(crate) struct Member {
    name: &'static str,
    log: Log,
    notes: Vec<u64>,
}

pub(crate) enum Task {
    Note(u64),
    Read(Reply<Vec<u64>>),
    Fail,
    Stop,
    /// Signals its beginning, then waits for ever.
    Hang(SyncSender<()>),
    /// Signals its beginning, and waits for ever before it answers.
    Answer(SyncSender<()>, Reply<()>),
}

impl Message for Task {
    const LANES: &'static [Lane] = &[Lane::fifo("tasks", 64)];
}

impl Actor for Member {
    type Message = Task;

    async fn started(&mut self, _cx: &mut Context<Task>) {
        self.log.send((self.name, Did::Start)).expect("there is room");
    }

    async fn handle(&mut self, task: Task, cx: &mut Context<Task>) {
        match task {
            Task::Note(n) => self.notes.push(n),
            Task::Read(reply) => reply.send(self.notes.clone()),
            Task::Fail => panic!("boom"),
            Task::Stop => cx.stop(),
            Task::Hang(began) => {
                began.send(()).expect("the test waits");
                pending().await
            }
            Task::Answer(began, reply) => {
                began.send(()).expect("the test waits");
                pending::<()>().await;
                reply.send(());
            }
        }
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        // The test may have ended.
        drop(self.log.send((self.name, Did::Stop(reason.to_string()))));
    }
}

/// Makers, mailboxes and handles of members with one log.
pub(crate) struct Cast {
    log: Log,
    pub(crate) logged: Receiver<(&'static str, Did)>,
}

impl Cast {
    pub(crate) fn new() -> Self {
        let (log, logged) = signal();
        Self { log, logged }
    }

    pub(crate) fn make(
        &self,
        name: &'static str,
    ) -> impl FnMut() -> Member + Send + 'static + use<> {
        let log = self.log.clone();
        move || Member { name, log: log.clone(), notes: Vec::new() }
    }

    /// Adds a member as the next child.
    pub(crate) fn add<'p>(
        &self,
        supervisor: Supervisor<'p>,
        place: &'p Arc<dyn Executor>,
        name: &'static str,
    ) -> (Supervisor<'p>, Handle<Task>) {
        let (handle, mailbox) = actor_lanes::mailbox();
        (supervisor.child(Spawn::new(mailbox).named(name), place, self.make(name)), handle)
    }

    #[track_caller]
    pub(crate) fn expect<const N: usize>(&self, expected: [(&'static str, Did); N]) {
        for (at, expected) in expected.into_iter().enumerate() {
            assert_eq!(wait(&self.logged), expected, "event {at}");
        }
    }

    #[track_caller]
    pub(crate) fn expect_starts<const N: usize>(&self, names: [&'static str; N]) {
        self.expect(names.map(|name| (name, Did::Start)));
    }

    /// Nothing more has happened, and everything happens before the reports of this moment.
    #[track_caller]
    pub(crate) fn expect_nothing(&self) {
        assert_eq!(self.logged.try_recv().ok(), None);
    }
}

pub(crate) fn stop(reason: &str) -> Did {
    Did::Stop(reason.to_owned())
}

/// How siblings end before they begin again together.
pub(crate) fn with_siblings() -> Did {
    stop("failed: ended by its supervisor, together with its siblings")
}

pub(crate) fn boom() -> Did {
    stop("panicked: boom")
}

pub(crate) fn tell(handle: &Handle<Task>, task: Task) {
    handle.try_tell(task).unwrap_or_else(|_| panic!("there is room"));
}

pub(crate) fn read(handle: &Handle<Task>) -> Vec<u64> {
    handle.ask_blocking(Task::Read, PATIENCE).expect("it answers")
}

/// Makes state. The next life of the actor does not have it.
pub(crate) fn note_one(handle: &Handle<Task>) {
    tell(handle, Task::Note(1));
    assert_eq!(read(handle), [1]);
}

pub(crate) fn hang(handle: &Handle<Task>) {
    let (began, beginning) = signal();
    tell(handle, Task::Hang(began));
    wait(&beginning);
}
