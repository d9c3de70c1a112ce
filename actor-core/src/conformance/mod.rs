//! The rules for every runtime, as a test suite. An adapter runs it in one line.
//!
//! An adapter's whole test:
//!
//! ```
//! actor_core::conformance::run(&actor_smol::SmolRuntime::new());
//! ```
//!
//! Checks wait for signals, never for time to pass, except for the checks of the executor's own
//! timers. Every wait has a timeout, so a runtime with a lost event fails and does not hang.

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

/// One rule for a runtime. The check panics if the runtime breaks it.
type Check = fn(&dyn Runtime);

/// Pairs each check with its own name.
macro_rules! checks {
    ($($module:ident: $($check:ident),+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($check)), $module::$check as Check),)+)+]
    };
}

/// The whole suite, in the order of work on a new adapter.
const CHECKS: &[(&str, Check)] = checks! {
    executor:
        its_thread_has_the_name_asked_for,
        makers_and_futures_run_on_that_one_thread,
        its_thread_states_the_current_executor,
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
        an_impossible_core_is_invalid_input,
        an_impossible_name_is_invalid_input;
    timer:
        the_time_never_runs_backwards,
        a_timer_is_never_early,
        a_time_in_the_past_is_due_immediately,
        a_timer_never_armed_is_never_ready,
        a_timer_can_be_armed_earlier,
        a_timer_can_be_armed_later,
        a_timer_stays_ready_until_armed_again,
        a_timer_can_be_armed_many_times,
        timers_fire_in_the_order_of_their_times,
        timers_fire_beside_a_busy_future,
        a_time_far_in_the_future_can_be_armed;
    blocking:
        it_runs_on_another_thread,
        it_does_not_delay_the_executor,
        several_pieces_run_at_once,
        a_panic_in_it_ends_that_work_only,
        it_does_not_delay_the_end_of_the_thread,
        no_more_of_it_runs_than_the_limit,
        it_does_not_delay_another_executor,
        it_is_not_pinned_to_the_core_of_its_executor;
    drops:
        futures_may_panic_in_their_drops,
        makers_may_panic_in_their_drops,
        panic_payloads_may_panic_in_their_drops,
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
        futures_running_at_a_stop_finish_before_the_join,
        futures_spawned_before_a_stop_are_run,
        stopping_twice_is_stopping_once,
        every_join_returns_at_the_end,
        a_task_of_another_owner_does_not_delay_the_end,
        a_future_keeps_an_executor_without_owners_running,
        an_executor_without_owners_ends_its_thread;
    actor:
        messages_are_handled_in_order,
        control_goes_before_data,
        asks_are_answered_in_order,
        a_panic_is_the_reason_of_its_actor_only,
        a_stop_handles_what_is_queued,
        a_stop_ends_at_its_deadline,
        an_immediate_stop_drops_a_waiting_handler,
        a_due_timer_waits_for_one_message_at_most,
        a_beat_keeps_its_schedule,
        the_result_of_offloaded_work_arrives,
        an_actor_keeps_its_executor,
        an_actor_without_handles_ends;
};

/// Checks a runtime against every rule that actors rely on. Takes a second or two.
///
/// # Panics
///
/// Panics if the runtime fails, and names every failed check.
///
/// # Examples
///
/// The only test of a new adapter:
///
/// ```no_run
/// use actor_smol::SmolRuntime;
///
/// actor_core::conformance::run(&SmolRuntime::new());
/// ```
pub fn run(runtime: &dyn Runtime) {
    let failed: Vec<String> =
        CHECKS.iter().filter_map(|&(name, check)| failure(runtime, name, check)).collect();
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
