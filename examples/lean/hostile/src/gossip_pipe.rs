//! Gossipsub frames written by hand: repeated, contradicting or malformed ones included.

use std::io;
use std::time::Duration;

use futures::io::AsyncWriteExt;
use tokio::time::timeout;
use wire::gossip_rpc::{Control, Published, Rpc, Subscription, encode_rpc};
use wire::topic::{DEFAULT_NETWORK_NAME, Topic, TopicKind};
use wire::varint::write_varint;

use crate::link::{Link, Stream};
use crate::negotiation::read_answer;

/// The protocol of the frames. The specification's node speaks this version only.
pub const MESHSUB: &str = "/meshsub/1.2.0";

/// The time limit for the victim to agree to the protocol.
const AGREEING: Duration = Duration::from_secs(3);

/// The topics of the network.
pub const TOPICS: [TopicKind; 3] =
    [TopicKind::Block, TopicKind::Aggregation, TopicKind::Attestation { subnet: 0 }];

/// The sending side of gossip.
#[derive(Debug)]
pub struct GossipPipe {
    stream: Stream,
}

impl GossipPipe {
    /// Opens a stream for frames and subscribes to all topics.
    ///
    /// # Errors
    ///
    /// Returns an error if no stream can be opened.
    pub async fn open(link: &Link) -> io::Result<Self> {
        let mut stream = link.open_with(MESHSUB).await?;
        stream.flush().await?;
        timeout(AGREEING, read_answer(&mut stream, MESHSUB)).await??;
        let mut pipe = Self { stream };
        pipe.send(&subscriptions(true, TOPICS.iter().map(|kind| topic(*kind)))).await?;
        Ok(pipe)
    }

    /// Sends a frame. Waits while the victim's flow control requires it.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection or the stream is closed.
    pub async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.stream.write_all(frame).await?;
        self.stream.flush().await
    }
}

/// Returns the name of a topic.
pub fn topic(kind: TopicKind) -> String {
    Topic::new(DEFAULT_NETWORK_NAME, kind).to_string()
}

/// Returns the frame of an RPC: its length, and its protobuf.
pub fn frame(rpc: &Rpc) -> Vec<u8> {
    framed(&encode_rpc(rpc))
}

/// Returns bytes with their length in front, whether they are an RPC or not.
pub fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(bytes.len() + 5);
    write_varint(bytes.len() as u64, &mut frame);
    frame.extend_from_slice(bytes);
    frame
}

/// Returns the frame of one message with this compressed payload.
pub fn message(topic: String, compressed: Vec<u8>) -> Vec<u8> {
    frame(&Rpc { publish: vec![published(topic, compressed)], ..Rpc::default() })
}

/// Returns a message with this compressed payload.
pub fn published(topic: String, compressed: Vec<u8>) -> Published {
    Published { data: Some(compressed), topic: Some(topic), ..Published::default() }
}

/// Returns the frame that subscribes to topics or unsubscribes from them.
pub fn subscriptions(subscribe: bool, topics: impl Iterator<Item = String>) -> Vec<u8> {
    let subscription = |topic| Subscription { subscribe: Some(subscribe), topic_id: Some(topic) };
    frame(&Rpc { subscriptions: topics.map(subscription).collect(), ..Rpc::default() })
}

/// Returns the frame of control messages.
pub fn control(control: Control) -> Vec<u8> {
    frame(&Rpc { control: Some(control), ..Rpc::default() })
}
