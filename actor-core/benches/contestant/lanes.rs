//! Equal messages, each type in a lane of another kind.

use actor_core::{Lane, Message};

/// The number of sources or keys, in a lane with such.
const SEVERAL: u64 = 16;

macro_rules! in_lane {
    ($name:ident, $lane:expr, $key:expr) => {
        pub(crate) struct $name(u64);

        impl Message for $name {
            const LANES: &'static [Lane] = &[$lane];

            fn source(&self) -> Option<u64> {
                Some(self.0 % SEVERAL)
            }

            fn key(&self) -> u64 {
                $key(self.0)
            }
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                Self(number)
            }
        }
    };
}

in_lane!(Plain, Lane::fifo("plain", 1024), |n| n);
in_lane!(Shared, Lane::fifo("shared", 1024).share(64), |n| n);
in_lane!(NewestFirst, Lane::newest_first("newest first", 1024), |n| n);
in_lane!(ByKey, Lane::latest_by_key("by key", 1024), |n| n);
in_lane!(Replaced, Lane::latest_by_key("by key", 1024), |n| n % SEVERAL);
