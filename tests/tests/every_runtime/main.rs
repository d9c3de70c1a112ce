//! Every behaviour of actors, on every runtime. Files are named for what they hold actors to.

mod across;
mod ask;
mod batch;
mod end;
mod evict;
mod loss;
mod offload;
mod order;
mod panic;
mod reach;
mod room;
mod stop;
mod timer;
