//! SSZ encodings, hash tree roots, and invalid bytes.

mod shape;

use std::fmt::Debug;

use libssz::{SszDecode, SszEncode};
use libssz_merkle::{HashTreeRoot, Sha2Hasher};
use libssz_types::{SszBitvector, SszList, SszVector};

use crate::container::{self, Read, root};
use crate::field::{Field, Malformed};
use crate::ssz::shape::{
    BlocksByRangeRequest, BlocksByRootRequest, Digest, DigestList, HashTreeLayer, HashTreeOpening,
    Status,
};
use crate::verdict::Findings;
use consensus::{
    AggregatedAttestation, AggregationBits, Attestation, AttestationData, Block, BlockBody,
    BlockHeader, BlockRoots, Checkpoint, GenesisConfig, JustificationsValidators, JustifiedSlots,
    MultiMessageAggregate, Rejection, Root, SignedAggregatedAttestation, SignedAttestation,
    SignedBlock, SingleMessageAggregate, State, Validator, Validators,
};
use xmss::{PublicKey, Signature};

/// Decodes the vector's bytes as the named type, encodes the value again, and compares encoding,
/// root and value.
///
/// Vectors name their types, so each type needs a line here.
pub(super) fn check(vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let name = vector.at("typeName")?;
    let coded = Coded { vector, findings };
    match name.text()? {
        "Boolean" => coded.value(|value| value.flag()),
        "Uint8" => coded.value(narrow::<u8>),
        "Uint16" => coded.value(narrow::<u16>),
        "Uint32" => coded.value(narrow::<u32>),
        // The vector's value of this type is in the notation of the generator's language, so it is
        // not compared.
        "Fp" => coded.form::<shape::Fp>(),
        "Uint64" | "Slot" | "Interval" | "ValidatorIndex" | "SubnetId" => {
            coded.value(|value| value.uint())
        }
        "Bytes1" => coded.value(array::<1>),
        "Bytes4" => coded.value(array::<4>),
        "Bytes8" => coded.value(array::<8>),
        "Bytes16" => coded.value(array::<16>),
        "Bytes20" => coded.value(array::<20>),
        "Bytes32" => coded.value(root),
        "Bytes33" => coded.value(array::<33>),
        "Bytes52" => coded.value(|value| value.parsed::<PublicKey>()),
        "PublicKey" => coded.form::<shape::PublicKey>(),
        "Bytes64" => coded.value(array::<64>),
        "ByteList512KiB" => coded.value(container::proof_bytes),
        "AggregationBits" => coded.form::<AggregationBits>(),
        "HistoricalBlockHashes" | "JustificationRoots" => coded.form::<BlockRoots>(),
        "JustifiedSlots" => coded.form::<JustifiedSlots>(),
        "JustificationValidators" => coded.form::<JustificationsValidators>(),
        "SampleBitlist16" => coded.value(container::bits::<16>),
        "DecodeBitlist8" | "SmokeBitlist8" => coded.value(container::bits::<8>),
        "BoundaryBitlist256" => coded.value(container::bits::<256>),
        "BoundaryBitvector1" => coded.form::<SszBitvector<1>>(),
        "BoundaryBitvector7" => coded.form::<SszBitvector<7>>(),
        "SampleBitvector8" => coded.form::<SszBitvector<8>>(),
        "BoundaryBitvector9" => coded.form::<SszBitvector<9>>(),
        "DecodeBitvector16" => coded.form::<SszBitvector<16>>(),
        "SampleBitvector64" | "AttestationSubnets" => coded.form::<SszBitvector<64>>(),
        "BoundaryBitvector255" => coded.form::<SszBitvector<255>>(),
        "BoundaryBitvector256" => coded.form::<SszBitvector<256>>(),
        "BoundaryBitvector257" => coded.form::<SszBitvector<257>>(),
        "SampleBytes32List8" => coded.form::<SszList<Root, 8>>(),
        "SampleUint32List16" => coded.form::<SszList<u32, 16>>(),
        "BoundaryUint64List32" => coded.form::<SszList<u64, 32>>(),
        "SampleUint16Vector3" => coded.form::<SszVector<u16, 3>>(),
        "SampleUint64Vector4" => coded.form::<SszVector<u64, 4>>(),
        "HashDigestVector" => coded.form::<Digest>(),
        "HashDigestList" => coded.form::<DigestList>(),
        "HashTreeLayer" => coded.form::<HashTreeLayer>(),
        "HashTreeOpening" => coded.form::<HashTreeOpening>(),
        "Status" => coded.form::<Status>(),
        "RequestedBlockRoots" => coded.form::<SszList<Root, 1024>>(),
        "BlocksByRootRequest" => coded.form::<BlocksByRootRequest>(),
        "BlocksByRangeRequest" => coded.form::<BlocksByRangeRequest>(),
        "Checkpoint" => coded.value::<Checkpoint>(container::checkpoint),
        "AttestationData" => coded.value::<AttestationData>(container::attestation_data),
        "Attestation" => coded.value::<Attestation>(container::attestation),
        "AggregatedAttestation" => {
            coded.value::<AggregatedAttestation>(container::aggregated_attestation)
        }
        "SignedAttestation" => coded.value::<SignedAttestation>(container::signed_attestation),
        "SingleMessageAggregate" => {
            coded.value::<SingleMessageAggregate>(container::single_message_aggregate)
        }
        "SignedAggregatedAttestation" => {
            coded.value::<SignedAggregatedAttestation>(container::signed_aggregated_attestation)
        }
        "MultiMessageAggregate" => {
            coded.value::<MultiMessageAggregate>(container::multi_message_aggregate)
        }
        "Signature" => coded.value::<Signature>(container::signature),
        "BlockBody" => coded.value::<BlockBody>(container::body),
        "BlockHeader" => coded.value::<BlockHeader>(container::header),
        "Block" => coded.value::<Block>(container::block),
        "SignedBlock" => coded.value::<SignedBlock>(container::signed_block),
        "Validator" => coded.value::<Validator>(container::validator),
        "Validators" => coded.form::<Validators>(),
        "Config" | "GenesisConfig" => coded.value::<GenesisConfig>(container::config),
        "State" => coded.value::<State>(container::state),
        _ => Err(name.malformed("no such type is known here")),
    }
}

