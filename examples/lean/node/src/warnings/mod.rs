//! Warnings for the operator: conditions of the whole node that need attention.
//!
//! `Warnings` decides, once per report and from published data alone. [`Alerts`] counts for the
//! metrics, and the announcer writes the log: one line when a warning begins, one when it ends.

mod alerts;
mod announcer;
#[cfg(test)]
mod tests;

use std::time::Duration;

use consensus::{Interval, Slot, SlotClock};

pub use alerts::Alerts;
pub(crate) use announcer::Announcer;

/// The lag of the chain's time behind the clock, in intervals, above which the chain counts as
/// late.
const BEHIND_AFTER: Interval = 2;

/// The number of slots without a new finalized block, after which finality counts as stopped. A
/// network without faults finalizes a block in every slot, two or three slots late.
const FINALITY_PATIENCE: Slot = 8;

/// The number of slots for a first connection with a configured peer, and for another one.
const LONELY_PATIENCE: Slot = 2;

/// The most slots of warning before keys end: a day of slots of 4 s.
const KEYS_NOTICE: Slot = 21_600;

/// The smallest jump of the clock that is reported, at intervals below this.
const SMALLEST_JUMP: Duration = Duration::from_millis(500);

/// The number of slots for which a jump of the clock stays reported.
const JUMP_SHOWN: Slot = 8;

/// The number of slots for which missing signatures stay reported.
const UNSIGNED_SHOWN: Slot = 2;

/// The kinds of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The chain's owner is late.
    OwnerBehind,
    /// The clock was set back, and the chain waits for it.
    ClockSetBack,
    /// The clock jumped.
    ClockJumped,
    /// No block was finalized for several slots.
    FinalityStopped,
    /// The keys of this node's validators end soon, or have ended.
    KeysEnding,
    /// No configured peer is connected.
    NoConfiguredPeer,
    /// This node's validators lack signatures.
    NotSigning,
    /// The watchdog of the node's actors names something stuck.
    Stuck,
}

/// A warning in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) kind: Kind,
    /// A description for a person, in one line.
    pub(crate) text: String,
}

/// The slots in which the keys of this node's validators can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeySlots {
    /// The first slot after the earliest end of a key.
    pub(crate) end: Slot,
    /// The number of slots of that key.
    pub(crate) count: Slot,
}

/// The published state of the node at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observation {
    /// The wall clock's time, in Unix milliseconds.
    pub(crate) wall: u64,
    /// The time of the monotonic clock, since an arbitrary moment.
    pub(crate) steady: Duration,
    /// The time of the chain's store, in intervals.
    pub(crate) chain_time: Interval,
    pub(crate) finalized: Slot,
    /// Whether peers are configured, and none of them is connected.
    pub(crate) is_alone: bool,
    /// The number of duties without a signature, since the start.
    pub(crate) unsigned: u64,
    /// The number of problems named by the watchdog that last.
    pub(crate) stuck: u64,
}

/// Decides on the warnings in force. It only decides: its caller passes in the observations.
#[derive(Debug)]
pub(crate) struct Warnings {
    clock: SlotClock,
    keys: Option<KeySlots>,
    /// The last finalized slot, and the slot of its first observation.
    finality: Option<(Slot, Slot)>,
    /// The slot since which no configured peer is connected.
    alone_since: Option<Slot>,
    /// The last readings of both clocks.
    clocks: Option<(u64, Duration)>,
    /// The last jump of the clock: its size in milliseconds, and the slot after it.
    jump: Option<(i64, Slot)>,
    /// The number of duties without a signature, the last increase, and the slot of that.
    unsigned: (u64, u64, Slot),
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::OwnerBehind,
        Self::ClockSetBack,
        Self::ClockJumped,
        Self::FinalityStopped,
        Self::KeysEnding,
        Self::NoConfiguredPeer,
        Self::NotSigning,
        Self::Stuck,
    ];

    /// Returns the kind's name in the metrics and in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnerBehind => "owner_behind",
            Self::ClockSetBack => "clock_set_back",
            Self::ClockJumped => "clock_jumped",
            Self::FinalityStopped => "finality_stopped",
            Self::KeysEnding => "keys_ending",
            Self::NoConfiguredPeer => "no_configured_peer",
            Self::NotSigning => "not_signing",
            Self::Stuck => "stuck",
        }
    }
}

impl Warnings {
    /// Creates the warnings of a node with these keys, `None` without a validator.
    pub(crate) fn new(clock: SlotClock, keys: Option<KeySlots>) -> Self {
        Self {
            clock,
            keys,
            finality: None,
            alone_since: None,
            clocks: None,
            jump: None,
            unsigned: (0, 0, 0),
        }
    }

