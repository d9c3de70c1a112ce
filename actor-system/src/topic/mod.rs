//! Typed topics: publishers and subscribers that do not know each other.
//!
//! A [`Topic`] is a value. Any thread publishes on it. Subscribers are
//! [actors](Topic::subscribe_actor), or tasks and threads with a [`Subscription`]. Each subscriber has a bounded queue and a rule for
//! a full one, [`Slow`]. Values are shared as `Arc<T>`, so no subscriber pays for another, and `T`
//! needs no `Clone`.
//!
//! # Examples
//!
//! ```
//! use actor_system::topic::{Slow, SubscriptionEnd, Topic};
//!
//! let blocks = Topic::keeping_last();
//! blocks.try_publish("genesis")?;
//! let mut late = blocks.subscribe(2, Slow::DropOldest)?;
//! for block in ["one", "two"] {
//!     blocks.try_publish(block)?;
//! }
//! drop(blocks);
//! futures::executor::block_on(async {
//!     assert_eq!(*late.recv().await?, "genesis", "the last value was kept for it");
//!     assert_eq!(*late.recv().await?, "one");
//!     assert_eq!(*late.recv().await?, "two");
//!     assert_eq!(late.recv().await.unwrap_err(), SubscriptionEnd::TopicEnded { missed: 0 });
//!     Ok::<(), SubscriptionEnd>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Protocol
//!
//! The list of subscribers and the kept value are one immutable state in one place, replaced in one
//! step. Each subscriber has a queue of its own.
//!
//! ```text
//! publish                                  subscribe
//!   keeping: state -> same list, value       state -> list and this one     (one step)
//!   otherwise: read the state                the value of the old state is its first one
//!   each subscriber of the list:
//!     put the value into its queue         subscriber
//!     an actor: send it one message          take: the first value, then the queue
//! ```
//!
//! * A publication and a subscription have one order, because both replace the same state. A
//!   publication before it is the kept value, and one after it has the subscriber in its list. So a
//!   late subscriber receives each value once, without a gap and without a repetition.
//! * A publisher puts its values into a queue one after the other, so each subscriber sees the
//!   values of one publisher in their order. Two publishers have no order between them.
//! * No step waits for another thread, except a publication for the room of a [`Slow::Wait`]
//!   subscriber.
//!
//! **Actors.** A message of a subscription is [`News`]. The value stays in the subscription's queue
//! until the actor takes it out of the news. There are as many news as values, and one more after
//! the end, and any of them takes the oldest value:
//!
//! | step | values | news |
//! |---|---|---|
//! | put into the queue | + 1 | + 1 |
//! | the oldest is dropped for a new one | 0 | 0 |
//! | `News::take`, or the drop of a message with news | - 1 | - 1 |
//! | the end of the topic, or of a slow subscriber | | + 1 |
//!
//! A full lane does not refuse news: they then reach the actor beside its lanes. Their number is
//! bounded by the capacity of the subscription.
//!
//! **Figures.** Of each subscriber, at rest: `offered = received + missed + waiting`. Each miss is
//! counted there and in the topic, and reported to the subscriber with its next value or its end.

mod actor;
mod board;
mod figures;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod named;
mod publication;
mod subscriber;
mod subscription;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

pub use actor::{ActorSubscription, News};
pub use board::{SubscribeError, Topic};
pub use figures::{SubscriberId, SubscriberStats, TopicStats};
pub(crate) use named::Topics;
pub use publication::{Sent, Undelivered};
pub use subscriber::Slow;
pub use subscription::{Item, Subscription, SubscriptionEnd};
