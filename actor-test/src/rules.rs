//! What an interceptor does with a message. Pure, except for the conditions of the test.

use std::time::Duration;

use actor_core::Message;

type Condition<M> = Box<dyn FnMut(&M) -> bool + Send>;

/// What happened to a message at an [`Interceptor`](crate::Interceptor).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_test::Fate;
///
/// assert_ne!(Fate::Dropped, Fate::Delayed(Duration::from_secs(1)));
/// assert_eq!(Fate::Passed(2), Fate::Passed(2), "it was passed on twice");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It was passed on at once, this many times.
    Passed(u32),
    /// It was dropped.
    Dropped,
    /// It is passed on after this time.
    Delayed(Duration),
}

/// A message at an [`Interceptor`](crate::Interceptor).
///
/// # Examples
///
/// ```
/// use actor_test::Passed;
///
/// let lines = |log: &[Passed]| log.iter().map(|line| line.message.clone()).collect::<Vec<_>>();
/// assert!(lines(&[]).is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passed {
    /// The time since the start of the interceptor.
    pub at: Duration,
    /// The message: by `Debug` if asked for, otherwise its kind or its lane.
    pub message: String,
    /// What happened to it.
    pub fate: Fate,
}

/// The rules of an interceptor, in the order of their statement.
pub(crate) struct Rules<M> {
    rules: Vec<(Condition<M>, Action<M>)>,
}

enum Action<M> {
    Drop,
    Delay(Duration),
    /// Delays by a part of this time, by chance.
    Jitter(Duration, Chance),
    Duplicate(fn(&M) -> M),
}

/// What to do with one message.
pub(crate) struct Plan<M> {
    pub(crate) copies: Vec<M>,
    pub(crate) delay: Duration,
    pub(crate) is_dropped: bool,
}

impl<M> Plan<M> {
    pub(crate) fn fate(&self) -> Fate {
        match (self.is_dropped, self.delay) {
            (true, _) => Fate::Dropped,
            (false, Duration::ZERO) => Fate::Passed(self.copies.len() as u32 + 1),
            (false, delay) => Fate::Delayed(delay),
        }
    }
}

impl<M: Message> Rules<M> {
    pub(crate) fn new() -> Self {
        Self { rules: Vec::new() }
    }

    pub(crate) fn drop_if(&mut self, condition: impl FnMut(&M) -> bool + Send + 'static) {
        self.rules.push((Box::new(condition), Action::Drop));
    }

    pub(crate) fn delay_if(
        &mut self,
        delay: Duration,
        condition: impl FnMut(&M) -> bool + Send + 'static,
    ) {
        self.rules.push((Box::new(condition), Action::Delay(delay)));
    }

    pub(crate) fn jitter(&mut self, most: Duration, seed: u64) {
        self.rules.push((Box::new(|_| true), Action::Jitter(most, Chance(seed))));
    }

    pub(crate) fn duplicate_if(&mut self, condition: impl FnMut(&M) -> bool + Send + 'static)
    where
        M: Clone,
    {
        self.rules.push((Box::new(condition), Action::Duplicate(M::clone)));
    }

    /// Applies each rule whose condition holds. Runs code of the test.
    pub(crate) fn apply(&mut self, message: &M) -> Plan<M> {
        let mut plan = Plan { copies: Vec::new(), delay: Duration::ZERO, is_dropped: false };
        for (condition, action) in &mut self.rules {
            if !condition(message) {
                continue;
            }
            match action {
                Action::Drop => plan.is_dropped = true,
                Action::Delay(delay) => plan.delay = plan.delay.saturating_add(*delay),
                Action::Jitter(most, chance) => {
                    plan.delay = plan.delay.saturating_add(chance.below(*most));
                }
                Action::Duplicate(copy) => plan.copies.push(copy(message)),
            }
        }
        plan
    }
}

/// Numbers by chance, by the generator SplitMix64.
pub(crate) struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX).max(1);
        Duration::from_nanos(self.next() % most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number(u32);
    impl Message for Number {}

    #[test]
    fn each_rule_whose_condition_holds_is_applied() {
        let mut rules = Rules::<Number>::new();
        rules.delay_if(Duration::from_secs(1), |number| number.0 > 1);
        rules.delay_if(Duration::from_secs(2), |number| number.0 > 2);
        rules.drop_if(|number| number.0 > 3);
        let fates: Vec<_> = (1..=4).map(|n| rules.apply(&Number(n)).fate()).collect();
        let seconds = |n| Fate::Delayed(Duration::from_secs(n));
        assert_eq!(fates, [Fate::Passed(1), seconds(1), seconds(3), Fate::Dropped]);
    }

    #[test]
    fn the_same_seed_leads_to_the_same_delays_below_the_most() {
        let delays = |seed| {
            let mut rules = Rules::<Number>::new();
            rules.jitter(Duration::from_millis(10), seed);
            (0..50).map(|n| rules.apply(&Number(n)).delay).collect::<Vec<_>>()
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
        assert!(delays(3).iter().all(|delay| *delay < Duration::from_millis(10)));
    }
}
