//! A share in an evicting lane.

use actor_core::Lane;

const LANES: &[Lane] = &[Lane::newest_first("votes", 16).share(2)];

fn main() {
    assert_eq!(LANES.len(), 1);
}
