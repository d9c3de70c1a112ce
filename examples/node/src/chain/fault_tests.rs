//! What the chain's state does when something is wrong: a clock, a key, a proposer, a peer.

use crate::chain::effect::Effect;
use crate::chain::state_tests::{VALIDATORS, chain, votes};

fn proposes(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::SignBlock(_)))
}

#[test]
fn an_interval_that_begins_twice_because_the_clock_was_set_back_has_its_duties_once() {
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(chain.interval(interval)));
    assert!(proposes(&chain.interval(5)));
    assert!(chain.interval(5).is_empty());
    assert_eq!(votes(&chain.interval(6)).len(), VALIDATORS as usize);
    assert!(chain.interval(6).is_empty());
    assert!(chain.snapshot().dropped.is_empty(), "{:?}", chain.snapshot().dropped);
}
