//! Actors, on this runtime.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::rig::{PATIENCE, SOON, expired, result_of, signal, start, wait};
use crate::actor::{Actor, Beat, Context};
use crate::handle::Handle;
use crate::life::{Exit, ExitReason, Running, Spawn};
use crate::mailbox::{Lane, Message};
use crate::reply::{Answer, Reply};
use crate::runtime::Runtime;

type Act = Box<dyn FnOnce(&mut Notebook, &mut Context<Note>) + Send>;

/// The messages of a notebook.
enum Note {
    Urgent(u32),
    Write(u32),
    Read(Reply<Vec<u32>>),
    /// Reports that the handler has begun, and waits for the answer.
    Hold(SyncSender<()>, Answer<()>),
    Beat(Beat),
    /// Any other work of a check on the actor's thread.
    Do(Act),
}

impl Message for Note {
    const LANES: &'static [Lane] = &[Lane::control("urgent", 16), Lane::fifo("notes", 1024)];

    fn lane(&self) -> usize {
        match self {
            Self::Urgent(_) => 0,
            Self::Write(_) | Self::Read(_) | Self::Hold(..) | Self::Beat(_) | Self::Do(_) => 1,
        }
    }
}

/// Records its messages in state without `Send`.
#[derive(Default)]
struct Notebook {
    notes: Rc<Vec<u32>>,
    beats: Vec<Beat>,
}

impl Actor for Notebook {
    type Message = Note;

    async fn handle(&mut self, message: Note, cx: &mut Context<Note>) {
        match message {
            Note::Urgent(n) | Note::Write(n) => Rc::make_mut(&mut self.notes).push(n),
            Note::Read(reply) => reply.send(self.notes.to_vec()),
            Note::Hold(began, release) => {
                began.send(()).expect("the check waits");
                release.await.expect("the check releases what it holds");
            }
            Note::Beat(beat) => self.beats.push(beat),
            Note::Do(work) => work(self, cx),
        }
    }
}

fn notebook(runtime: &dyn Runtime) -> (Handle<Note>, Running) {
    crate::life::spawn(&start(runtime), Notebook::default).expect("the executor takes actors")
}

fn send(handle: &Handle<Note>, note: Note) {
    handle.try_tell(note).expect("there is room");
}

fn act(
    handle: &Handle<Note>,
    work: impl FnOnce(&mut Notebook, &mut Context<Note>) + Send + 'static,
) {
    send(handle, Note::Do(Box::new(work)));
}

fn read(handle: &Handle<Note>) -> Vec<u32> {
    handle.ask_blocking(Note::Read, PATIENCE).expect("the actor answers")
}

/// Blocks the actor inside a handler until the reply is sent.
fn hold(handle: &Handle<Note>) -> Reply<()> {
    let (release, held) = Reply::pair();
    let (began, beginning) = signal();
    send(handle, Note::Hold(began, held));
    wait(&beginning);
    release
}

fn end_of(running: &Running) -> Exit {
    running.join_blocking(PATIENCE).expect("the actor ends in time")
}

pub(super) fn messages_are_handled_in_order(runtime: &dyn Runtime) {
    let (handle, _running) = notebook(runtime);
    (0..1_000).for_each(|n| send(&handle, Note::Write(n)));
    assert_eq!(read(&handle), Vec::from_iter(0..1_000));
}

pub(super) fn control_goes_before_data(runtime: &dyn Runtime) {
    let (handle, _running) = notebook(runtime);
    let release = hold(&handle);
    [1, 2].into_iter().for_each(|n| send(&handle, Note::Write(n)));
    [3, 4].into_iter().for_each(|n| send(&handle, Note::Urgent(n)));
    release.send(());
    assert_eq!(read(&handle), [3, 4, 1, 2]);
}

pub(super) fn asks_are_answered_in_order(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let (handle, _running) = notebook(runtime);
    let lengths = result_of(&executor, move || async move {
        let mut lengths = Vec::new();
        for n in 0..100 {
            handle.tell(Note::Write(n)).await.expect("the actor runs");
            lengths.push(handle.ask(Note::Read).await.expect("the actor answers").len());
        }
        lengths
    });
    assert_eq!(lengths, Vec::from_iter(1..=100));
}

pub(super) fn a_panic_is_the_reason_of_its_actor_only(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let spawn =
        || crate::life::spawn(&executor, Notebook::default).expect("the executor takes actors");
    let ((panics, ended), (stays, _running)) = (spawn(), spawn());
    let release = hold(&panics);
    act(&panics, |_, _| panic!("this handler panics, as the check wants it to"));
    let unanswered = panics.try_ask(Note::Read).expect("there is room");
    release.send(());
    let exit = end_of(&ended);
    assert!(
        matches!(&exit.reason, ExitReason::Panicked(text) if text.contains("as the check wants")),
        "{exit:?}"
    );
    assert!(result_of(&executor, || unanswered).is_err(), "no ask hangs");
    assert!(panics.is_closed());
    assert_eq!(read(&stays), [], "its neighbour lives");
}

