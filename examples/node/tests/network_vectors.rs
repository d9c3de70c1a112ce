//! The specification's own test vectors of what travels between nodes.
//!
//! They are read from `../shared/vectors` beside the workspace, or from the folder that `LEAN_VECTORS` names.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use node::network::wire::{
    MAX_PAYLOAD_SIZE, frames,
    message_id::MessageId,
    payload::write_payload,
    raw_snappy,
    request::decode_request,
    response::{Chunk, ErrorChunk, ResponseCode, decode_response, write_chunk},
    topic::{Topic, TopicKind},
    varint::{read_varint, write_varint},
};
use serde_json::Value;

/// Kinds of vector that are about what libp2p does, or about node records, which this code does not read.
const ELSEWHERE: [&str; 3] = ["enr", "peer_id", "gossipsub_rpc"];

#[test]
fn the_vectors_of_the_specification_hold() {
    let Some(folder) = vectors() else {
        // Written past the test harness, which would hide it: a skipped suite must not look like one that passed.
        let skipped =
            b"networking_codec: skipped, ../shared/vectors is not there; LEAN_VECTORS=<folder> names a copy\n";
        io::stderr().write_all(skipped).expect("standard error can be written");
        return;
    };
    let (mut held, mut elsewhere) = (0, 0);
    for file in json_files(&folder) {
        let text = fs::read_to_string(&file).expect("a listed file can be read");
        let cases: Value = serde_json::from_str(&text).expect("a vector file is JSON");
        for (name, case) in cases.as_object().expect("a vector file maps names to cases") {
            match check(case) {
                Checked::Held => held += 1,
                Checked::Elsewhere => elsewhere += 1,
                Checked::Broken(why) => panic!("{name}: {why}"),
            }
        }
    }
    println!("{held} vectors held, {elsewhere} are about other code");
    assert!(held > 0, "{} holds vectors that this test knows", folder.display());
}

enum Checked {
    Held,
    Elsewhere,
    Broken(String),
}

fn check(case: &Value) -> Checked {
    let (codec, output) = (&case["codec"], &case["output"]);
    let result = match text(codec, "kind") {
        "varint" => varint(codec, output),
        "snappy_block" => snappy_block(codec, output),
        "snappy_frame" => snappy_frame(codec, output),
        "gossip_topic" => gossip_topic(codec, output),
        "gossip_message_id" => gossip_message_id(codec, output),
        "reqresp_request" => request(codec, output),
        "reqresp_response" => response(std::slice::from_ref(codec), output),
        "reqresp_response_stream" => response(codec["chunks"].as_array().expect("a stream has chunks"), output),
        "decode_failure" => match decode_failure(codec) {
            Some(result) => result,
            None => return Checked::Elsewhere,
        },
        kind if ELSEWHERE.iter().any(|name| kind.contains(name)) => return Checked::Elsewhere,
        kind => Err(format!("no check for vectors of kind {kind}")),
    };
    match result {
        Ok(()) => Checked::Held,
        Err(why) => Checked::Broken(why),
    }
}

fn varint(codec: &Value, output: &Value) -> Result<(), String> {
    let value = codec["value"].as_u64().expect("a varint vector has a value");
    let encoded = bytes(output, "encoded");
    let mut ours = Vec::new();
    write_varint(value, &mut ours);
    same("encoding", &ours, &encoded)?;
    same("decoding", &read_varint(&encoded), &Ok((value, encoded.len())))
}

fn snappy_block(codec: &Value, output: &Value) -> Result<(), String> {
    let data = bytes(codec, "data");
    same("decoding", &raw_snappy::decompress(&bytes(output, "compressed")), &Ok(data.clone()))?;
    let ours = raw_snappy::compress(&data).expect("a vector is small enough");
    same("decoding of our own", &raw_snappy::decompress(&ours), &Ok(data))
}

fn snappy_frame(codec: &Value, output: &Value) -> Result<(), String> {
    let data = bytes(codec, "data");
    same("decoding", &frames::decompress(&bytes(output, "framed"), data.len()), &Ok(data.clone()))?;
    let ours = frames::compress(&data).expect("a vector is small enough");
    same("decoding of our own", &frames::decompress(&ours, data.len()), &Ok(data))
}

