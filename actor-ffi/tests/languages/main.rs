//! Programs in C, C++ and Zig with this library: compiled, run, and watched by valgrind and by the
//! sanitizers of both compilers.
//!
//! The programs check themselves and end with an error if a number is wrong. They are the examples
//! for users as well. Some need a tool not found on every machine: without it, such a test writes
//! a line with `skipped:`, and passes.
//!
//! The variable `ACTOR_FFI_LONG` asks for the long runs. The gate sets it.

#![cfg(all(target_os = "linux", not(any(loom, shuttle))))]

mod allocations;
mod controls;
mod cpp;
mod headers;
mod kit;
mod locks;
mod loops;
mod misuse;
mod producers;
mod sanitizer;
mod tool;
mod waiting;
mod zig;
