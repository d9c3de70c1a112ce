//! Every behaviour of actors, on every runtime. Files are named for what they hold actors to.

mod panic;
mod stop;