    /// Returns the warnings in force, in the order of their kinds.
    pub(crate) fn observe(&mut self, now: &Observation) -> Vec<Warning> {
        let slot = self.clock.current_slot(now.wall);
        let interval = self.clock.total_intervals(now.wall);
        let found = [
            (Kind::OwnerBehind, owner_behind(now, interval)),
            (Kind::ClockSetBack, clock_set_back(now, interval)),
            (Kind::ClockJumped, self.clock_jumped(now, slot)),
            (Kind::FinalityStopped, self.finality_stopped(now, slot)),
            (Kind::KeysEnding, self.keys_ending(slot)),
            (Kind::NoConfiguredPeer, self.no_configured_peer(now, slot)),
            (Kind::NotSigning, self.not_signing(now, slot)),
            (Kind::Stuck, stuck(now)),
        ];
        found
            .into_iter()
            .filter_map(|(kind, text)| text.map(|text| Warning { kind, text }))
            .collect()
    }

    /// Compares the steps of both clocks since the last observation.
    fn clock_jumped(&mut self, now: &Observation, slot: Slot) -> Option<String> {
        let interval = Duration::from_millis(self.clock.milliseconds_per_interval());
        if let Some((wall, steady)) = self.clocks.replace((now.wall, now.steady)) {
            let expected = now.steady.saturating_sub(steady).as_millis() as i64;
            let jump = (now.wall as i64).wrapping_sub(wall as i64).wrapping_sub(expected);
            if u128::from(jump.unsigned_abs()) >= interval.max(SMALLEST_JUMP).as_millis() {
                self.jump = Some((jump, slot));
            }
        }
        let (jump, at) = self.jump.filter(|(_, at)| slot.abs_diff(*at) < JUMP_SHOWN)?;
        let direction = if jump > 0 { "forward" } else { "back" };
        Some(format!("the clock jumped {direction} by {} ms, to slot {at}", jump.unsigned_abs()))
    }

    fn finality_stopped(&mut self, now: &Observation, slot: Slot) -> Option<String> {
        let (finalized, since) = self
            .finality
            .filter(|(finalized, since)| *finalized == now.finalized && *since <= slot)
            .unwrap_or((now.finalized, slot));
        self.finality = Some((finalized, since));
        let slots = slot - since;
        (slots >= FINALITY_PATIENCE).then(|| {
            format!(
                "finality has stopped: slot {finalized} is final, and no other for {slots} slots"
            )
        })
    }

    fn keys_ending(&self, slot: Slot) -> Option<String> {
        let KeySlots { end, count } = self.keys?;
        match end.saturating_sub(slot) {
            0 => Some(format!("a validator's keys have ended with slot {}", end.saturating_sub(1))),
            left if left <= KEYS_NOTICE.min(count / 8) => {
                Some(format!("a validator's keys end in {left} slots"))
            }
            _ => None,
        }
    }

    fn no_configured_peer(&mut self, now: &Observation, slot: Slot) -> Option<String> {
        let since = self.alone_since.filter(|since| *since <= slot).unwrap_or(slot);
        self.alone_since = now.is_alone.then_some(since);
        (now.is_alone && slot - since >= LONELY_PATIENCE)
            .then(|| format!("no configured peer is connected, since slot {since}"))
    }

    fn not_signing(&mut self, now: &Observation, slot: Slot) -> Option<String> {
        if now.unsigned > self.unsigned.0 {
            self.unsigned = (now.unsigned, now.unsigned - self.unsigned.0, slot);
        }
        let (_, missing, at) = self.unsigned;
        (missing > 0 && slot.abs_diff(at) < UNSIGNED_SHOWN).then(|| {
            let duties = if missing == 1 { "duty" } else { "duties" };
            format!("{missing} {duties} had no signature by slot {at}: the notes have the reasons")
        })
    }
}

fn stuck(now: &Observation) -> Option<String> {
    let problems = match now.stuck {
        0 => return None,
        1 => "1 handler, lane or thread is stuck".to_owned(),
        many => format!("{many} handlers, lanes or threads are stuck"),
    };
    Some(problems + ": the log names what the watchdog has found")
}

fn owner_behind(now: &Observation, interval: Interval) -> Option<String> {
    let behind = interval.saturating_sub(now.chain_time);
    (behind > BEHIND_AFTER)
        .then(|| format!("the chain's owner is {behind} intervals behind the clock"))
}

/// The chain's time is an earlier reading of the same clock, so it is ahead only of a clock set
/// back.
fn clock_set_back(now: &Observation, interval: Interval) -> Option<String> {
    let ahead = now.chain_time.saturating_sub(interval);
    (ahead > 0).then(|| {
        format!(
            "the clock was set back: the chain is {ahead} intervals ahead of it and stands still \
             until then"
        )
    })
}
