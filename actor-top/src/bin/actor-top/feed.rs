//! The connection to the process: a thread with one request after the other.
//!
//! The thread alone owns the socket. It hands events to the screen's thread through a channel of
//! one place, so a slow terminal slows the looks, and nothing piles up. It ends when the screen's
//! thread has dropped its end.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use actor_top::Client;

use crate::update::Event;

/// The time between two attempts to connect.
const REST: Duration = Duration::from_millis(500);

/// The screen's end of the thread.
pub(crate) struct Feed {
    events: Receiver<Event>,
    /// Its drop ends a rest of the thread.
    _stop: SyncSender<()>,
}

impl Feed {
    /// Starts the thread.
    pub(crate) fn start(path: PathBuf, interval: Duration) -> io::Result<Self> {
        let (sender, events) = sync_channel(1);
        let (stop, stopped) = sync_channel(1);
        let feeder = Feeder { path, interval, sender, stopped };
        thread::Builder::new().name("feed".to_owned()).spawn(move || feeder.run())?;
        Ok(Self { events, _stop: stop })
    }

    /// Returns the next event, if there is one.
    pub(crate) fn next(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}

/// The screen's thread has ended.
struct Ended;

struct Feeder {
    path: PathBuf,
    interval: Duration,
    sender: SyncSender<Event>,
    stopped: Receiver<()>,
}

impl Feeder {
    fn run(self) {
        while let Ok(()) = self.connected() {}
    }

    /// Looks until the connection is lost.
    fn connected(&self) -> Result<(), Ended> {
        let why = match Client::connect(&self.path) {
            Ok(client) => self.looks(client)?,
            Err(error) => error,
        };
        self.give(Event::Lost(words(&why)))?;
        self.rest(REST)
    }

    fn looks(&self, mut client: Client) -> Result<io::Error, Ended> {
        loop {
            match client.look() {
                Ok(seen) => self.give(Event::Seen(Box::new(seen)))?,
                Err(why) => return Ok(why),
            }
            self.rest(self.interval)?;
        }
    }

    fn give(&self, event: Event) -> Result<(), Ended> {
        self.sender.send(event).map_err(|_| Ended)
    }

    fn rest(&self, time: Duration) -> Result<(), Ended> {
        match self.stopped.recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(Ended),
        }
    }
}

/// Returns the reason for a lost connection.
pub(crate) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            "the process has closed the connection".to_owned()
        }
        io::ErrorKind::ConnectionRefused => "the process has ended".to_owned(),
        io::ErrorKind::NotFound => "there is no such socket".to_owned(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        _ => error.to_string(),
    }
}
