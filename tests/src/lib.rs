//! What the suites in `tests/` share: an actor that does what a test asks of it, and an end to every wait.
//!
//! Suites wait for signals, never for time to pass, and every wait has an end: a message that is lost fails its test
//! instead of hanging it.

mod desk;
mod wait;

pub use desk::{Act, CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, Work};
pub use wait::{PATIENCE, SOON, end_of, executor, signal, wait, within};

/// Makes of each check, a function of a runtime, one test for every runtime.
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
        })+
    };
}