/// An encoding, with its expected value and root.
struct Coded<'a, 'b> {
    vector: &'a Field<'b>,
    findings: &'a mut Findings,
}

impl Coded<'_, '_> {
    /// Compares encoding and root. The vector's value is ignored, because encoding and root
    /// determine it.
    fn form<T: SszEncode + SszDecode + HashTreeRoot>(self) -> Result<(), Malformed> {
        self.decode::<T>().map(drop)
    }

    /// Compares encoding and root, and also the decoded value.
    fn value<T>(self, read: impl FnOnce(&Field<'_>) -> Read<T>) -> Result<(), Malformed>
    where
        T: SszEncode + SszDecode + HashTreeRoot + PartialEq + Debug,
    {
        let (vector, findings) = (self.vector, self.findings);
        if let Some(decoded) = (Coded { vector, findings: &mut *findings }).decode::<T>()? {
            findings.same("value", decoded, read(&vector.at("value")?)?);
        }
        Ok(())
    }

    fn decode<T: SszEncode + SszDecode + HashTreeRoot>(self) -> Result<Option<T>, Malformed> {
        let Self { vector, findings } = self;
        let input =
            vector.maybe("rawBytes").map_or_else(|| vector.at("serialized"), Ok)?.bytes()?;
        let expected = vector.maybe("rejectionReason").map(|reason| reason.text()).transpose()?;
        let decoded = T::from_ssz_bytes(&input);
        let refused = decoded.as_ref().err().map(|_| Rejection::DecodeError.to_string());
        findings.same_rejection(refused, expected);
        if expected.is_some() {
            return Ok(None);
        }
        let Ok(decoded) = decoded else { return Ok(None) };
        findings.same("serialized", hex::encode(decoded.to_ssz()), hex::encode(&input));
        findings.same(
            "root",
            Root::new(decoded.hash_tree_root(&Sha2Hasher)),
            root(&vector.at("root")?)?,
        );
        findings.same("encoded length", decoded.encoded_len(), input.len());
        Ok(Some(decoded))
    }
}

fn narrow<T: TryFrom<u64>>(value: &Field<'_>) -> Read<T> {
    T::try_from(value.uint()?).map_err(|_| value.malformed("too large for the type"))
}

fn array<const N: usize>(value: &Field<'_>) -> Read<[u8; N]> {
    value.bytes()?.try_into().map_err(|_| value.malformed(format_args!("not of {N} bytes")))
}
