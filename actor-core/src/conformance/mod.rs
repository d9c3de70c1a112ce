//! What any runtime must do, as a suite that an adapter runs in one line.
//!
//! An adapter's whole test:
//!
//! ```
//! actor_core::conformance::run(&actor_smol::SmolRuntime::new());
//! ```
//!
//! Checks wait for signals, never for time to pass, except where the executor's own timers are what is checked. Every
//! wait has an end, so that a runtime that loses something fails and does not hang.

mod actor;
mod blocking;
mod drops;
mod ending;
mod executor;
mod life;
mod neighbour;
mod rig;
mod timer;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::panic::panic_text;
use crate::runtime::Runtime;

/// One demand on a runtime; it panics if the demand is not met.
type Check = fn(&dyn Runtime);

/// Pairs each check with its own name.
macro_rules! checks {
    ($($module:ident: $($check:ident),+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($check)), $module::$check as Check),)+)+]
    };
}

/// All of the suite, in the order in which a new adapter meets its demands.
const CHECKS: &[(&str, Check)] = checks! {
    executor:
        its_thread_has_the_name_asked_for,
        makers_and_futures_run_on_that_one_thread,
        a_future_need_not_be_send,
        a_future_may_spawn_on_its_own_executor,
        makers_are_called_later_and_in_order,
        nothing_spawned_from_many_threads_is_lost,
        a_wake_from_another_thread_is_seen,
        futures_take_turns,
        a_panic_in_a_maker_ends_that_future_only,
        a_panic_in_a_future_ends_that_future_only,
        its_stack_has_the_size_asked_for,
        the_first_core_can_be_asked_for,
        a_core_that_cannot_be_is_invalid_input,
        a_name_that_cannot_be_is_invalid_input;
    timer:
        the_time_never_runs_backwards,
        a_timer_is_never_early,
        the_past_is_as_good_as_now,
        a_timer_never_armed_is_never_ready,
        a_timer_can_be_armed_earlier,
        a_timer_can_be_armed_later,
        a_timer_stays_ready_until_armed_anew,
        a_timer_serves_many_times,
        timers_fire_in_the_order_of_their_times,
        timers_fire_beside_a_busy_future,
        a_time_far_away_can_be_waited_for;
    blocking:
        it_runs_on_another_thread,
        it_does_not_hold_up_the_executor,
        several_pieces_run_at_once,
        a_panic_in_it_harms_nobody,
        it_does_not_hold_up_the_end_of_the_thread,
        no_more_of_it_runs_at_once_than_may,
        it_does_not_hold_up_another_executor,
        it_is_not_kept_on_the_core_of_its_executor;
    drops:
        futures_may_panic_in_their_drops,
        makers_may_panic_in_their_drops,
        what_a_panic_was_raised_with_may_panic_in_its_drop,
        work_may_panic_in_its_drop,
        wakers_may_panic;
    ending:
        replies_wake_their_askers,
        handles_send_ask_and_are_dropped,
        executors_take_futures_and_work,
        timers_are_dropped;
    neighbour:
        a_due_timer_waits_for_two_turns_at_most,
        a_message_from_another_thread_waits_for_two_turns_at_most,
        a_new_actor_waits_for_two_turns_at_most;
    life:
        a_stopped_executor_returns_the_maker,
        what_runs_when_stopped_goes_on_and_is_waited_for,
        what_was_taken_before_the_stop_is_run,
        stopping_twice_is_stopping_once,
        every_joiner_is_told,
        a_future_keeps_an_executor_that_nobody_holds,
        an_executor_that_nobody_holds_ends_its_thread;
    actor:
        messages_are_handled_in_order,
        control_goes_before_data,
        asks_are_answered_in_order,
        a_panic_is_the_reason_of_its_actor_only,
        a_stop_handles_what_is_queued,
        a_stop_ends_at_its_deadline,
        a_stop_at_once_drops_a_waiting_handler,
        a_due_timer_waits_for_one_message_at_most,
        a_beat_keeps_its_schedule,
        the_result_of_offloaded_work_arrives,
        an_actor_keeps_its_executor,
        an_actor_that_nothing_can_reach_ends;
};

/// Holds a runtime to everything that actors rely on. It takes a second or two.
///
/// # Panics
///
/// Panics if the runtime fails, naming every check that it failed.
pub fn run(runtime: &dyn Runtime) {
    let failed: Vec<String> = CHECKS.iter().filter_map(|&(name, check)| failure(runtime, name, check)).collect();
    assert!(
        failed.is_empty(),
        "the runtime `{}` fails {} checks:\n{}",
        runtime.name(),
        failed.len(),
        failed.join("\n")
    );
}

fn failure(runtime: &dyn Runtime, name: &str, check: Check) -> Option<String> {
    let panicked = catch_unwind(AssertUnwindSafe(|| check(runtime))).err()?;
    Some(format!("  {name}: {}", panic_text(panicked)))
}
