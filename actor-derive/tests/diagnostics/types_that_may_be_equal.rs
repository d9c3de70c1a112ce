//! Two variants whose types are one type for some parameters.

use actor_derive::Message;

#[derive(Message)]
enum Chain<T> {
    One(Vec<T>),
    Bytes(Vec<u8>),
    Text(String),
}

fn main() {}
