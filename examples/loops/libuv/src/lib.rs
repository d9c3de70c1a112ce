//! A Rust library with an actor, for a C program with a loop of its own: `include/ledger.h`.
//!
//! The signatures state what a C pointer is: `Option<Box<_>>` owns, `Option<&_>` borrows, and
//! `None` is NULL. So the functions need no unsafe operation. That a pointer came from this library
//! and is used once is the header's contract.
//!
//! Nothing unwinds into C. The driver contains panics of actors, and Rust aborts the process if an
//! `extern "C"` function panics. A call on a wrong thread, or from inside a turn, aborts with a
//! sentence.

#![expect(unsafe_code, reason = "a name without mangling could clash with another library's")]

mod book;

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::process;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use actor_lanes::embed::{Driver, Embed};
use actor_lanes::{ExitReason, Handle, Running, spawn};

use crate::book::{Amount, Book};

type Wake = extern "C" fn(*mut c_void);
type Flush = extern "C" fn(*mut c_void, u64, u64);

const ASLEEP: i64 = -1;
const ENDED: i64 = -2;

/// The ledger of the header.
#[derive(Debug)]
pub struct Ledger {
    first: RefCell<Option<Handle<Amount>>>,
    running: Running,
    /// Borrowed during a turn.
    driver: RefCell<Driver>,
    /// The loop's thread. C can call from every thread, whatever Rust's types say.
    owner: ThreadId,
}

/// The handle of the header.
#[derive(Clone, Debug)]
pub struct LedgerHandle(Handle<Amount>);

impl Ledger {
    fn start(wake: Wake, flush: Flush, context: *mut c_void) -> Option<Self> {
        // A raw pointer is not `Send`. An atomic one is, and the header states who may use it.
        let (for_wake, for_flush) = (AtomicPtr::new(context), AtomicPtr::new(context));
        let wake = move || wake(for_wake.load(Ordering::Relaxed));
        let flush = move |total, count| flush(for_flush.load(Ordering::Relaxed), total, count);
        let (executor, driver) = Embed::new(wake).named("ledger").build().ok()?;
        let (handle, running) = spawn(&executor, || Book::new(Box::new(flush))).ok()?;
        executor.stop(); // No further actors: the driver ends with this one.
        let (first, driver) = (RefCell::new(Some(handle)), RefCell::new(driver));
        Some(Self { first, running, driver, owner: thread::current().id() })
    }

    fn turn(&self, budget: Duration) -> i64 {
        let Ok(mut driver) = self.driver.try_borrow_mut() else {
            misuse("ledger_turn was called inside ledger_turn");
        };
        let turn = driver.turn(budget);
        if turn.has_ended {
            return ENDED;
        }
        // Rounded up: the loop neither wakes early nor spins through its last millisecond.
        turn.timeout(driver.now()).map_or(ASLEEP, |time| {
            i64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
        })
    }

    fn end(self) -> c_int {
        if self.driver.try_borrow_mut().is_err() {
            misuse("ledger_end was called inside ledger_turn");
        }
        drop(self.driver);
        match self.running.exit().map(|exit| exit.reason) {
            Some(reason) if reason.is_normal() => 0,
            Some(ExitReason::Panicked(_)) => 1,
            _ => 2,
        }
    }

    fn check_thread(&self, function: &str) {
        if thread::current().id() != self.owner {
            misuse(&format!("{function} was called on another thread than ledger_start"));
        }
    }
}

fn misuse(sentence: &str) -> ! {
    eprintln!("{sentence}");
    process::abort()
}

/// Starts a ledger on the calling thread.
#[unsafe(no_mangle)]
pub extern "C" fn ledger_start(
    wake: Option<Wake>,
    flush: Option<Flush>,
    context: *mut c_void,
) -> Option<Box<Ledger>> {
    Ledger::start(wake?, flush?, context).map(Box::new)
}

/// Returns the first handle, once.
#[unsafe(no_mangle)]
pub extern "C" fn ledger_take_handle(ledger: Option<&Ledger>) -> Option<Box<LedgerHandle>> {
    let ledger = ledger?;
    ledger.check_thread("ledger_take_handle");
    ledger.first.take().map(|handle| Box::new(LedgerHandle(handle)))
}

/// Runs the ledger, and returns the milliseconds until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn ledger_turn(ledger: Option<&Ledger>, budget_us: u32) -> i64 {
    let Some(ledger) = ledger else { return ENDED };
    ledger.check_thread("ledger_turn");
    ledger.turn(Duration::from_micros(budget_us.into()))
}

/// Ends the ledger and frees it.
#[unsafe(no_mangle)]
pub extern "C" fn ledger_end(ledger: Option<Box<Ledger>>) -> c_int {
    let Some(ledger) = ledger else { return 0 };
    ledger.check_thread("ledger_end");
    ledger.end()
}

/// Enqueues an amount, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn ledger_on_amount(handle: Option<&LedgerHandle>, amount: u64) -> bool {
    handle.is_some_and(|handle| handle.0.try_tell(Amount::Add(amount)).is_ok())
}

/// Returns another handle of the same ledger.
#[unsafe(no_mangle)]
pub extern "C" fn ledger_handle_clone(handle: Option<&LedgerHandle>) -> Option<Box<LedgerHandle>> {
    handle.map(|handle| Box::new(handle.clone()))
}

/// Drops a handle.
#[unsafe(no_mangle)]
pub extern "C" fn ledger_handle_drop(handle: Option<Box<LedgerHandle>>) {
    drop(handle);
}
