//! The number of times the process's threads gave up their core voluntarily.

#![expect(unsafe_code, reason = "the standard library does not tell a process's context switches")]

use std::mem::MaybeUninit;

/// Voluntary context switches of all threads so far, including ended threads.
pub(crate) fn voluntary_switches() -> u64 {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a place for one `rusage`, and the call writes nothing else.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(failed, 0, "RUSAGE_SELF and a valid place cannot be refused");
    // SAFETY: the call has filled it.
    let usage = unsafe { usage.assume_init() };
    u64::try_from(usage.ru_nvcsw).expect("a count is not negative")
}
