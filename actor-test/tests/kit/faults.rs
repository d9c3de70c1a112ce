//! Panics, failures and full lanes on demand.

use actor_core::{Handle, TryTellError};
use actor_test::{Filled, Harness, closed_handle};

use crate::actors::{Notebook, Order, Said};

fn is_full(handle: &Handle<Order>, order: Order) -> bool {
    matches!(handle.try_tell(order), Err(TryTellError::Full(_)))
}

#[test]
fn a_filled_lane_refuses_and_lets_waiting_senders_go_on_at_its_end() {
    let harness = Harness::new();
    let (notebook, _running) = harness.spawn(Notebook::default);
    let full = harness.fill(&notebook, 1);
    assert!(is_full(&notebook, Order::Note(1)));
    assert_eq!(notebook.stats()[1].refused, 1);

    let sending = notebook.clone();
    let tell = async move { sending.tell(Order::Note(2)).await.expect("it runs") };
    let spawned = harness.executor().spawn(Box::new(move || Box::pin(tell)));
    spawned.expect("the executor runs");
    harness.run_until_idle();
    assert_eq!(notebook.stats()[1].accepted, 0, "it waits");
    drop(full);
    harness.run_until_idle();
    assert_eq!(harness.ask(&notebook, Order::Notes), [2]);
}

#[test]
fn a_filled_lane_leaves_the_other_lanes_and_the_queued_messages() {
    let harness = Harness::new();
    let (notebook, running) = harness.spawn(Notebook::default);
    notebook.try_tell_all((0..3).map(Order::Note)).expect("there is room");
    let _full = harness.fill(&notebook, 1);
    harness.run_until_idle();
    assert_eq!(notebook.stats()[1].handled, 3);
    assert!(is_full(&notebook, Order::Note(3)), "the room of the taken ones is not given");
    notebook.try_tell(Order::Stop).expect("the other lane has room");
    harness.run_until_idle();
    assert!(running.exit().is_some());
}

#[test]
fn a_permit_taken_before_still_sends_into_a_filled_lane() {
    let (notebook, mut mailbox) = actor_core::mailbox::<Order>();
    let permit = notebook.try_reserve(1).expect("there is room");
    let full = Filled::new(&notebook, 1);
    assert!(notebook.try_reserve(1).is_err());
    assert!(permit.send(Order::Note(1)).is_ok());
    assert!(matches!(mailbox.try_recv(), Some(Order::Note(1))));
    drop(full);
    // The whole capacity is there again.
    for n in 0..512 {
        assert!(notebook.try_tell(Order::Note(n)).is_ok(), "{n}");
    }
    assert!(is_full(&notebook, Order::Note(512)));
}

#[test]
fn a_lane_is_filled_once_at_a_time_and_again_afterwards() {
    let (notebook, _mailbox) = actor_core::mailbox::<Order>();
    for _ in 0..600 {
        let full = notebook.bar(1);
        assert!(full.is_some());
        assert!(notebook.bar(1).is_none());
        assert!(is_full(&notebook, Order::Note(0)));
    }
    assert!(notebook.try_tell(Order::Note(0)).is_ok());
}

#[test]
fn a_full_lane_can_be_filled_and_has_room_again_afterwards() {
    let (notebook, mut mailbox) = actor_core::mailbox::<Order>();
    for n in 0..4 {
        assert!(notebook.try_tell(Order::Stop).is_ok(), "{n}");
    }
    let full = Filled::new(&notebook, 0);
    assert!(mailbox.try_recv().is_some());
    assert!(is_full(&notebook, Order::Stop));
    drop(full);
    assert!(notebook.try_tell(Order::Stop).is_ok());
    assert!(is_full(&notebook, Order::Stop), "four of four");
}

#[test]
fn a_fault_strikes_one_message_and_the_state_sees_its_end() {
    let harness = Harness::new();
    let (one, one_running) = harness.spawn(Notebook::default);
    let (other, other_running) = harness.spawn(Notebook::default);
    harness.panic_at_next(&one);
    harness.fail_at_next(&other);
    for notebook in [&one, &other] {
        notebook.try_tell(Order::Note(1)).expect("there is room");
    }
    harness.run_until_idle();
    let reasons = [one_running, other_running].map(|running| running.exit().expect("ended").reason);
    assert_eq!(
        reasons.map(|reason| reason.to_string()),
        ["panicked: a fault on demand", "failed: a fault on demand"]
    );
}

#[test]
fn a_closed_handle_returns_each_message() {
    let gone = closed_handle::<Said>();
    assert!(matches!(gone.try_tell(Said(1)), Err(TryTellError::Closed(Said(1)))));
    let told = futures::executor::block_on(gone.tell(Said(2)));
    assert_eq!(told.expect_err("it has ended").0, Said(2));
}
