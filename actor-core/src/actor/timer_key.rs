//! The keys of timers.

/// A timer's key, chosen by the actor. At most one armed timer has a key.
///
/// Made from a name, a number, or both. Keys made in different ways differ: `"peer"` is not
/// `("peer", 0)`.
///
/// # Examples
///
/// ```
/// use actor_core::actor::TimerKey;
///
/// assert_eq!(TimerKey::from("sync"), "sync".into());
/// assert_ne!(TimerKey::from(("peer", 7)), ("peer", 8).into());
/// assert_ne!(TimerKey::from("peer"), ("peer", 0).into());
/// assert_eq!(format!("{:?}", TimerKey::from(("peer", 7))), "peer/7");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerKey {
    /// First, because numbers are compared faster than names.
    number: Option<u64>,
    name: Option<&'static str>,
}

impl From<&'static str> for TimerKey {
    fn from(name: &'static str) -> Self {
        Self { number: None, name: Some(name) }
    }
}

impl From<u64> for TimerKey {
    fn from(number: u64) -> Self {
        Self { number: Some(number), name: None }
    }
}

impl From<(&'static str, u64)> for TimerKey {
    fn from((name, number): (&'static str, u64)) -> Self {
        Self { number: Some(number), name: Some(name) }
    }
}

impl std::fmt::Debug for TimerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.name, self.number) {
            (Some(name), Some(number)) => write!(f, "{name}/{number}"),
            (Some(name), None) => f.write_str(name),
            (None, Some(number)) => write!(f, "{number}"),
            (None, None) => unreachable!("a key has a name or a number"),
        }
    }
}
