//! From the vectors' JSON to the containers.

use std::str::FromStr;

use libssz_types::SszBitlist;
use node::consensus::{
    AggregatedAttestation, AggregatedAttestations, AggregationBits, AttestationData, Block, BlockBody, BlockHeader,
    BlockRoots, Checkpoint, GenesisConfig, MultiMessageAggregate, ProofBytes, Root, SignedAggregatedAttestation,
    SignedAttestation, SignedBlock, SingleMessageAggregate, State, Validator, Validators,
};
use node::xmss::{PublicKey, Signature};
use serde_json::Value;

pub(crate) fn uint(value: &Value) -> u64 {
    let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.unwrap_or_else(|| panic!("{value} is not an unsigned integer"))
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not text"));
    hex::decode(text.trim_start_matches("0x")).expect("bytes are hex")
}

pub(crate) fn parsed<T: FromStr>(value: &Value) -> T {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not text"));
    text.parse().unwrap_or_else(|_| panic!("{text} does not parse"))
}

pub(crate) fn root(value: &Value) -> Root {
    parsed(value)
}

/// The elements of a list, which is a plain array or has its elements under `data`.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.get("data").unwrap_or(value).as_array().unwrap_or_else(|| panic!("{value} is not a list"))
}

pub(crate) fn roots(value: &Value) -> BlockRoots {
    list(value).iter().map(root).collect::<Vec<_>>().try_into().expect("the list is within its limit")
}

pub(crate) fn bits<const N: usize>(value: &Value) -> SszBitlist<N> {
    let bits: Vec<bool> = list(value).iter().map(|bit| bit.as_bool().expect("a bit is a boolean")).collect();
    bits.try_into().expect("the bits are within their limit")
}

pub(crate) fn checkpoint(value: &Value) -> Checkpoint {
    Checkpoint { root: root(&value["root"]), slot: uint(&value["slot"]) }
}

pub(crate) fn attestation_data(value: &Value) -> AttestationData {
    AttestationData {
        slot: uint(&value["slot"]),
        head: checkpoint(&value["head"]),
        target: checkpoint(&value["target"]),
        source: checkpoint(&value["source"]),
    }
}

pub(crate) fn aggregated_attestation(value: &Value) -> AggregatedAttestation {
    AggregatedAttestation { aggregation_bits: bits(&value["aggregationBits"]), data: attestation_data(&value["data"]) }
}

pub(crate) fn proof_bytes(value: &Value) -> ProofBytes {
    bytes(value.get("data").unwrap_or(value)).try_into().expect("a proof is within its limit")
}

pub(crate) fn single_message_aggregate(value: &Value) -> SingleMessageAggregate {
    let participants: AggregationBits = bits(&value["participants"]);
    SingleMessageAggregate { participants, proof: proof_bytes(&value["proof"]) }
}

pub(crate) fn signed_aggregated_attestation(value: &Value) -> SignedAggregatedAttestation {
    SignedAggregatedAttestation {
        data: attestation_data(&value["data"]),
        proof: single_message_aggregate(&value["proof"]),
    }
}

pub(crate) fn signed_attestation(value: &Value) -> SignedAttestation {
    SignedAttestation {
        validator_index: uint(&value["validatorIndex"]),
        data: attestation_data(&value["data"]),
        signature: Signature::from_bytes(&bytes(&value["signature"])).expect("the signature is well formed"),
    }
}

pub(crate) fn body(value: &Value) -> BlockBody {
    let attestations: Vec<_> = list(&value["attestations"]).iter().map(aggregated_attestation).collect();
    BlockBody { attestations: AggregatedAttestations::try_from(attestations).expect("the votes are within the limit") }
}

pub(crate) fn block(value: &Value) -> Block {
    Block {
        slot: uint(&value["slot"]),
        proposer_index: uint(&value["proposerIndex"]),
        parent_root: root(&value["parentRoot"]),
        state_root: root(&value["stateRoot"]),
        body: body(&value["body"]),
    }
}

pub(crate) fn signed_block(value: &Value) -> SignedBlock {
    let proof = MultiMessageAggregate { proof: proof_bytes(&value["proof"]["proof"]) };
    SignedBlock { block: block(&value["block"]), proof }
}

pub(crate) fn header(value: &Value) -> BlockHeader {
    BlockHeader {
        slot: uint(&value["slot"]),
        proposer_index: uint(&value["proposerIndex"]),
        parent_root: root(&value["parentRoot"]),
        state_root: root(&value["stateRoot"]),
        body_root: root(&value["bodyRoot"]),
    }
}

pub(crate) fn validator(value: &Value) -> Validator {
    Validator {
        attestation_public_key: parsed::<PublicKey>(&value["attestationPublicKey"]),
        proposal_public_key: parsed::<PublicKey>(&value["proposalPublicKey"]),
        index: uint(&value["index"]),
    }
}

pub(crate) fn validators(value: &Value) -> Validators {
    let entries: Vec<_> = list(value).iter().map(validator).collect();
    assert!(entries.iter().zip(0..).all(|(entry, place)| entry.index == place), "the registry is in order");
    Validators::new(entries.iter().map(|entry| (entry.attestation_public_key, entry.proposal_public_key)))
        .expect("the registry is within its limit")
}

pub(crate) fn config(value: &Value) -> GenesisConfig {
    GenesisConfig { genesis_time: uint(&value["genesisTime"]) }
}

pub(crate) fn state(value: &Value) -> State {
    State {
        config: config(&value["config"]),
        slot: uint(&value["slot"]),
        latest_block_header: header(&value["latestBlockHeader"]),
        latest_justified: checkpoint(&value["latestJustified"]),
        latest_finalized: checkpoint(&value["latestFinalized"]),
        historical_block_hashes: roots(&value["historicalBlockHashes"]),
        justified_slots: bits(&value["justifiedSlots"]),
        validators: validators(&value["validators"]),
        justifications_roots: roots(&value["justificationsRoots"]),
        justifications_validators: bits(&value["justificationsValidators"]),
    }
}
