//! Misuse that can be seen ends the process, with one sentence.

use std::fmt;
use std::io::Write;

/// Writes the sentence to the standard error stream, and aborts.
#[cold]
pub(crate) fn abort(function: &str, sentence: fmt::Arguments<'_>) -> ! {
    // The process ends in any case, so a failed write changes nothing.
    _ = writeln!(std::io::stderr().lock(), "{function}: {sentence}");
    std::process::abort()
}

/// Runs a callback of the host. An exception that leaves it ends the process.
pub(crate) fn contained<T>(callback: &'static str, call: impl FnOnce() -> T) -> T {
    struct Unwinding(&'static str);

    impl Drop for Unwinding {
        fn drop(&mut self) {
            abort(self.0, format_args!("the callback threw an exception; catch it inside"));
        }
    }

    let unwinding = Unwinding(callback);
    let result = call();
    std::mem::forget(unwinding);
    result
}
