//! The conformance suite, on actors inside an epoll loop.

use std::ops::ControlFlow;

use epoll_loop::EpollRuntime;
use rustix::event::{EventfdFlags, eventfd};

#[test]
fn actors_in_an_epoll_loop_pass_the_conformance_suite() {
    actor_core::conformance::run(&EpollRuntime::new());
}

#[test]
fn actors_beside_a_descriptor_that_is_always_ready_pass_the_conformance_suite() {
    let busy = EpollRuntime::new().beside(|events| {
        let always = eventfd(1, EventfdFlags::CLOEXEC)?;
        events.add(always, |_| ControlFlow::Continue(()))
    });
    actor_core::conformance::run(&busy);
}
