//! Token buckets: the number of times something may happen at once, and how often from then on.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// A bound on how often something happens.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The number of times in quick succession.
    pub burst: u32,
    /// The time after which it may happen once more.
    pub every: Duration,
}

/// One token bucket. It begins full.
///
/// The time at which it is full again is its whole state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// `None` if it was never used.
    full_at: Option<Instant>,
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    ///
    /// Returns the time until the next token if there is none.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + rate.every;
        let missing = full_at.duration_since(now);
        let most = rate.every.saturating_mul(rate.burst);
        if missing > most {
            return Err(missing - most);
        }
        self.full_at = Some(full_at);
        Ok(())
    }

    fn is_full(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|at| at <= now)
    }
}

/// A token bucket for each key, and a bound on their number.
///
/// A full bucket equals a new one, so full buckets are forgotten. If none is full, the fullest one
/// is.
#[derive(Debug)]
pub struct Buckets<K> {
    buckets: HashMap<K, Bucket>,
    rate: Rate,
    most: usize,
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    /// Creates at most `most` buckets with the same rate. `most` is at least 1.
    #[must_use]
    pub fn new(rate: Rate, most: usize) -> Self {
        Self { buckets: HashMap::new(), rate, most }
    }

    /// Takes a token of `key`.
    ///
    /// # Errors
    ///
    /// Returns the time until the next token if there is none.
    pub fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if !self.buckets.contains_key(&key) && self.buckets.len() >= self.most {
            self.make_room(now);
        }
        self.buckets.entry(key).or_default().take(self.rate, now)
    }

    fn make_room(&mut self, now: Instant) {
        self.buckets.retain(|_, bucket| !bucket.is_full(now));
        if self.buckets.len() >= self.most {
            let fullest = self.buckets.iter().min_by_key(|(_, bucket)| bucket.full_at);
            if let Some(fullest) = fullest.map(|(key, _)| *key) {
                self.buckets.remove(&fullest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant as Clock;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(2) };

    fn taken(bucket: &mut Bucket, now: Instant) -> usize {
        std::iter::repeat_with(|| bucket.take(RATE, now)).take_while(Result::is_ok).count()
    }

    #[test]
    fn a_bucket_has_its_burst_and_then_one_token_each_interval() {
        let now = Clock::now().into_std();
        let mut bucket = Bucket::default();
        assert_eq!(taken(&mut bucket, now), 3);
        assert_eq!(bucket.take(RATE, now), Err(RATE.every));
        let later = now + Duration::from_secs(1);
        assert_eq!(bucket.take(RATE, later), Err(Duration::from_secs(1)));
        assert_eq!(taken(&mut bucket, now + RATE.every), 1);
        assert_eq!(taken(&mut bucket, now + RATE.every * 3), 2);
        assert_eq!(taken(&mut bucket, now + RATE.every * 1000), 3, "never more than its burst");
    }

    #[test]
    fn one_key_does_not_use_the_tokens_of_another() {
        let now = Clock::now().into_std();
        let mut buckets = Buckets::new(RATE, 8);
        while buckets.take(1, now).is_ok() {}
        assert_eq!(buckets.take(2, now), Ok(()));
    }

    #[test]
    fn many_keys_do_not_fill_the_memory_and_do_not_refill_the_emptiest() {
        let now = Clock::now().into_std();
        let mut buckets = Buckets::new(RATE, 8);
        while buckets.take(0, now).is_ok() {}
        for key in 1..100 {
            assert_eq!(buckets.take(key, now), Ok(()));
        }
        assert!(buckets.buckets.len() <= 8);
        assert!(buckets.take(0, now).is_err(), "it is remembered");
        for key in 100..200 {
            assert_eq!(buckets.take(key, now + RATE.every * 3), Ok(()));
        }
        assert!(buckets.buckets.len() <= 8);
    }
}
