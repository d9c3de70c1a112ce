//! The results of functions.

use std::cell::RefCell;
use std::ffi::{CStr, c_char};
use std::fmt::{self, Write};

/// The result of a function.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the C header")]
#[must_use]
pub enum Status {
    /// It was done.
    ACTOR_OK = 0,
    /// Refused: the lane is full. The message is still the caller's.
    ACTOR_FULL = 1,
    /// Refused: as many messages of this source wait as its share allows. The message is still the
    /// caller's.
    ACTOR_FULL_SHARE = 2,
    /// Refused: the mailbox is closed or destroyed. The message is still the caller's.
    ACTOR_CLOSED = 3,
    /// No message waits. The next message calls `wake`.
    ACTOR_EMPTY = 4,
    /// The mailbox is closed, and every message was taken.
    ACTOR_ENDED = 5,
    /// The configuration is not possible. `actor_last_error` names the lane and the remedy.
    ACTOR_INVALID = 6,
}

/// The memory for a thread's last error.
const ROOM: usize = 256;

thread_local! {
    // Without a destructor, so that it is there until the thread's last instruction.
    static LAST: RefCell<Text> = const { RefCell::new(Text { bytes: [0; ROOM], length: 0 }) };
}

/// A text that ends with a zero byte, in a fixed memory. A longer text is cut.
struct Text {
    bytes: [u8; ROOM],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.length + character.len_utf8() >= ROOM {
                break;
            }
            self.length += character.encode_utf8(&mut self.bytes[self.length..]).len();
        }
        self.bytes[self.length] = 0;
        Ok(())
    }
}

/// Keeps the sentence for `actor_last_error`, and returns the status.
pub(super) fn invalid(sentence: fmt::Arguments<'_>) -> Status {
    LAST.with_borrow_mut(|text| {
        text.length = 0;
        // It never fails.
        _ = text.write_fmt(sentence);
    });
    Status::ACTOR_INVALID
}

/// Returns a sentence for a status, such as "the lane is full". It is constant, and never NULL: an
/// unknown number has a sentence as well.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn actor_status_text(status: u32) -> *const c_char {
    text(status).as_ptr()
}

/// Returns the sentence for this thread's last ACTOR_INVALID, or an empty text. Valid until the
/// next ACTOR_INVALID of this thread, and at most until the thread ends. Never NULL.
///
/// Threads: any. Each thread has its own.
#[unsafe(no_mangle)]
pub extern "C" fn actor_last_error() -> *const c_char {
    LAST.with_borrow(|text| text.bytes.as_ptr().cast())
}

fn text(status: u32) -> &'static CStr {
    const TEXTS: [&CStr; 7] = [
        c"done",
        c"the lane is full",
        c"the share of this source is full",
        c"the mailbox is closed",
        c"no message waits",
        c"the mailbox has ended",
        c"the configuration is not possible; see actor_last_error",
    ];
    TEXTS.get(status as usize).copied().unwrap_or(c"not a status of this library")
}
