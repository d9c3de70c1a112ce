//! A message without `Send`.

use std::rc::Rc;

use actor_core::Message;

struct Note {
    _text: Rc<str>,
}

impl Message for Note {}

fn main() {}
