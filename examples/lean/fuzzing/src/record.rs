//! Node records, as bytes and as text.

use network::{MAX_RECORD_SIZE, NodeRecord};

/// Checks the binary form of a record.
pub fn node_record(bytes: &[u8]) {
    let Ok(record) = NodeRecord::from_rlp(bytes) else { return };
    assert!(bytes.len() <= MAX_RECORD_SIZE);
    assert_eq!(record.to_rlp(), bytes, "two encodings of one record");
    check(&record);
    assert_eq!(record.to_string().parse().as_ref(), Ok(&record), "its text is another record");
}

/// Checks the text form of a record.
pub fn node_record_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(record) = text.parse::<NodeRecord>() else { return };
    assert!(record.to_rlp().len() <= MAX_RECORD_SIZE);
    assert_eq!(record.to_string(), text.trim().trim_end_matches('='), "two texts of one record");
    check(&record);
}

/// Calls every accessor of a record.
fn check(record: &NodeRecord) {
    if record.verify_signature() {
        assert!(
            record.node_id().is_some() && record.peer_id().is_some(),
            "signed with a key that it does not have"
        );
    }
    assert_eq!(
        record.node_id().is_some(),
        record.peer_id().is_some(),
        "a key is a point for one and not for the other"
    );
    if record.is_valid() {
        assert_eq!(record.identity_scheme(), Some("v4"));
    }
    if record.multiaddr().is_some() {
        assert!(record.ip4().is_some() && record.quic_port().or(record.udp_port()).is_some());
    }
    assert!(record.attestation_subnets().is_none_or(|subnets| subnets.len() <= 64));
    let _ = (record.eth2(), record.is_aggregator(), record.seq());
}
