//! The promises of the test kit, each by the kit's own means.

mod actors;
mod failures;
mod faults;
mod interceptors;
mod runtimes;
mod steps;
mod time;
