//! The base of the inbox's protocol: the real types, or a model checker's under `--cfg loom` and
//! `--cfg shuttle`.

#[cfg(loom)]
mod chosen {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    pub(crate) use loom::thread::{Thread, current};

    use std::time::Duration;

    /// Parks. A model has no clock, so no sleep in a model may have a timeout.
    pub(crate) fn park(timeout: Option<Duration>) {
        assert!(timeout.is_none(), "a model has no clock");
        loom::thread::park();
    }
}

#[cfg(shuttle)]
mod chosen {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    pub(crate) use shuttle::thread::{Thread, current};

    use std::time::Duration;

    /// Parks. A model has no clock, so no sleep in a model may have a timeout.
    pub(crate) fn park(timeout: Option<Duration>) {
        assert!(timeout.is_none(), "a model has no clock");
        shuttle::thread::park();
    }
}

#[cfg(not(any(loom, shuttle)))]
mod chosen {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    pub(crate) use std::thread::{Thread, current};

    use std::time::Duration;

    /// Parks, at most for the given time. May end early without a reason.
    pub(crate) fn park(timeout: Option<Duration>) {
        match timeout {
            Some(timeout) => std::thread::park_timeout(timeout),
            None => std::thread::park(),
        }
    }
}

pub(crate) use chosen::{AtomicBool, AtomicUsize, Ordering, Thread, current, park};
