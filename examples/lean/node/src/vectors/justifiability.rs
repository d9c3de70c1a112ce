//! Which slots may be justified after which finalized slot.

use crate::consensus::is_justifiable_after;
use crate::vectors::field::{Field, Malformed};
use crate::vectors::verdict::Findings;

pub(super) fn check(vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let (slot, finalized) = (vector.at("slot")?.uint()?, vector.at("finalizedSlot")?.uint()?);
    let expected = vector.at("output")?.at("isJustifiable")?.flag()?;
    findings.same("isJustifiable", is_justifiable_after(slot, finalized), expected);
    Ok(())
}
