//! Topics, message ids, and gossipsub RPCs.

use crate::field::{Field, Malformed};
use crate::verdict::Findings;
use wire::{
    gossip_rpc::{
        Control, Graft, IHave, MessageIds, Prune, Published, Rpc, Subscription, decode_rpc,
        encode_rpc,
    },
    message_id::MessageId,
    topic::{Topic, TopicKind},
};

pub(super) fn topic(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let kind = codec.at("topicKind")?;
    let kind = match kind.text()? {
        "block" => TopicKind::Block,
        "aggregation" => TopicKind::Aggregation,
        "attestation" => TopicKind::Attestation { subnet: codec.at("subnetId")?.uint()? },
        _ => return Err(kind.malformed("no such kind of topic is known here")),
    };
    let topic = Topic::new(codec.at("networkName")?.text()?, kind);
    let expected = output.at("topicString")?.text()?;
    findings.same("topicString", topic.to_string().as_str(), expected);
    let parsed = expected.parse::<Topic>();
    if let Some(name) = codec.maybe("expectedNetworkName") {
        let is_ours = parsed
            .as_ref()
            .is_ok_and(|topic| Some(topic.network_name.as_str()) == name.text().ok());
        findings.same("forkValid", is_ours, output.at("forkValid")?.flag()?);
    }
    findings.same("parsing", parsed, Ok(topic));
    Ok(())
}

pub(super) fn message_id(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let (topic, data) = (codec.at("topic")?.bytes()?, codec.at("data")?.bytes()?);
    let domain = codec.at("domain")?;
    let ours = match domain.bytes()?.as_slice() {
        [1, 0, 0, 0] => MessageId::of_valid(&topic, &data),
        [0, 0, 0, 0] => MessageId::of_invalid(&topic, &data),
        _ => return Err(domain.malformed("no such domain is known here")),
    };
    findings.same("messageId", hex::encode(ours.0), hex::encode(output.at("messageId")?.bytes()?));
    Ok(())
}

pub(super) fn rpc(
    codec: &Field<'_>,
    output: &Field<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let expected = output.at("encoded")?.bytes()?;
    let ours = Rpc {
        subscriptions: codec.at("subscriptions")?.each(subscription)?,
        publish: codec.at("publish")?.each(published)?,
        // The node sends no empty control message.
        control: codec
            .maybe("control")
            .map(|field| control(&field))
            .transpose()?
            .filter(|it| *it != Control::default()),
    };
    findings.same("encoding", hex::encode(encode_rpc(&ours)), hex::encode(&expected));
    findings.same("decoding", decode_rpc(&expected), Ok(ours));
    Ok(())
}

fn subscription(field: &Field<'_>) -> Result<Subscription, Malformed> {
    let (subscribe, topic_id) =
        (field.at("subscribe")?.flag()?, field.at("topicId")?.text()?.to_owned());
    Ok(Subscription { subscribe: Some(subscribe), topic_id: Some(topic_id) })
}

fn published(field: &Field<'_>) -> Result<Published, Malformed> {
    let bytes = |key: &str| -> Result<_, Malformed> {
        let bytes = field.maybe(key).map(|bytes| bytes.bytes()).transpose()?;
        Ok(bytes.filter(|bytes| !bytes.is_empty()))
    };
    Ok(Published {
        from: bytes("fromPeer")?,
        data: bytes("data")?,
        seqno: bytes("seqno")?,
        topic: name(field, "topic")?,
        signature: bytes("signature")?,
        key: bytes("key")?,
    })
}

fn control(field: &Field<'_>) -> Result<Control, Malformed> {
    Ok(Control {
        ihave: field
            .at("ihave")?
            .each(|it| Ok(IHave { topic_id: name(it, "topicId")?, message_ids: ids(it)? }))?,
        iwant: field.at("iwant")?.each(|it| Ok(MessageIds { message_ids: ids(it)? }))?,
        graft: field.at("graft")?.each(|it| Ok(Graft { topic_id: name(it, "topicId")? }))?,
        prune: field.at("prune")?.each(|it| {
            let backoff = Some(it.at("backoff")?.uint()?).filter(|seconds| *seconds > 0);
            Ok(Prune { topic_id: name(it, "topicId")?, backoff })
        })?,
        idontwant: field.at("idontwant")?.each(|it| Ok(MessageIds { message_ids: ids(it)? }))?,
    })
}

/// Reads a name. An empty name is not sent, so it becomes `None`.
fn name(field: &Field<'_>, key: &str) -> Result<Option<String>, Malformed> {
    let name = field.maybe(key).map(|name| name.text()).transpose()?;
    Ok(name.filter(|name| !name.is_empty()).map(str::to_owned))
}

fn ids(field: &Field<'_>) -> Result<Vec<Vec<u8>>, Malformed> {
    field.at("messageIds")?.each(Field::bytes)
}
