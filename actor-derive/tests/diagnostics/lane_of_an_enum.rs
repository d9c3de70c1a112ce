//! A lane for the whole enum and others for its variants.

use actor_derive::Message;

#[derive(Message)]
#[lane(fifo = "steps", 4)]
enum Steps {
    Begin,
    #[lane(control, 16)]
    End,
}

fn main() {}
