//! The names of actors: in panics, logs, exits and debug output.

use std::sync::mpsc::SyncSender;

use actor_lanes::life::current_name;
use actor_lanes::{Actor, Context, Runtime, Spawn, spawn};
use actor_tests::{Desk, FIFO, Letter, PATIENCE, end_of, executor, on_every_runtime, signal, wait};

on_every_runtime! {
    the_code_of_a_named_actor_sees_its_name,
    an_actor_without_a_name_sees_none,
    a_panic_hook_sees_the_name,
    a_name_is_in_debug_output_and_in_the_exit,
}

type Names = SyncSender<(&'static str, Option<String>)>;

fn note(names: &Names, place: &'static str) {
    names.send((place, current_name().map(|name| name.to_string()))).expect("the test waits");
}

/// Notes the name at each place with code of an actor.
struct Noting(Names);

impl Actor for Noting {
    type Message = Letter;

    async fn started(&mut self, _cx: &mut Context<Letter>) {
        note(&self.0, "started");
    }

    async fn handle(&mut self, _letter: Letter, cx: &mut Context<Letter>) {
        note(&self.0, "handle");
        let (reply, answer) = actor_lanes::Reply::<()>::pair();
        drop(reply);
        _ = answer.await;
        note(&self.0, "after a wait");
        cx.stop();
    }

    async fn stopped(&mut self, _reason: &actor_lanes::ExitReason) {
        note(&self.0, "stopped");
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        note(&self.0, "drop");
    }
}

const PLACES: [&str; 6] = ["maker", "started", "handle", "after a wait", "stopped", "drop"];

fn the_code_of_a_named_actor_sees_its_name(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((told, tells), (handle, mailbox)) = (signal(), actor_lanes::mailbox());
    let maker = move || {
        note(&told, "maker");
        Noting(told)
    };
    let running = Spawn::new(mailbox).named("noting").start(&executor, maker).expect("it starts");
    handle.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    _ = end_of(&running);
    for place in PLACES {
        assert_eq!(wait(&tells), (place, Some("noting".to_owned())));
    }
    assert_eq!(current_name(), None);
}

fn an_actor_without_a_name_sees_none(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    // Beside a named one, on the same thread.
    let (_named, mailbox) = actor_lanes::mailbox();
    let _naming = Spawn::new(mailbox).named("x").start(&executor, Desk::default).expect("it runs");
    let (told, tells) = signal();
    let maker = move || {
        note(&told, "maker");
        Noting(told)
    };
    let (handle, running) = spawn(&executor, maker).expect("it starts");
    handle.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    _ = end_of(&running);
    for place in PLACES {
        assert_eq!(wait(&tells), (place, None));
    }
}

fn a_panic_hook_sees_the_name(runtime: &dyn Runtime) {
    use std::cell::RefCell;
    use std::panic;
    use std::sync::Once;

    thread_local!(static SEEN: RefCell<Vec<Option<String>>> = const { RefCell::new(Vec::new()) });
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let name = current_name().map(|name| name.to_string());
            SEEN.with_borrow_mut(|seen| seen.push(name));
            before(panic);
        }));
        // Chained behind the one above.
        actor_lanes::life::name_panics();
    });
    let executor = executor(runtime);
    let (handle, mailbox) = actor_lanes::mailbox();
    let running =
        Spawn::new(mailbox).named("faulty").start(&executor, Desk::default).expect("it starts");
    handle
        .try_tell(Letter::act(FIFO, |_, _| panic!("boom, as the test wants it")))
        .expect("there is room");
    let exit = end_of(&running);
    assert_eq!(exit.to_string(), "faulty: panicked: boom, as the test wants it");
    // On the same thread, because the executor has one.
    let seen = actor_tests::within(&executor, || async { SEEN.take() });
    assert_eq!(seen, [Some("faulty".to_owned())]);
}

fn a_name_is_in_debug_output_and_in_the_exit(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (handle, mailbox) = actor_lanes::mailbox();
    assert!(!format!("{handle:?}").contains("name"));
    let running =
        Spawn::new(mailbox).named("desk").start(&executor, Desk::default).expect("it starts");
    let (told, tells) = signal();
    let act = Letter::act(FIFO, move |_, cx| told.send(format!("{cx:?}")).expect("the test waits"));
    handle.try_tell(act).expect("there is room");
    for debug in [format!("{handle:?}"), format!("{running:?}"), wait(&tells)] {
        assert!(debug.contains("name: \"desk\""), "{debug}");
    }
    running.stop(PATIENCE);
    assert_eq!(end_of(&running).to_string(), "desk: stopped");
    let ended = futures::executor::block_on(handle.ended());
    assert_eq!(ended.to_string(), "desk: stopped");
}
