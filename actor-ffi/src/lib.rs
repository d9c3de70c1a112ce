//! The mailbox of `actor-core` for C, C++ and Zig.
//!
//! The C header `include/actor.h` is the documentation for users of C: it has a complete example,
//! and the threads, the ownership and the meaning of `NULL` for each function. This crate holds the
//! functions of the header, so that a Rust program may link them as well.
//!
//! ```text
//! any thread        actor_try_tell      abi/        NULL, use after drop: abort with a sentence
//!                   Handle::offer       actor-core  one message, in one lane
//! ─── wake, only if the owner sleeps ───
//! owner's thread    actor_mailbox_drain abi/
//!                   Owner::drain        owner       priority order, a budget, the announced sleep
//!                   handler             the host's  the message now belongs to the host
//! ```
//!
//! Unsafe code is in `abi` and `foreign` only. `owner`, `letter` and `layouts` are safe, and are
//! tested and modelled without C.

pub mod abi;
mod foreign;
mod layouts;
mod letter;
mod misuse;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod owner;
mod thread;
mod wake;
