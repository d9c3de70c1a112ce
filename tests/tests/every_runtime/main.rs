//! Every behaviour of actors, on every runtime. Each file is named after the rules it checks.

mod across;
mod ask;
mod batch;
mod end;
mod evict;
mod links;
mod loss;
mod monitors;
mod names;
mod offload;
mod order;
mod panic;
mod pools;
mod reach;
mod room;
mod stop;
mod supervision;
mod systems;
mod timer;
mod turn;
