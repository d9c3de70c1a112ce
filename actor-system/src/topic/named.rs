//! The topics of a system, by name and type.

use std::any::{Any, TypeId};
use std::sync::Arc;

use papaya::HashMap;

use crate::system::System;
use crate::topic::board::Topic;

/// The topics of one system.
#[derive(Default)]
pub(crate) struct Topics(HashMap<(Arc<str>, TypeId), Arc<dyn Any + Send + Sync>>);

impl Topics {
    fn get<T: Send + Sync + 'static>(&self, name: &str, make: impl Fn() -> Topic<T>) -> Topic<T> {
        let topics = self.0.pin();
        let key = (Arc::from(name), TypeId::of::<T>());
        let topic = topics.get_or_insert_with(key, || Arc::new(make()));
        topic.downcast_ref::<Topic<T>>().cloned().unwrap_or_default()
    }
}

impl System {
    /// Returns the topic of this name and type. The first call creates it.
    ///
    /// The system is one of its owners, so the topic lives as long as the system. Topics of other
    /// systems with the same name are others.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_system::topic::Slow;
    ///
    /// let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let mut blocks = system.topic::<String>("blocks").subscribe(8, Slow::DropOldest)?;
    /// system.topic("blocks").try_publish("genesis".to_owned())?;
    /// system.topic("blocks").try_publish(1_u64)?;
    /// assert_eq!(blocks.try_recv()?.map(|item| item.len()), Some(7));
    /// assert_eq!(blocks.try_recv(), Ok(None), "the number has another type, so another topic");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn topic<T: Send + Sync + 'static>(&self, name: &str) -> Topic<T> {
        self.topic_or(name, Topic::new)
    }

    /// As [`topic`](Self::topic), with another way to create it. `make` may be called in vain, if
    /// two threads are first.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// system.topic_or("head", Topic::keeping_last).try_publish(7)?;
    /// let mut head = system.topic::<i32>("head").subscribe(1, Slow::DropOldest)?;
    /// assert_eq!(head.try_recv()?.map(|item| *item), Some(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn topic_or<T: Send + Sync + 'static>(
        &self,
        name: &str,
        make: impl Fn() -> Topic<T>,
    ) -> Topic<T> {
        self.shared().topics.get(name, make)
    }
}