fn gossip_topic(codec: &Value, output: &Value) -> Result<(), String> {
    let kind = match text(codec, "topicKind") {
        "block" => TopicKind::Block,
        "aggregation" => TopicKind::Aggregation,
        "attestation" => TopicKind::Attestation { subnet: codec["subnetId"].as_u64().expect("a subnet has a number") },
        kind => return Err(format!("unknown kind of topic {kind}")),
    };
    let topic = Topic::new(text(codec, "networkName"), kind);
    let expected = text(output, "topicString");
    same("formatting", &topic.to_string().as_str(), &expected)?;
    same("parsing", &expected.parse(), &Ok(topic.clone()))?;
    match codec["expectedNetworkName"].as_str() {
        Some(name) => {
            same("the fork", &(topic.network_name == name), &output["forkValid"].as_bool().unwrap_or_default())
        }
        None => Ok(()),
    }
}

fn gossip_message_id(codec: &Value, output: &Value) -> Result<(), String> {
    let (topic, data) = (bytes(codec, "topic"), bytes(codec, "data"));
    let ours = match text(codec, "domain") {
        "0x01000000" => MessageId::of_valid(&topic, &data),
        "0x00000000" => MessageId::of_invalid(&topic, &data),
        domain => return Err(format!("unknown domain {domain}")),
    };
    same("id", &ours.0.to_vec(), &bytes(output, "messageId"))
}

fn request(codec: &Value, output: &Value) -> Result<(), String> {
    let ssz = bytes(codec, "sszData");
    same("decoding", &decode_request(&bytes(output, "encoded")), &Ok(ssz.clone()))?;
    let mut ours = Vec::new();
    write_payload(&ssz, &mut ours).expect("a vector is small enough");
    same("decoding of our own", &decode_request(&ours), &Ok(ssz))
}

fn response(chunks: &[Value], output: &Value) -> Result<(), String> {
    let expected: Vec<Chunk> = chunks.iter().map(chunk).collect();
    same("decoding", &decode_response(&bytes(output, "encoded")), &Ok(expected.clone()))?;
    let mut ours = Vec::new();
    for chunk in &expected {
        write_chunk(chunk.as_deref(), &mut ours).expect("a vector is small enough");
    }
    same("decoding of our own", &decode_response(&ours), &Ok(expected))
}

fn chunk(value: &Value) -> Chunk {
    let payload = bytes(value, "sszData");
    let code = value["responseCode"].as_u64().expect("a response has a code");
    match ResponseCode::from_byte(u8::try_from(code).expect("a code is a byte")) {
        ResponseCode::Success => Ok(payload),
        code => Err(ErrorChunk::new(code, &String::from_utf8(payload).expect("an error is a text"))),
    }
}

/// Returns `None` for what other code decodes.
fn decode_failure(codec: &Value) -> Option<Result<(), String>> {
    let raw = bytes(codec, "rawBytes");
    let refused = match text(codec, "decoder") {
        "varint" => read_varint(&raw).is_err(),
        "snappy_frame" => frames::decompress(&raw, MAX_PAYLOAD_SIZE).is_err(),
        "snappy_block" => raw_snappy::decompress(&raw).is_err(),
        "reqresp_request" => decode_request(&raw).is_err(),
        // The specification's decoder takes one chunk, and refuses an empty answer.
        "reqresp_response" => !decode_response(&raw).is_ok_and(|chunks| chunks.len() == 1),
        "gossip_topic" => std::str::from_utf8(&raw).map_or(true, |text| text.parse::<Topic>().is_err()),
        decoder if ELSEWHERE.iter().any(|name| decoder.contains(name)) => return None,
        decoder => return Some(Err(format!("no check for decoder {decoder}"))),
    };
    Some(same("refused", &refused, &true))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: &T, expected: &T) -> Result<(), String> {
    if ours == expected { Ok(()) } else { Err(format!("{what}: {ours:?} is not {expected:?}")) }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is a text"))
}

fn bytes(value: &Value, key: &str) -> Vec<u8> {
    let digits = text(value, key).strip_prefix("0x").unwrap_or_else(|| panic!("{key} is 0x-hex"));
    hex::decode(digits).unwrap_or_else(|error| panic!("{key} is hex: {error}"))
}

fn vectors() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("LEAN_VECTORS").map_or_else(|| workspace.join("../shared/vectors"), PathBuf::from);
    let folder = folder.join("networking_codec");
    folder.is_dir().then_some(folder)
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of vectors can be listed") {
        let path = entry.expect("a folder of vectors can be listed").path();
        if path.is_dir() {
            files.extend(json_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files
}
