//! The slots that may be justified after a finalized slot.

use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use consensus::is_justifiable_after;

pub(super) fn check(vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let (slot, finalized) = (vector.at("slot")?.uint()?, vector.at("finalizedSlot")?.uint()?);
    let expected = vector.at("output")?.at("isJustifiable")?.flag()?;
    findings.same("isJustifiable", is_justifiable_after(slot, finalized), expected);
    Ok(())
}
