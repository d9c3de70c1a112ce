//! Encodings used between nodes. The node's output must equal the specification's, or must decode
//! to the same value.
//!
//! Reading order: [`stream`] (integers, compression, requests, responses), [`gossip`] (topics, ids,
//! RPCs) and [`identity`] (node records, peer ids).

mod gossip;
mod identity;
mod stream;

use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use network::NodeRecord;
use wire::{
    MAX_PAYLOAD_SIZE, frames, gossip_rpc::decode_rpc, raw_snappy, request::decode_request,
    response::decode_response, topic::Topic, varint::read_varint,
};

pub(super) fn check(vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let (codec, output) = (vector.at("codec")?, vector.at("output")?);
    let kind = codec.at("kind")?;
    match kind.text()? {
        "varint" => stream::varint(&codec, &output, findings),
        "snappy_block" => stream::snappy_block(&codec, &output, findings),
        "snappy_frame" => stream::snappy_frame(&codec, &output, findings),
        "reqresp_request" => stream::request(&codec, &output, findings),
        "reqresp_response" => stream::response(std::slice::from_ref(&codec), &output, findings),
        "reqresp_response_stream" => {
            stream::response(&codec.at("chunks")?.list()?, &output, findings)
        }
        "gossip_topic" => gossip::topic(&codec, &output, findings),
        "gossip_message_id" => gossip::message_id(&codec, &output, findings),
        "gossipsub_rpc" => gossip::rpc(&codec, &output, findings),
        "enr" => identity::enr(&codec, &output, findings),
        "peer_id" => identity::peer_id(&codec, &output, findings),
        "decode_failure" => decode_failure(vector, &codec, findings),
        _ => Err(kind.malformed("no such kind is known here")),
    }
}

/// Checks for a decoding error.
fn decode_failure(
    vector: &Field<'_>,
    codec: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let raw = codec.at("rawBytes")?.bytes()?;
    let decoder = codec.at("decoder")?;
    let refused = match decoder.text()? {
        "varint" => read_varint(&raw).is_err(),
        "snappy_frame" => frames::decompress(&raw, MAX_PAYLOAD_SIZE).is_err(),
        "snappy_block" => raw_snappy::decompress(&raw).is_err(),
        "gossipsub_rpc" => decode_rpc(&raw).is_err(),
        "gossip_topic" => {
            std::str::from_utf8(&raw).map_or(true, |text| text.parse::<Topic>().is_err())
        }
        "reqresp_request" => decode_request(&raw).is_err(),
        // The specification's decoder reads exactly one chunk and rejects an empty answer.
        "reqresp_response" => !decode_response(&raw).is_ok_and(|chunks| chunks.len() == 1),
        "enr" => NodeRecord::from_rlp(&raw).is_err(),
        _ => return Err(decoder.malformed("no such decoder is known here")),
    };
    let got = refused.then(|| String::from("DECODE_ERROR"));
    findings.same_rejection(got, Some(vector.at("rejectionReason")?.text()?));
    Ok(())
}
