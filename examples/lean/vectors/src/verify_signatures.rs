//! The proof of a signed block: the statements it must prove, and its verification.

use crate::container::{signed_block, state};
use crate::field::{Field, Malformed};
use crate::proof_setting::{ProofSetting, UNVERIFIABLE};
use crate::verdict::Findings;
use consensus::{ProofScheme as _, Rejection, Root, block_statements};

/// Returns the reason for skipping the vector, if any: all checks except the proof pass, and the
/// proof is a real one.
pub(super) fn cannot_run(vector: &Field<'_>) -> Result<Option<&'static str>, Malformed> {
    let depends_on_proof = verify(vector, ProofSetting::Real)?.is_ok();
    let is_real = ProofSetting::of(vector)? == ProofSetting::Real;
    Ok((depends_on_proof && is_real).then_some(UNVERIFIABLE))
}

pub(super) fn check(vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let got =
        verify(vector, ProofSetting::of(vector)?)?.err().map(|rejection| rejection.to_string());
    let expected = vector.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
    findings.same_rejection(got, expected);
    Ok(())
}

fn verify(vector: &Field<'_>, proofs: ProofSetting) -> Result<Result<(), Rejection>, Malformed> {
    let (anchor, signed) =
        (state(&vector.at("anchorState")?)?, signed_block(&vector.at("signedBlock")?)?);
    // An empty proof is invalid in every proof system.
    let is_empty = signed.proof.proof.is_empty();
    let statements = block_statements(&signed.block, Root::of(&signed.block), &anchor.validators);
    Ok(statements.and_then(|statements| {
        let shown = !is_empty && proofs.verify_merged(&signed.proof, &statements).is_ok();
        if shown { Ok(()) } else { Err(Rejection::InvalidBlockProof) }
    }))
}
