//! Shared by the suites in `tests/`: an actor executing the work in its messages, and a timeout for
//! every wait.
//!
//! Suites wait for signals, never for time to pass, and every wait has a timeout. A lost message
//! therefore fails its test instead of hanging it.

mod desk;
#[cfg(doctest)]
mod guide;
mod wait;

use std::sync::Arc;

use actor_lanes::{Runtime, runtime_named};

pub use desk::{Act, CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, Work};
#[cfg(target_os = "linux")]
pub use epoll_loop::EpollRuntime;
pub use wait::{PATIENCE, SOON, end_of, executor, signal, wait, within};

/// Returns a runtime of the same kind, for an owner of it.
///
/// # Panics
///
/// Panics if there is no such runtime.
#[must_use]
pub fn owned(runtime: &dyn Runtime) -> Arc<dyn Runtime> {
    #[cfg(target_os = "linux")]
    if runtime.name() == "embed" {
        return Arc::new(EpollRuntime::new());
    }
    runtime_named(runtime.name()).expect("it is enabled")
}

/// Creates one test for every runtime from each check, a function of a runtime.
#[macro_export]
macro_rules! on_every_runtime {
    ($($check:ident),+ $(,)?) => {
        $(mod $check {
            #[test]
            fn on_tokio() {
                super::$check(&actor_lanes::runtime::TokioRuntime::new());
            }

            #[test]
            fn on_smol() {
                super::$check(&actor_lanes::runtime::SmolRuntime::new());
            }

            #[test]
            fn on_a_thread() {
                super::$check(&actor_lanes::runtime::ThreadRuntime::new());
            }

            #[cfg(target_os = "linux")]
            #[test]
            fn in_a_foreign_loop() {
                super::$check(&$crate::EpollRuntime::new());
            }
        })+
    };
}

/// The pages of the repository, whose examples are tests.
#[cfg(doctest)]
mod pages {
    #[cfg(unix)]
    #[doc = include_str!("../../docs/guide/src/actor-top.md")]
    struct ActorTop;

    #[doc = include_str!("../../docs/guide/src/derive.md")]
    struct Derive;

    #[doc = include_str!("../../docs/guide/src/flow-control.md")]
    struct FlowControl;

    #[doc = include_str!("../../docs/guide/src/inspecting.md")]
    struct Inspecting;

    #[doc = include_str!("../../docs/guide/src/monitors-and-links.md")]
    struct MonitorsAndLinks;

    #[doc = include_str!("../../docs/guide/src/pools-and-parking.md")]
    struct PoolsAndParking;

    #[doc = include_str!("../../docs/guide/src/streams.md")]
    struct Streams;

    #[doc = include_str!("../../docs/guide/src/seeing.md")]
    struct Seeing;

    #[doc = include_str!("../../docs/guide/src/supervision.md")]
    struct Supervision;

    #[doc = include_str!("../../docs/guide/src/systems.md")]
    struct Systems;

    #[doc = include_str!("../../docs/guide/src/testing.md")]
    struct Testing;

    #[doc = include_str!("../../docs/guide/src/time.md")]
    struct Time;

    #[doc = include_str!("../../docs/guide/src/topics.md")]
    struct Topics;

    #[doc = include_str!("../../docs/guide/src/views.md")]
    struct Views;
}
