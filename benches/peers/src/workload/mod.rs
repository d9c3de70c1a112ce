//! The workloads: the operations, their number, and their figures.

mod ask;
mod busy;
mod hop;
mod life;
mod scene;
mod tell;
mod wake;

pub(crate) use ask::{ask_across, ask_local, asks_across, asks_local};
pub(crate) use busy::{busy, busy_calls};
pub(crate) use hop::{hop_across, hop_local};
pub(crate) use life::{ACTORS, idle_bytes, life};
pub(crate) use tell::{BATCH, bursts, producers, tell_across, tell_local, tell_unbounded};
pub(crate) use wake::{wake, wake_calls};

/// One row of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    TellAcross,
    TellUnbounded,
    TellLocal,
    Producers,
    Bursts,
    AskLocal,
    AskAcross,
    AsksLocal,
    AsksAcross,
    HopLocal,
    HopAcross,
    Life,
    IdleBytes,
    Busy,
    Wake,
}

impl Workload {
    /// All of them, in the order of the tables.
    pub(crate) const ALL: &[Self] = &[
        Self::TellAcross,
        Self::TellUnbounded,
        Self::TellLocal,
        Self::Producers,
        Self::Bursts,
        Self::AskLocal,
        Self::AskAcross,
        Self::AsksLocal,
        Self::AsksAcross,
        Self::HopLocal,
        Self::HopAcross,
        Self::Life,
        Self::IdleBytes,
        Self::Busy,
        Self::Wake,
    ];

    /// The heading of its table; "x" is across two threads, "local" on one.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TellAcross => "tell x, bounded 1024",
            Self::TellUnbounded => "tell x, unbounded",
            Self::TellLocal => "tell local, bounded 1024",
            Self::Producers => "4 producers x, bounded 1024",
            Self::Bursts => "8 producers x, bursts of 256-byte messages, bounded 1024",
            Self::AskLocal => "ask local",
            Self::AskAcross => "ask x, blocking",
            Self::AsksLocal => "64 asks outstanding, local",
            Self::AsksAcross => "64 asks outstanding, x",
            Self::HopLocal => "hop local",
            Self::HopAcross => "hop x",
            Self::Life => "spawn + stop",
            Self::IdleBytes => "idle bytes",
            Self::Busy => "send while the actor is busy",
            Self::Wake => "idle wake",
        }
    }

    /// The names of its figures. The ratio compares the first.
    pub(crate) const fn figures(self) -> &'static [&'static str] {
        match self {
            Self::TellAcross
            | Self::TellUnbounded
            | Self::TellLocal
            | Self::Producers
            | Self::Bursts => &["ns per message"],
            Self::AskLocal | Self::AskAcross | Self::AsksLocal | Self::AsksAcross => {
                &["ns per ask"]
            }
            Self::HopLocal | Self::HopAcross => &["ns per hop"],
            Self::Life => &["ns per actor"],
            Self::IdleBytes => &["bytes per actor", "bytes per further handle"],
            Self::Busy => &["p50 ns of the call", "p99 ns of the call"],
            Self::Wake => &["p50 ns of the call", "p50 ns until the handler runs"],
        }
    }

    /// Operations in a round: the same for all contestants.
    pub(crate) const fn n(self, divisor: u64) -> u64 {
        let n = match self {
            Self::TellAcross | Self::TellUnbounded | Self::TellLocal => 102_400,
            Self::Producers => 80_000,
            Self::Bursts => 51_200,
            Self::AskLocal => 40_000,
            Self::AskAcross => 800,
            Self::AsksLocal | Self::AsksAcross => 25_600,
            Self::HopLocal => 100_000,
            Self::HopAcross => 1_600,
            Self::Life | Self::IdleBytes => ACTORS,
            // Never fewer: a shorter round may end before the first turn of the actor's thread.
            Self::Busy => return 2_000,
            Self::Wake => 160,
        };
        n / divisor
    }
}
