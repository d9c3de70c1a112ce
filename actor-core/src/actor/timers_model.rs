//! Timers against a simple model, for any sequence of arms, cancels and times.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::actor::beat::{Missed, beat};
use crate::actor::timer_key::TimerKey;
use crate::actor::timers::{Every, Options, Shot, TimerId, Timers};

/// One timer of the model: a line in a list.
struct Line {
    at: Instant,
    /// The order of arming, which decides between equal times.
    number: usize,
    key: Option<u64>,
    is_weak: bool,
    period: Option<(Duration, Missed)>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Arm { after: u64, key: Option<u64>, is_weak: bool, every: Option<(u64, Missed)> },
    Cancel(prop::sample::Index),
    CancelKey(u64),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let missed = prop_oneof![Just(Missed::Skip), Just(Missed::Burst), Just(Missed::Delay)];
    let key = || prop::option::of(0_u64..6);
    let every = prop::option::weighted(0.3, (1_u64..9, missed));
    prop_oneof![
        4 => (0_u64..20, key(), any::<bool>(), every)
            .prop_map(|(after, key, is_weak, every)| Step::Arm { after, key, is_weak, every }),
        1 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        1 => (0_u64..6).prop_map(Step::CancelKey),
        3 => (0_u64..12).prop_map(Step::Advance),
    ]
}

/// The model: a list, searched for every operation.
struct Model(Vec<Line>);

impl Model {
    fn cancel(&mut self, is_it: impl Fn(&Line) -> bool) -> bool {
        let found = self.0.iter().position(is_it);
        found.map(|place| self.0.remove(place)).is_some()
    }

    /// Takes the first due timer. Returns its number, and arms it again if it repeats.
    fn take_due(&mut self, now: Instant) -> Option<usize> {
        let (place, _) = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, line)| line.at <= now)
            .min_by_key(|(_, line)| (line.at, line.number))?;
        let mut line = self.0.remove(place);
        let number = line.number;
        if let Some((period, missed)) = line.period {
            line.at = beat(line.at, now, period, missed).1.expect("the times are small");
            self.0.push(line);
        }
        Some(number)
    }
}

#[expect(clippy::disallowed_methods, reason = "any instant will do: it is only counted from")]
fn start() -> Instant {
    Instant::now()
}

proptest! {
    #[test]
    fn timers_behave_like_their_model(steps in prop::collection::vec(step(), 1..120)) {
        let mut now = start();
        let mut timers: Timers<usize> = Timers::new();
        let mut model = Model(Vec::new());
        let mut ids: Vec<TimerId> = Vec::new();
        let wall = || unreachable!("no timer is on the wall clock");
        for step in steps {
            match step {
                Step::Arm { after, key, is_weak, every } => {
                    let (number, at) = (ids.len(), now + Duration::from_millis(after));
                    let period = every.map(|(period, missed)| (Duration::from_millis(period), missed));
                    let shot = match period {
                        None => Shot::Once(number),
                        Some((period, missed)) => {
                            let make = Box::new(move |_| number);
                            Shot::Every(Box::new(Every { period, missed, make }))
                        }
                    };
                    let options = Options { key: key.map(TimerKey::from), is_weak };
                    ids.push(timers.arm(at, options, shot));
                    if key.is_some() {
                        model.cancel(|line| line.key == key);
                    }
                    model.0.push(Line { at, number, key, is_weak, period });
                }
                Step::Cancel(which) => {
                    if !ids.is_empty() {
                        let number = which.index(ids.len());
                        let was_armed = model.cancel(|line| line.number == number);
                        prop_assert_eq!(timers.cancel(ids[number]), was_armed);
                    }
                }
                Step::CancelKey(key) => {
                    let was_armed = model.cancel(|line| line.key == Some(key));
                    prop_assert_eq!(timers.cancel_key(key.into()), was_armed);
                }
                Step::Advance(millis) => {
                    now += Duration::from_millis(millis);
                    // A burst of a short period is long: its rest is taken later.
                    for _ in 0..20 {
                        let due = timers.take_due(now, wall);
                        prop_assert_eq!(due, model.take_due(now));
                        if due.is_none() {
                            break;
                        }
                    }
                }
            }
            prop_assert_eq!(timers.next(), model.0.iter().map(|line| line.at).min());
            prop_assert_eq!(timers.is_empty(), model.0.is_empty());
            prop_assert_eq!(timers.keep_alive(), model.0.iter().any(|line| !line.is_weak));
        }
    }
}
