//! Encodings, hash tree roots, and bytes that must not decode.

use libssz::{SszDecode, SszEncode};
use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_merkle::{HashTreeRoot, Sha2Hasher};
use libssz_types::{SszBitlist, SszBitvector, SszList, SszVector};
use node::consensus::{Attestation, Checkpoint, MultiMessageAggregate, ProofBytes, Root, Validators};
use node::xmss::{PublicKey, Signature};
use serde_json::Value;

use crate::case::{Case, differs, run};
use crate::parse;

type Digest = SszVector<u32, 8>;

/// The scheme's own lists are bounded by twice the leaves of a bottom tree: 32 in the test scheme.
type DigestList = SszList<Digest, 32>;

#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
struct HashTreeLayer {
    start_index: u64,
    nodes: DigestList,
}

#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
struct HashTreeOpening {
    siblings: DigestList,
}

#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
struct Status {
    finalized: Checkpoint,
    head: Checkpoint,
}

#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
struct BlocksByRootRequest {
    roots: SszList<Root, 1024>,
}

#[test]
fn ssz() {
    run("ssz", |case| {
        let value = &case.vector["value"];
        match case.vector["typeName"].as_str().expect("a vector names its type") {
            "Boolean" => bytes::<bool>(case),
            "Uint8" => bytes::<u8>(case),
            "Uint16" => bytes::<u16>(case),
            "Uint32" | "Fp" => bytes::<u32>(case),
            "Uint64" => bytes::<u64>(case),
            "Bytes4" => bytes::<[u8; 4]>(case),
            "Bytes32" => bytes::<Root>(case),
            "Bytes52" | "PublicKey" => bytes::<PublicKey>(case),
            "Bytes64" => bytes::<[u8; 64]>(case),
            "ByteList512KiB" => bytes::<ProofBytes>(case),
            "SampleBitlist16" => bytes::<SszBitlist<16>>(case),
            "DecodeBitlist8" | "SmokeBitlist8" => bytes::<SszBitlist<8>>(case),
            "BoundaryBitlist256" => bytes::<SszBitlist<256>>(case),
            "BoundaryBitvector1" => bytes::<SszBitvector<1>>(case),
            "BoundaryBitvector7" => bytes::<SszBitvector<7>>(case),
            "BoundaryBitvector255" => bytes::<SszBitvector<255>>(case),
            "BoundaryUint64List32" => bytes::<SszList<u64, 32>>(case),
            "DecodeBitvector16" => bytes::<SszBitvector<16>>(case),
            "SampleBitvector8" => bytes::<SszBitvector<8>>(case),
            "SampleBitvector64" | "AttestationSubnets" => bytes::<SszBitvector<64>>(case),
            "BoundaryBitvector9" => bytes::<SszBitvector<9>>(case),
            "BoundaryBitvector256" => bytes::<SszBitvector<256>>(case),
            "BoundaryBitvector257" => bytes::<SszBitvector<257>>(case),
            "SampleBytes32List8" => bytes::<SszList<Root, 8>>(case),
            "SampleUint32List16" => bytes::<SszList<u32, 16>>(case),
            "SampleUint16Vector3" => bytes::<SszVector<u16, 3>>(case),
            "SampleUint64Vector4" => bytes::<SszVector<u64, 4>>(case),
            "HashTreeLayer" => bytes::<HashTreeLayer>(case),
            "HashTreeOpening" => bytes::<HashTreeOpening>(case),
            "Status" => bytes::<Status>(case),
            "BlocksByRootRequest" => bytes::<BlocksByRootRequest>(case),
            "Attestation" => bytes::<Attestation>(case),
            "Checkpoint" => container(case, || parse::checkpoint(value)),
            "AttestationData" => container(case, || parse::attestation_data(value)),
            "AggregatedAttestation" => container(case, || parse::aggregated_attestation(value)),
            "SignedAttestation" => container(case, || parse::signed_attestation(value)),
            "SingleMessageAggregate" => container(case, || parse::single_message_aggregate(value)),
            "SignedAggregatedAttestation" => container(case, || parse::signed_aggregated_attestation(value)),
            "MultiMessageAggregate" => {
                container(case, || MultiMessageAggregate { proof: parse::proof_bytes(&value["proof"]) })
            }
            "Signature" => container(case, || Signature::from_bytes(&parse::bytes(value)).expect("well formed")),
            "BlockBody" => container(case, || parse::body(value)),
            "BlockHeader" => container(case, || parse::header(value)),
            "Block" => container(case, || parse::block(value)),
            "SignedBlock" => container(case, || parse::signed_block(value)),
            "Validator" => container(case, || parse::validator(value)),
            "Validators" => bytes::<Validators>(case),
            "Config" | "GenesisConfig" => container(case, || parse::config(value)),
            "State" => container(case, || parse::state(value)),
            name => vec![format!("no such type here: {name}")],
        }
    });
}

/// Decodes and encodes again, and compares the root.
fn bytes<T: SszEncode + SszDecode + HashTreeRoot>(case: &Case) -> Vec<String> {
    check::<T>(case).map_or_else(|wrong| wrong, |_| Vec::new())
}

/// Compares what was decoded with the vector's value, too.
fn container<T>(case: &Case, value: impl FnOnce() -> T) -> Vec<String>
where
    T: SszEncode + SszDecode + HashTreeRoot + PartialEq + std::fmt::Debug,
{
    match check::<T>(case) {
        Err(wrong) => wrong,
        Ok(None) => Vec::new(),
        Ok(Some(decoded)) => differs("value", decoded, value()).into_iter().collect(),
    }
}

fn check<T: SszEncode + SszDecode + HashTreeRoot>(case: &Case) -> Result<Option<T>, Vec<String>> {
    let input = case.vector.get("rawBytes").filter(|raw| !raw.is_null()).unwrap_or(&case.vector["serialized"]);
    let input = parse::bytes(input);
    match (T::from_ssz_bytes(&input), case.vector.get("rejectionReason").and_then(Value::as_str)) {
        (Err(_), Some("DECODE_ERROR")) => Ok(None),
        (Ok(_), Some(reason)) => Err(vec![format!("expected {reason}, got a value")]),
        (Err(error), reason) => Err(vec![format!("expected {}, got {error}", reason.unwrap_or("a value"))]),
        (Ok(decoded), None) => {
            let root = Root::new(decoded.hash_tree_root(&Sha2Hasher));
            let wrong: Vec<_> = [
                differs("serialized", hex::encode(decoded.to_ssz()), hex::encode(&input)),
                differs("root", root, parse::root(&case.vector["root"])),
                differs("encoded length", decoded.encoded_len(), input.len()),
            ]
            .into_iter()
            .flatten()
            .collect();
            if wrong.is_empty() { Ok(Some(decoded)) } else { Err(wrong) }
        }
    }
}
