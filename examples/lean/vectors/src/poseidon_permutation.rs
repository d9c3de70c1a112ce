//! The Poseidon permutation used by the signature scheme, at both of its widths.

use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use xmss::{ORDER, permute_16, permute_24};

pub(super) fn check(vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let (input, width) = (vector.at("inputState")?, vector.at("width")?);
    let elements = input.each(element)?;
    let wrong_length =
        |elements: Vec<u32>| input.malformed(format_args!("{} elements", elements.len()));
    let got = match width.uint()? {
        16 => permute_16(elements.try_into().map_err(wrong_length)?).to_vec(),
        24 => permute_24(elements.try_into().map_err(wrong_length)?).to_vec(),
        _ => return Err(width.malformed("no permutation of this width is known here")),
    };
    findings.same("outputState", got, vector.at("outputState")?.each(element)?);
    Ok(())
}

fn element(field: &Field<'_>) -> Result<u32, Malformed> {
    let element = field.uint()?;
    u32::try_from(element)
        .ok()
        .filter(|element| *element < ORDER)
        .ok_or_else(|| field.malformed("not below the field's order"))
}
