//! Conversion of a vector's JSON to the consensus containers.

use libssz_types::SszBitlist;

use crate::field::{Field, Malformed};
use consensus::{
    AggregatedAttestation, AggregatedAttestations, AggregationBits, Attestation, AttestationData,
    Block, BlockBody, BlockHeader, BlockRoots, Checkpoint, GenesisConfig, MultiMessageAggregate,
    ProofBytes, Root, SignedAggregatedAttestation, SignedAttestation, SignedBlock,
    SingleMessageAggregate, State, Validator, Validators,
};
use xmss::Signature;

/// The result of reading a value from a vector.
pub(super) type Read<T> = Result<T, Malformed>;

pub(super) fn root(field: &Field<'_>) -> Read<Root> {
    field.parsed()
}

pub(super) fn roots(field: &Field<'_>) -> Read<BlockRoots> {
    field.each(root)?.try_into().map_err(|_| field.malformed("more roots than a state holds"))
}

pub(super) fn bits<const N: usize>(field: &Field<'_>) -> Read<SszBitlist<N>> {
    field.bits()?.try_into().map_err(|_| field.malformed(format_args!("more than {N} bits")))
}

pub(super) fn checkpoint(field: &Field<'_>) -> Read<Checkpoint> {
    Ok(Checkpoint { root: root(&field.at("root")?)?, slot: field.at("slot")?.uint()? })
}

pub(super) fn attestation_data(field: &Field<'_>) -> Read<AttestationData> {
    Ok(AttestationData {
        slot: field.at("slot")?.uint()?,
        head: checkpoint(&field.at("head")?)?,
        target: checkpoint(&field.at("target")?)?,
        source: checkpoint(&field.at("source")?)?,
    })
}

pub(super) fn attestation(field: &Field<'_>) -> Read<Attestation> {
    let validator_index = field.at("validatorIndex")?.uint()?;
    Ok(Attestation { validator_index, data: attestation_data(&field.at("data")?)? })
}

pub(super) fn aggregated_attestation(field: &Field<'_>) -> Read<AggregatedAttestation> {
    let aggregation_bits = bits(&field.at("aggregationBits")?)?;
    Ok(AggregatedAttestation { aggregation_bits, data: attestation_data(&field.at("data")?)? })
}

/// Reads the bytes of a proof: plain hex, or an object with the hex under `data`.
pub(super) fn proof_bytes(field: &Field<'_>) -> Read<ProofBytes> {
    let bytes = field.maybe("data").unwrap_or_else(|| field.clone()).bytes()?;
    bytes.try_into().map_err(|_| field.malformed("a proof of more than 512 KiB"))
}

pub(super) fn single_message_aggregate(field: &Field<'_>) -> Read<SingleMessageAggregate> {
    let participants: AggregationBits = bits(&field.at("participants")?)?;
    Ok(SingleMessageAggregate { participants, proof: proof_bytes(&field.at("proof")?)? })
}

pub(super) fn multi_message_aggregate(field: &Field<'_>) -> Read<MultiMessageAggregate> {
    Ok(MultiMessageAggregate { proof: proof_bytes(&field.at("proof")?)? })
}

pub(super) fn signed_aggregated_attestation(
    field: &Field<'_>,
) -> Read<SignedAggregatedAttestation> {
    let proof = single_message_aggregate(&field.at("proof")?)?;
    Ok(SignedAggregatedAttestation { data: attestation_data(&field.at("data")?)?, proof })
}

pub(super) fn signature(field: &Field<'_>) -> Read<Signature> {
    Signature::from_bytes(&field.bytes()?).map_err(|error| field.malformed(error))
}

pub(super) fn signed_attestation(field: &Field<'_>) -> Read<SignedAttestation> {
    let Attestation { validator_index, data } = attestation(field)?;
    Ok(SignedAttestation { validator_index, data, signature: signature(&field.at("signature")?)? })
}

pub(super) fn body(field: &Field<'_>) -> Read<BlockBody> {
    let attestations = field.at("attestations")?;
    let votes = attestations.each(aggregated_attestation)?;
    let too_many = |_| attestations.malformed("more votes than a body holds");
    Ok(BlockBody { attestations: AggregatedAttestations::try_from(votes).map_err(too_many)? })
}

pub(super) fn block(field: &Field<'_>) -> Read<Block> {
    Ok(Block {
        slot: field.at("slot")?.uint()?,
        proposer_index: field.at("proposerIndex")?.uint()?,
        parent_root: root(&field.at("parentRoot")?)?,
        state_root: root(&field.at("stateRoot")?)?,
        body: body(&field.at("body")?)?,
    })
}

pub(super) fn signed_block(field: &Field<'_>) -> Read<SignedBlock> {
    let proof = multi_message_aggregate(&field.at("proof")?)?;
    Ok(SignedBlock { block: block(&field.at("block")?)?, proof })
}

pub(super) fn header(field: &Field<'_>) -> Read<BlockHeader> {
    Ok(BlockHeader {
        slot: field.at("slot")?.uint()?,
        proposer_index: field.at("proposerIndex")?.uint()?,
        parent_root: root(&field.at("parentRoot")?)?,
        state_root: root(&field.at("stateRoot")?)?,
        body_root: root(&field.at("bodyRoot")?)?,
    })
}

pub(super) fn validator(field: &Field<'_>) -> Read<Validator> {
    Ok(Validator {
        attestation_public_key: field.at("attestationPublicKey")?.parsed()?,
        proposal_public_key: field.at("proposalPublicKey")?.parsed()?,
        index: field.at("index")?.uint()?,
    })
}

/// Reads a registry. Each validator's index must equal its position in the list.
pub(super) fn validators(field: &Field<'_>) -> Read<Validators> {
    let entries = field.each(validator)?;
    if entries.iter().zip(0..).any(|(entry, place)| entry.index != place) {
        return Err(field.malformed("a validator is not at the place that it names"));
    }
    let keys =
        entries.iter().map(|entry| (entry.attestation_public_key, entry.proposal_public_key));
    Validators::new(keys).ok_or_else(|| field.malformed("more validators than a registry holds"))
}

pub(super) fn config(field: &Field<'_>) -> Read<GenesisConfig> {
    Ok(GenesisConfig { genesis_time: field.at("genesisTime")?.uint()? })
}

pub(super) fn state(field: &Field<'_>) -> Read<State> {
    Ok(State {
        config: config(&field.at("config")?)?,
        slot: field.at("slot")?.uint()?,
        latest_block_header: header(&field.at("latestBlockHeader")?)?,
        latest_justified: checkpoint(&field.at("latestJustified")?)?,
        latest_finalized: checkpoint(&field.at("latestFinalized")?)?,
        historical_block_hashes: roots(&field.at("historicalBlockHashes")?)?,
        justified_slots: bits(&field.at("justifiedSlots")?)?,
        validators: validators(&field.at("validators")?)?,
        justifications_roots: roots(&field.at("justificationsRoots")?)?,
        justifications_validators: bits(&field.at("justificationsValidators")?)?,
    })
}
