//! A plain epoll loop, and actors beside its other work.
//!
//! [`Loop`] is the *foreign* loop: a small `epoll_wait` loop with file descriptors and callbacks,
//! as a program may have had before it had actors. [`Loop::host`] is everything that the loop needs
//! to run actors: three lines around [`Driver::turn`](actor_embed::Driver::turn).
//!
//! [`EpollRuntime`] starts such a loop on a thread of its own for each executor. It is an
//! [`actor_core::Runtime`] like every other, so it passes the conformance suite.
//!
//! It needs Linux: epoll and eventfd.

mod bell;
mod events;
mod runtime;

pub use bell::Bell;
pub use events::Loop;
pub use runtime::EpollRuntime;

/// The guide for a program with a mutex, whose example is a test.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/guide/src/mutex-to-mailbox.md")]
struct FromAMutexToAMailbox;
