//! Interceptors between a handle and its actor.

use actor_core::{AskError, ExitReason};
use actor_test::{Fate, Harness, Interceptor, expect};

use crate::actors::{Echo, Notebook, Order, SECOND, Said};

#[test]
fn asks_through_an_interceptor_are_answered_and_a_dropped_ask_is_an_error() {
    let harness = Harness::new();
    let (notebook, _running) = harness.spawn(Notebook::default);
    let mut asks = 0;
    let second_is_lost = move |order: &Order| {
        asks += u32::from(matches!(order, Order::Notes(_)));
        asks == 2
    };
    let front = Interceptor::of(&notebook).drop_if(second_is_lost).start(harness.executor());
    let front = front.expect("the executor runs").handle();
    front.try_tell(Order::Note(7)).expect("there is room");
    assert_eq!(harness.ask(&front, Order::Notes), [7]);
    let lost = harness.run(front.ask(Order::Notes));
    assert!(matches!(lost, Err(AskError::Dropped)), "{lost:?}");
}

#[test]
fn the_end_of_the_real_actor_ends_the_handle_with_the_same_reason() {
    let harness = Harness::new();
    let (notebook, _running) = harness.spawn(Notebook::default);
    let front = Interceptor::of(&notebook).start(harness.executor());
    let front = front.expect("the executor runs").handle();
    harness.panic_at_next(&notebook);
    front.try_tell(Order::Note(1)).expect("there is room");
    let ended = harness.run(front.ended());
    assert_eq!(ended.reason.to_string(), "panicked: a fault on demand");
    assert!(front.is_closed());
}

#[test]
fn an_interceptor_keeps_the_actor_until_its_last_handle_and_its_last_delayed_message() {
    let harness = Harness::new();
    let mut probe = harness.probe();
    let back = probe.handle();
    let (echo, running) = harness.spawn(move || Echo(back));
    let slow = Interceptor::of(&echo).delay_if(3 * SECOND, |_said| true);
    let slow = slow.start(harness.executor()).expect("the executor runs");
    drop(echo);
    slow.handle().try_tell(Said(1)).expect("there is room");
    drop(slow);
    harness.run_until_idle();
    assert!(running.exit().is_none(), "a delayed message keeps it");
    harness.advance(3 * SECOND);
    expect!(probe, Said(1));
    assert!(matches!(running.exit().expect("it ended").reason, ExitReason::Unreachable));
}

#[test]
fn an_interceptor_waits_while_the_real_lane_is_full_and_loses_nothing() {
    let harness = Harness::new();
    let mut probe = harness.probe::<Said>();
    let front = Interceptor::of(&probe.handle()).debug().start(harness.executor());
    let front = front.expect("the executor runs");
    let full = harness.fill(&probe.handle(), 0);
    front.handle().try_tell_all((0..5).map(Said)).expect("there is room");
    probe.expect_no_message();
    drop(full);
    (0..5).for_each(|n| probe.expect_eq(Said(n)));
    let log = front.take_log();
    assert_eq!(log.len(), 5);
    assert_eq!((log[4].message.as_str(), log[4].fate), ("Said(4)", Fate::Passed(1)));
}

#[test]
fn a_panic_in_a_condition_ends_the_handle_with_its_text() {
    let harness = Harness::new();
    let probe = harness.probe::<Said>();
    let front = Interceptor::of(&probe.handle()).drop_if(|_said| panic!("a wrong condition"));
    let front = front.start(harness.executor()).expect("the executor runs").handle();
    front.try_tell(Said(1)).expect("there is room");
    let ended = harness.run(front.ended());
    assert_eq!(ended.reason.to_string(), "panicked: a wrong condition");
}

#[test]
fn a_reordering_depends_on_the_seed_alone_and_loses_nothing() {
    let order = |seed| {
        let harness = Harness::new();
        let mut probe = harness.probe::<Said>();
        let front = Interceptor::of(&probe.handle()).reorder(SECOND, seed);
        let front = front.start(harness.executor()).expect("the executor runs").handle();
        front.try_tell_all((0..20).map(Said)).expect("there is room");
        harness.advance(SECOND);
        std::iter::from_fn(|| probe.receive()).map(|Said(n)| n).collect::<Vec<_>>()
    };
    let orders: std::collections::BTreeSet<_> = (0..5).map(order).collect();
    assert_eq!(orders.len(), 5);
    for mut each in orders {
        each.sort_unstable();
        assert_eq!(each, Vec::from_iter(0..20));
    }
    assert_eq!(order(1), order(1));
}
