//! Visible misuse ends the process with a sentence.

use std::os::unix::process::ExitStatusExt;

use crate::kit::{Program, output, text};
use crate::tool::Tool;

const SIGABRT: i32 = 6;

/// Each case of `misuse.c`, the function to notice it, and the sentence.
const CASES: &[(&str, &str, &str)] = &[
    ("drain on another thread", "actor_mailbox_drain", ELSEWHERE),
    ("next on another thread", "actor_mailbox_next", ELSEWHERE),
    ("adopt on another thread", "actor_mailbox_adopt", ELSEWHERE),
    ("close on another thread", "actor_mailbox_close", ELSEWHERE),
    ("destroy on another thread", "actor_mailbox_destroy", ELSEWHERE),
    ("drain in a handler", "actor_mailbox_drain", IN_HANDLER),
    ("next in a handler", "actor_mailbox_next", IN_HANDLER),
    ("destroy in a handler", "actor_mailbox_destroy", IN_HANDLER),
    ("drain in wake", "actor_mailbox_drain", IN_WAKE),
    ("destroy in wake", "actor_mailbox_destroy", IN_WAKE),
    ("drain after destroy", "actor_mailbox_drain", "`mailbox` is used after the end"),
    ("next after destroy", "actor_mailbox_next", "`mailbox` is used after the end"),
    ("close after destroy", "actor_mailbox_close", "`mailbox` is used after the end"),
    ("destroy after destroy", "actor_mailbox_destroy", "`mailbox` is used after the end"),
    ("handle after destroy", "actor_handle_new", "`mailbox` is used after the end"),
    ("tell after drop", "actor_try_tell", "`handle` is used after the end"),
    ("clone after drop", "actor_handle_clone", "`handle` is used after the end"),
    ("drop after drop", "actor_handle_drop", "`handle` is used after the end"),
    ("answer twice", "actor_reply_send", "`reply` is used after the end"),
    ("answer in its on_reply", "actor_reply_send", "`reply` is used after the end"),
    ("drop after answer", "actor_reply_drop", "`reply` is used after the end"),
    ("a handle as a mailbox", "actor_mailbox_close", "`mailbox` does not point to a live mailbox"),
    ("new without config", "actor_mailbox_new", "`config` is NULL"),
    ("new without out", "actor_mailbox_new", "`out` is NULL"),
    ("drain of NULL", "actor_mailbox_drain", "`mailbox` is NULL"),
    ("drain without handler", "actor_mailbox_drain", "`handler` is NULL"),
    ("next of NULL", "actor_mailbox_next", "`mailbox` is NULL"),
    ("next without out", "actor_mailbox_next", "`out` is NULL"),
    ("adopt of NULL", "actor_mailbox_adopt", "`mailbox` is NULL"),
    ("close of NULL", "actor_mailbox_close", "`mailbox` is NULL"),
    ("handle of NULL", "actor_handle_new", "`mailbox` is NULL"),
    ("clone of NULL", "actor_handle_clone", "`handle` is NULL"),
    ("is_closed of NULL", "actor_handle_is_closed", "`handle` is NULL"),
    ("tell to NULL", "actor_try_tell", "`handle` is NULL"),
    ("waiting tell to NULL", "actor_tell", "`handle` is NULL"),
    ("tell from to NULL", "actor_try_tell_from", "`handle` is NULL"),
    ("ask of NULL", "actor_try_ask", "`handle` is NULL"),
    ("ask without on_reply", "actor_try_ask", "`on_reply` is NULL"),
    ("answer to NULL", "actor_reply_send", "`reply` is NULL"),
    ("stats of NULL", "actor_handle_stats", "`handle` is NULL"),
    ("stats without out", "actor_mailbox_stats", "`out` is NULL"),
    ("an unaligned handle", "actor_try_tell", "not aligned"),
    ("tell to no lane", "actor_try_tell", "`lane` is 1, but the mailbox has 1"),
    ("waiting tell to no lane", "actor_tell", "`lane` is 1, but the mailbox has 1"),
    ("waiting tell of the owner", "actor_tell", "the owner's thread makes the room"),
    ("ask to no lane", "actor_try_ask", "but the mailbox has 1"),
    ("stats of no lane", "actor_handle_stats", "but the mailbox has 1"),
    ("stats of no size", "actor_handle_stats", "size"),
];

const ELSEWHERE: &str = "the mailbox belongs to another thread";
const IN_HANDLER: &str = "called inside a handler of the same mailbox";
const IN_WAKE: &str = "called inside `wake` of the same mailbox";

#[test]
fn visible_misuse_aborts_with_a_sentence_that_names_the_function() {
    let program = |tool: &str| Program::c(&format!("misuse-{tool}"), &["misuse.c"]);
    let program = Tool::Plain.build(program).expect("a C compiler is there");
    for (case, function, sentence) in CASES {
        let output = output(Tool::Plain.command(&program).arg(case));
        let text = text(&output);
        // `timeout` ends as its program did: by the signal, or with the shell's number for it.
        let aborted =
            output.status.signal() == Some(SIGABRT) || output.status.code() == Some(128 + SIGABRT);
        assert!(aborted, "{case}: ended with {}\n{text}", output.status);
        let named = text
            .lines()
            .any(|line| line.starts_with(&format!("{function}: ")) && line.contains(sentence));
        assert!(named, "{case}: no sentence {sentence:?} of {function} in\n{text}");
    }
    let nothing = output(Tool::Plain.command(&program).arg("nothing"));
    assert!(nothing.status.success(), "no misuse:\n{}", text(&nothing));
}
