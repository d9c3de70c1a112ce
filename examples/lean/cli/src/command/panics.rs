//! The report of panics in the log.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::thread;

/// Writes panics to the log in place of standard error. The standard library's own hook waits for a
/// slow reader, so a thread could not end by its panic.
///
/// With `RUST_BACKTRACE=1` the log has the backtrace as well.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(log_panic));
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let reason = text.unwrap_or("a panic without a message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(thread, reason, place, %backtrace, "a panic");
    } else {
        tracing::error!(thread, reason, place, "a panic");
    }
}
