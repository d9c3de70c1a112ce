//! A derived message without `Send`.

use std::rc::Rc;

use actor_derive::Message;

#[derive(Message)]
enum Note {
    Text(Rc<str>),
}

fn main() {}
