//! Every behaviour of actors, on every runtime. Each file is named after the rules it checks.

mod across;
mod ask;
mod batch;
mod end;
mod evict;
mod groups;
mod loss;
mod monitors;
mod offload;
mod order;
mod panic;
mod reach;
mod room;
mod stop;
mod systems;
mod timer;
mod turn;
