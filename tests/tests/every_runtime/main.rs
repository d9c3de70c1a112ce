//! Every behaviour of actors, on every runtime. Each file is named after the rules it checks.

mod across;
mod ask;
mod ask_timeout;
mod batch;
mod cast;
mod end;
mod evict;
mod groups;
mod links;
mod loss;
mod monitors;
mod names;
mod offload;
mod order;
mod panic;
mod pools;
mod reach;
mod restarts;
mod room;
mod stop;
mod supervision;
mod systems;
mod time;
mod timer;
mod turn;
mod work;
