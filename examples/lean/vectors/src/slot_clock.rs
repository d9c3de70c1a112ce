//! Unix time, slots and intervals.

use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use consensus::{
    INTERVALS_PER_SLOT, MILLISECONDS_PER_INTERVAL, SECONDS_PER_SLOT, SlotClock, interval_from_slot,
};

pub(super) fn check(vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let (operation, output) = (vector.at("operation")?, vector.at("output")?);
    let clock = || Ok::<_, Malformed>(SlotClock::new(operation.at("genesisTime")?.uint()?));
    // The specification's clock counts in floating-point seconds, so the conversion can lose a
    // millisecond. This line repeats the same arithmetic.
    let milliseconds =
        || Ok((operation.at("currentTimeMilliseconds")?.uint()? as f64 / 1000.0 * 1000.0) as u64);
    let kind = operation.at("kind")?;
    let (name, got) = match kind.text()? {
        "current_slot" => ("slot", clock()?.current_slot(milliseconds()?)),
        "current_interval" => ("interval", clock()?.current_interval(milliseconds()?)),
        "total_intervals" => ("totalIntervals", clock()?.total_intervals(milliseconds()?)),
        "from_slot" => ("interval", interval_from_slot(operation.at("slot")?.uint()?)),
        "from_unix_time" => {
            let seconds = operation.at("unixSeconds")?;
            let milliseconds = seconds
                .uint()?
                .checked_mul(1000)
                .ok_or_else(|| seconds.malformed("too far away"))?;
            ("interval", clock()?.total_intervals(milliseconds))
        }
        _ => return Err(kind.malformed("no such operation is known here")),
    };
    findings.same(name, got, output.at(name)?.uint()?);

    let config = vector.at("config")?;
    let constants = [
        ("secondsPerSlot", SECONDS_PER_SLOT),
        ("intervalsPerSlot", INTERVALS_PER_SLOT),
        ("millisecondsPerInterval", MILLISECONDS_PER_INTERVAL),
    ];
    for (name, ours) in constants {
        findings.same(name, ours, config.at(name)?.uint()?);
    }
    Ok(())
}
