//! The connection to the node: a thread that reads events, and connects again after each end.
//!
//! It hands events to the screen's thread through a channel of few places. A slow terminal slows
//! the reading, and the node skips events that newer ones have replaced.

use std::io::{self, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::Agent;

use crate::Address;
use crate::sse::Reader;
use lean_node::events::Event;

/// The time between two attempts to connect.
const REST: Duration = Duration::from_millis(500);

/// The time for a connection, and for the head of an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time for one stream. A node ends it after a minute or two.
const STREAM: Duration = Duration::from_secs(180);

/// The most events that wait for the screen.
const WAITING: usize = 16;

/// Something from the node.
#[derive(Debug)]
pub(crate) enum News {
    /// An event.
    Event(Box<Event>),
    /// The node does not send events now, and the reason. A stream that ends in order is no loss.
    Lost(String),
}

/// The screen's end of the thread.
pub(crate) struct Feed {
    news: Receiver<News>,
    /// Its drop ends a rest of the thread.
    _stop: SyncSender<()>,
}

/// The screen's thread has ended.
struct Ended;

impl Feed {
    /// Starts the thread.
    pub(crate) fn start(address: Address) -> io::Result<Self> {
        let (sender, news) = sync_channel(WAITING);
        let (stop, stopped) = sync_channel(1);
        let run = move || while let Ok(()) = connected(&address, &sender, &stopped) {};
        thread::Builder::new().name("feed".to_owned()).spawn(run)?;
        Ok(Self { news, _stop: stop })
    }

    /// Returns the next news, if there is one.
    pub(crate) fn next(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

/// Reads one stream to its end.
fn connected(
    address: &Address,
    news: &SyncSender<News>,
    stopped: &Receiver<()>,
) -> Result<(), Ended> {
    let give = |it| news.send(it).map_err(|_| Ended);
    let lost = match open(address) {
        Ok(mut events) => loop {
            match events.next() {
                Ok(Some(event)) => give(News::Event(Box::new(event)))?,
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        },
        Err(reason) => Some(reason),
    };
    if let Some(reason) = lost {
        give(News::Lost(reason))?;
    }
    match stopped.recv_timeout(REST) {
        Err(RecvTimeoutError::Timeout) => Ok(()),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(Ended),
    }
}

/// The events of a node.
pub(crate) type Events = Reader<BufReader<Box<dyn Read>>>;

/// Connects to the node's events. An error is its reason, in one line.
pub(crate) fn open(address: &Address) -> Result<Events, String> {
    let agent = Agent::config_builder()
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_recv_body(Some(STREAM))
        .max_redirects(0)
        .http_status_as_error(false)
        // The node is asked directly, without a proxy from the environment.
        .proxy(None)
        .user_agent(concat!("node-watch/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let answer = agent.get(address.events()).call().map_err(|error| error.to_string())?;
    let kind = answer.headers().get("content-type");
    match answer.status().as_u16() {
        200 if kind.is_some_and(|kind| kind == "text/event-stream") => {
            let body: Box<dyn Read> = Box::new(answer.into_body().into_reader());
            Ok(Reader::new(BufReader::new(body)))
        }
        200 | 404 => Err("no node with events answers there".to_owned()),
        421 => Err("it answers to an IP address or localhost only".to_owned()),
        429 | 503 => Err("all places for event streams are taken".to_owned()),
        other => Err(format!("it answers with status {other}")),
    }
}