pub(super) fn a_stop_handles_what_is_queued(runtime: &dyn Runtime) {
    let (handle, running) = notebook(runtime);
    let release = hold(&handle);
    (0..100).for_each(|n| send(&handle, Note::Write(n)));
    let last = handle.try_ask(Note::Read).expect("there is room");
    running.stop(PATIENCE);
    assert!(handle.try_tell(Note::Write(100)).is_err(), "nothing new is taken");
    release.send(());
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!(exit.undelivered(), 0);
    assert_eq!(result_of(&start(runtime), || last).map(|notes| notes.len()), Ok(100));
}

pub(super) fn a_stop_ends_at_its_deadline(runtime: &dyn Runtime) {
    let (handle, mailbox) = crate::handle::mailbox();
    let (lost, found) = signal();
    let spawn = Spawn::new(mailbox).on_undelivered(move |lane, note| {
        if let Note::Write(n) | Note::Urgent(n) = note {
            lost.send((lane, n)).expect("the check waits");
        }
    });
    let running =
        spawn.start(&start(runtime), Notebook::default).expect("the executor takes actors");
    let held = hold(&handle);
    [1, 2].into_iter().for_each(|n| send(&handle, Note::Write(n)));
    send(&handle, Note::Urgent(3));
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert_eq!(exit.undelivered(), 3);
    assert_eq!(Vec::from_iter(found.try_iter()), [("urgent", 3), ("notes", 1), ("notes", 2)]);
    drop(held);
}

pub(super) fn an_immediate_stop_drops_a_waiting_handler(runtime: &dyn Runtime) {
    let (handle, running) = notebook(runtime);
    let held = hold(&handle);
    send(&handle, Note::Write(1));
    running.kill();
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
    assert!(held.is_cancelled(), "the handler was dropped where it waited");
}

pub(super) fn a_due_timer_waits_for_one_message_at_most(runtime: &dyn Runtime) {
    const TIMER: u32 = u32::MAX;

    let (handle, mailbox) = crate::handle::mailbox();
    act(&handle, |_, cx| _ = cx.after(Duration::ZERO, Note::Write(TIMER)));
    (0..1_000).for_each(|n| send(&handle, Note::Write(n)));
    let _running = Spawn::new(mailbox)
        .start(&start(runtime), Notebook::default)
        .expect("the executor takes actors");
    let notes = read(&handle);
    assert_eq!(notes.len(), 1_001);
    assert!(
        notes[..2].contains(&TIMER),
        "it came after {:?} messages",
        notes.iter().position(|&n| n == TIMER)
    );
}

pub(super) fn a_beat_keeps_its_schedule(runtime: &dyn Runtime) {
    const PERIOD: Duration = Duration::from_millis(10);

    let executor = start(runtime);
    let (handle, _running) =
        crate::life::spawn(&executor, Notebook::default).expect("the executor takes actors");
    let now = executor.now();
    // The first three beats and a half are late; the later ones are in time.
    let first = now.checked_sub(3 * PERIOD + PERIOD / 2).unwrap_or(now);
    act(&handle, move |_, cx| _ = cx.every(first, PERIOD, Note::Beat));
    let until = now + 5 * PERIOD;
    result_of(&executor, {
        let executor = Arc::clone(&executor);
        move || async move {
            let mut timer = executor.timer();
            timer.arm(until);
            expired(&mut *timer).await;
        }
    });
    let (tell, told) = signal();
    act(&handle, move |_, cx| {
        // Asked by a timer due after the beats already due: no beat is in flight by then.
        let asks = Note::Do(Box::new(move |notebook, _| {
            tell.send(notebook.beats.clone()).expect("the check waits")
        }));
        cx.after(Duration::ZERO, asks);
    });
    let beats = wait(&told);
    assert!(beats[0].missed >= 3 || first == now, "late beats are left out: {beats:?}");
    let mut due = first;
    for beat in &beats {
        assert_eq!(beat.due, due, "every beat is due on the schedule: {beats:?}");
        due += PERIOD * (beat.missed + 1);
    }
    assert!(due > until, "no beat is lost uncounted: {beats:?}");
}

pub(super) fn the_result_of_offloaded_work_arrives(runtime: &dyn Runtime) {
    let (handle, running) = notebook(runtime);
    let (tell, told) = signal();
    act(&handle, move |_, cx| {
        cx.offload(
            || std::thread::current().id(),
            move |worker| {
                Note::Do(Box::new(move |_, _| {
                    tell.send((worker, std::thread::current().id())).expect("the check waits")
                }))
            },
        );
    });
    drop(handle);
    let (worker, owner) = wait(&told);
    assert_ne!(worker.expect("the work does not panic"), owner, "it ran elsewhere");
    assert!(
        matches!(end_of(&running).reason, ExitReason::Unreachable),
        "work kept the actor reachable until then"
    );
}

pub(super) fn an_actor_keeps_its_executor(runtime: &dyn Runtime) {
    let (handle, running) = notebook(runtime);
    drop(running);
    send(&handle, Note::Write(1));
    assert_eq!(read(&handle), [1]);
}

pub(super) fn an_actor_without_handles_ends(runtime: &dyn Runtime) {
    let (handle, running) = notebook(runtime);
    let (tell, told) = signal();
    act(&handle, move |_, cx| {
        let ring = Note::Do(Box::new(move |_, _| tell.send(()).expect("the check waits")));
        cx.after(SOON, ring);
    });
    drop(handle);
    wait(&told);
    assert!(
        matches!(end_of(&running).reason, ExitReason::Unreachable),
        "an armed timer was waited for"
    );
}
