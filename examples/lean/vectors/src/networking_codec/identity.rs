//! The identity of a node: node records and peer ids.

use libp2p_identity::PeerId;
use libp2p_identity::{PublicKey, ecdsa, ed25519, secp256k1};

use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use network::NodeRecord;

pub(super) fn enr(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let text = codec.at("enrString")?.text()?;
    let record: NodeRecord = match text.parse() {
        Ok(record) => record,
        Err(error) => {
            findings.differ("decoding", error.to_string(), "a record");
            return Ok(());
        }
    };
    findings.same("text", record.to_string().as_str(), text);
    let rlp = record.to_rlp();
    findings.same("rlp", hex::encode(&rlp), hex::encode(output.at("rlp")?.bytes()?));
    findings.same("decoding of our own", NodeRecord::from_rlp(&rlp), Ok(record.clone()));
    findings.same("seq", record.seq(), output.at("seq")?.uint()?);
    findings.same("isAggregator", record.is_aggregator(), output.at("isAggregator")?.flag()?);
    findings.same(
        "signatureValid",
        record.verify_signature(),
        output.at("signatureValid")?.flag()?,
    );
    findings.same("isValid", record.is_valid(), output.at("isValid")?.flag()?);

    let text =
        |key: &str| output.maybe(key).map(|field| field.text().map(str::to_owned)).transpose();
    let number = |key: &str| output.maybe(key).map(|field| field.uint()).transpose();
    let hex_of = |bytes: Option<&[u8]>| bytes.map(|bytes| format!("0x{}", hex::encode(bytes)));
    findings.same(
        "identityScheme",
        record.identity_scheme().map(str::to_owned),
        text("identityScheme")?,
    );
    findings.same(
        "nodeId",
        hex_of(record.node_id().as_ref().map(<[u8; 32]>::as_slice)),
        text("nodeId")?,
    );
    findings.same(
        "publicKey",
        hex_of(record.public_key().as_ref().map(<[u8; 33]>::as_slice)),
        text("publicKey")?,
    );
    findings.same("ip4", record.ip4().map(|ip| ip.to_string()), text("ip4")?);
    findings.same("udpPort", record.udp_port().map(u64::from), number("udpPort")?);
    findings.same("quicPort", record.quic_port().map(u64::from), number("quicPort")?);
    findings.same(
        "multiaddr",
        record.multiaddr().map(|address| address.to_string()),
        text("multiaddr")?,
    );

    let subnets =
        output.maybe("attestationSubnets").map(|subnets| subnets.each(Field::uint)).transpose()?;
    findings.same("attestationSubnets", record.attestation_subnets(), subnets);
    let eth2 = record.eth2();
    findings.same("eth2Data", eth2.is_some(), output.maybe("eth2Data").is_some());
    if let (Some(eth2), Some(expected)) = (eth2, output.maybe("eth2Data")) {
        let bytes = |key: &str| expected.at(key)?.bytes();
        findings.same("forkDigest", eth2.fork_digest.to_vec(), bytes("forkDigest")?);
        findings.same(
            "nextForkVersion",
            eth2.next_fork_version.to_vec(),
            bytes("nextForkVersion")?,
        );
        findings.same("nextForkEpoch", eth2.next_fork_epoch, expected.at("nextForkEpoch")?.uint()?);
    }
    Ok(())
}

pub(super) fn peer_id(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let (kind, key) = (codec.at("keyType")?, codec.at("publicKey")?);
    let bytes = key.bytes()?;
    let public_key: PublicKey = match kind.text()? {
        "ed25519" => ed25519::PublicKey::try_from_bytes(&bytes).map(PublicKey::from),
        "secp256k1" => secp256k1::PublicKey::try_from_bytes(&bytes).map(PublicKey::from),
        "ecdsa" => ecdsa::PublicKey::try_decode_der(&bytes).map(PublicKey::from),
        _ => return Err(kind.malformed("no node of this network has a key of this type")),
    }
    .map_err(|error| key.malformed(error))?;
    let protobuf = public_key.encode_protobuf();
    findings.same(
        "protobufEncoded",
        hex::encode(protobuf),
        hex::encode(output.at("protobufEncoded")?.bytes()?),
    );
    let expected = output.at("peerId")?;
    findings.same("peerId", public_key.to_peer_id().to_string().as_str(), expected.text()?);
    let parsed = expected.text()?.parse::<PeerId>().ok();
    findings.same("parsing", parsed, Some(public_key.to_peer_id()));
    Ok(())
}
