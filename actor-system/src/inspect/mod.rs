//! A look at a running system, from any thread and without a wait; and a watchdog that takes looks.
//!
//! In reading order: `data` is what a look finds, and `words`, `shown` and `tree` print it. `sight`
//! reads it, with `since` (for how long), `everyone` (actors of other systems) and `threads` (how a
//! thread is); `look` makes an [`Inspection`] of it. `round` is the same for the watchdog: `engine`
//! decides about rounds, with `ring` (who waits for whom in a circle), `finding` is its result, and
//! `watchdog` the thread around it, with `stack`.

mod data;
mod engine;
pub(crate) mod everyone;
mod finding;
mod look;
mod ring;
mod round;
mod shown;
mod sight;
mod since;
mod stack;
mod threads;
mod tree;
mod watchdog;
mod words;

pub use data::{
    ActorView, Doing, ExecutorView, FindingView, InHand, Inspection, LaneView, TimesView, WaitFor,
    WaitView,
};
pub use finding::{Finding, Problem, RingPart};
pub use look::Inspector;
pub use shown::Shown;
pub(crate) use since::Since;
pub use threads::ThreadView;
pub use watchdog::{Looks, Watchdog};
