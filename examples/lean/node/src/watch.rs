//! Waits for the first end of a part of the node, without polling.

use std::io;
use std::thread;

use actor_lanes::System;
use actor_lanes::system::Cause;
use futures::FutureExt as _;
use futures::executor::block_on;
use futures::future::select_all;

use crate::health::{Failure, Lifecycle};
use network::ThreadEnd;

/// Starts a thread to wait for the end of the system or of one of these threads. An end before the
/// node's stop is a failure: it is recorded in `lifecycle`, and then passed to `failed`.
pub(crate) fn watch(
    system: &System,
    threads: [(&'static str, Option<ThreadEnd>); 2],
    lifecycle: Lifecycle,
    failed: impl FnOnce(&Failure) + Send + 'static,
) -> io::Result<()> {
    // First, because the other parts may end with the system.
    let mut ends = vec![system.stopping().map(failure_of).boxed()];
    ends.extend(threads.into_iter().filter_map(|(name, end)| {
        Some(end?.reason().map(move |reason| Some(Failure::new(name, &reason))).boxed())
    }));
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        let (first, ..) = block_on(select_all(ends));
        if let Some(failure) = first
            && lifecycle.fail(failure.clone())
        {
            tracing::error!(part = failure.part, reason = failure.reason, "a part has ended");
            failed(&failure);
        }
    })?;
    Ok(())
}

/// Returns the failure that ends the system, unless its end was asked for.
fn failure_of(cause: Cause) -> Option<Failure> {
    match cause {
        Cause::Panicked { path, exit } => {
            Some(Failure::of_actor(path.trim_start_matches('/'), &exit.reason))
        }
        _ => None,
    }
}
