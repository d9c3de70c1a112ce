//! Integers, compression, requests and responses.
//!
//! Compressors differ. The node's compressed output is therefore decoded again, and not compared
//! byte by byte with the generator's.

use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use wire::{
    frames,
    payload::write_payload,
    raw_snappy,
    request::decode_request,
    response::{Chunk, ErrorChunk, ResponseCode, decode_response, write_chunk},
    varint::{read_varint, write_varint},
};

pub(super) fn varint(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let value = codec.at("value")?.uint()?;
    let encoded = output.at("encoded")?.bytes()?;
    let mut ours = Vec::new();
    write_varint(value, &mut ours);
    findings.same("encoding", hex::encode(&ours), hex::encode(&encoded));
    findings.same("byteLength", ours.len() as u64, output.at("byteLength")?.uint()?);
    findings.same("decoding", read_varint(&encoded), Ok((value, encoded.len())));
    Ok(())
}

pub(super) fn snappy_block(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let data = codec.at("data")?;
    let (bytes, compressed) = (data.bytes()?, output.at("compressed")?.bytes()?);
    findings.same("decoding", raw_snappy::decompress(&compressed), Ok(bytes.clone()));
    let ours = raw_snappy::compress(&bytes).map_err(|error| data.malformed(error))?;
    findings.same("decoding of our own", raw_snappy::decompress(&ours), Ok(bytes));
    Ok(())
}

pub(super) fn snappy_frame(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let data = codec.at("data")?;
    let (bytes, framed) = (data.bytes()?, output.at("framed")?.bytes()?);
    findings.same("decoding", frames::decompress(&framed, bytes.len()), Ok(bytes.clone()));
    let ours = frames::compress(&bytes).map_err(|error| data.malformed(error))?;
    findings.same("decoding of our own", frames::decompress(&ours, bytes.len()), Ok(bytes));
    Ok(())
}

pub(super) fn request(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let data = codec.at("sszData")?;
    let ssz = data.bytes()?;
    findings.same("decoding", decode_request(&output.at("encoded")?.bytes()?), Ok(ssz.clone()));
    let mut ours = Vec::new();
    write_payload(&ssz, &mut ours).map_err(|error| data.malformed(error))?;
    findings.same("decoding of our own", decode_request(&ours), Ok(ssz));
    Ok(())
}

pub(super) fn response(
    chunks: &[Field<'_>],
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let expected: Vec<Chunk> = chunks.iter().map(chunk).collect::<Result<_, _>>()?;
    let encoded = output.at("encoded")?;
    findings.same("decoding", decode_response(&encoded.bytes()?), Ok(expected.clone()));
    let mut ours = Vec::new();
    for chunk in &expected {
        write_chunk(chunk.as_deref(), &mut ours).map_err(|error| encoded.malformed(error))?;
    }
    findings.same("decoding of our own", decode_response(&ours), Ok(expected));
    Ok(())
}

fn chunk(field: &Field<'_>) -> Result<Chunk, Malformed> {
    let (payload, code) = (field.at("sszData")?.bytes()?, field.at("responseCode")?);
    let byte = u8::try_from(code.uint()?).map_err(|_| code.malformed("not a byte"))?;
    Ok(match ResponseCode::from_byte(byte) {
        ResponseCode::Success => Ok(payload),
        // The text is for people. Only a bounded part of it is sent, but a received text is shown
        // in full.
        code => Err(ErrorChunk { code, message: String::from_utf8_lossy(&payload).into_owned() }),
    })
}
