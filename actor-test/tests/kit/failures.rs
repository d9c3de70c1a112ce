//! The text of a failure, and its place.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use actor_test::{AsyncProbe, Harness, Probe, expect};

use crate::actors::{Notebook, Order, SECOND, Said};

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Returns the text and the place of the failure.
fn failure(test: impl FnOnce()) -> (String, String) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
            PLACE.with_borrow_mut(|last| *last = place.unwrap_or_default());
            before(panic);
        }));
    });
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("it fails");
    let text = panic.downcast_ref::<String>().cloned().expect("a text");
    (text, PLACE.with_borrow(String::clone))
}

#[test]
fn a_failure_shows_what_was_expected_what_came_what_is_queued_the_time_and_the_seed() {
    let mut line = 0;
    let (text, place) = failure(|| {
        let harness = Harness::seeded(42);
        let mut probe = harness.probe::<Said>().debug();
        let (notebook, _running) = harness.spawn(Notebook::default);
        harness.advance(SECOND / 2);
        notebook.try_tell_all([Order::Note(1), Order::Note(2)]).expect("there is room");
        probe.handle().try_tell_all([Said(1), Said(3), Said(4)]).expect("there is room");
        probe.expect_eq(Said(1));
        line = line!() + 1;
        expect!(probe, Said(2));
    });
    assert_eq!(
        text,
        "another message came\n\
         \x20 expected  Said(2)\n\
         \x20 came      Said(3)\n\
         \x20 before    Said(1)\n\
         \x20 behind    Said(4)\n\
         \x20 time      500ms after the start, 1 steps\n\
         \x20 seed      42\n\
         \x20 queued    Notebook: control 0 of 4; notes 2 of 512"
    );
    assert_eq!(place, format!("{}:{line}", file!()));
}

#[test]
fn nothing_that_came_is_shown_with_the_deadline_and_with_the_next_wake_of_each_actor() {
    use actor_core::{Actor, Context};

    struct Late;
    impl Actor for Late {
        type Message = Said;
        async fn started(&mut self, cx: &mut Context<Said>) {
            cx.after(10 * SECOND, Said(1));
        }
        async fn handle(&mut self, _said: Said, _cx: &mut Context<Said>) {}
    }

    let mut line = 0;
    let (text, place) = failure(|| {
        let harness = Harness::new();
        let mut probe = harness.probe::<Said>();
        let (_late, _running) = harness.spawn(|| Late);
        line = line!() + 1;
        probe.expect_within(3 * SECOND, |_said| true);
    });
    assert_eq!(
        text,
        "no message came\n\
         \x20 expected  a message that fulfils the condition\n\
         \x20 came      nothing within 3s\n\
         \x20 before    nothing\n\
         \x20 time      3s after the start, 1 steps\n\
         \x20 queued    Late: messages 0 of 1024; wakes in 7s"
    );
    assert_eq!(place, format!("{}:{line}", file!()));
}

#[test]
fn messages_without_debug_are_shown_by_their_kind_or_lane() {
    let (by_kind, _) = failure(|| {
        let mut probe = Harness::new().probe::<Order>();
        probe.handle().try_tell(Order::Note(1)).expect("there is room");
        expect!(probe, Order::Stop);
    });
    assert!(by_kind.contains("\n  came      Note\n"), "{by_kind}");
    let (by_lane, _) = failure(|| {
        let mut probe = Harness::new().probe::<Said>();
        probe.handle().try_tell(Said(1)).expect("there is room");
        probe.expect_no_message();
    });
    assert!(by_lane.contains("\n  came      a message of the lane `messages`\n"), "{by_lane}");
}

#[test]
fn an_unanswered_ask_shows_why_and_is_at_the_line_of_the_caller() {
    let mut line = 0;
    let (text, place) = failure(|| {
        let harness = Harness::new();
        let (notebook, _running) = harness.spawn(Notebook::default);
        harness.panic_at_next(&notebook);
        line = line!() + 1;
        harness.ask(&notebook, Order::Notes);
    });
    assert!(text.starts_with("the ask has no answer: the actor dropped the reply\n"), "{text}");
    assert!(text.contains("Notebook: has ended (panicked: a fault on demand)"), "{text}");
    assert_eq!(place, format!("{}:{line}", file!()));
}

#[test]
fn a_failure_beside_a_runtime_is_at_the_line_of_the_caller_too() {
    let mut line = 0;
    let (text, place) = failure(|| {
        let mut probe = Probe::new().deadline(SECOND / 1000);
        line = line!() + 1;
        expect!(probe, Said(1));
    });
    assert!(text.contains("\n  came      nothing within 1ms"), "{text}");
    assert_eq!(place, format!("{}:{line}", file!()));

    let (text, _) = failure(|| {
        let mut probe = AsyncProbe::new();
        probe.handle().try_tell(Said(1)).expect("there is room");
        line = line!() + 1;
        let expecting = probe.expect_eq(Said(2));
        futures::executor::block_on(expecting);
    });
    assert!(text.contains("\n  expected  Said(2)\n  came      Said(1)\n"), "{text}");
    assert!(text.contains(&format!("\n  at        {}:{line}:", file!())), "{text}");
}
