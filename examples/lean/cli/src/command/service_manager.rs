//! Messages to a service manager such as systemd, in the protocol of `sd_notify`.
//!
//! The manager names a socket in the environment. Without one, nothing is sent.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use lean_node::health::{Condition, HealthView};
use lean_node::report::StatusLine;

/// Sends messages to the service manager. Cheap to clone.
///
/// A message that cannot be sent without waiting is dropped. A manager that misses a watchdog's
/// message ends the program, as it would with a stuck node.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceManager {
    socket: Option<Arc<UnixDatagram>>,
    /// The time within which the manager expects a sign of life.
    watchdog: Option<Duration>,
}

/// A running watchdog. Dropping it ends its messages.
#[derive(Debug)]
pub(super) struct Watchdog {
    _running: SyncSender<()>,
}

/// The variables of the protocol.
#[derive(Clone, Debug, Default)]
struct Variables {
    socket: Option<OsString>,
    watchdog_microseconds: Option<String>,
    watchdog_process: Option<String>,
}

impl ServiceManager {
    /// Connects to the manager named in the environment, if there is one.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error if the socket is named and cannot be used.
    pub(super) fn from_environment() -> io::Result<Self> {
        Self::connect(&Variables {
            socket: env::var_os("NOTIFY_SOCKET"),
            watchdog_microseconds: env::var("WATCHDOG_USEC").ok(),
            watchdog_process: env::var("WATCHDOG_PID").ok(),
        })
    }

    fn connect(variables: &Variables) -> io::Result<Self> {
        let Some(name) = variables.socket.as_ref().filter(|name| !name.is_empty()) else {
            return Ok(Self::default());
        };
        let socket = Arc::new(connect(name)?);
        Ok(Self { socket: Some(socket), watchdog: variables.watchdog() })
    }

    /// Reports the end of the start.
    pub(super) fn ready(&self) {
        self.send("READY=1");
    }

    /// Asks for this much time for the start, from now.
    pub(super) fn extend_start(&self, time: Duration) {
        self.send(&format!("EXTEND_TIMEOUT_USEC={}", time.as_micros()));
    }

    /// Reports the beginning of the stop, and its reason.
    pub(super) fn stopping(&self, reason: &str) {
        self.send(&format!("STOPPING=1\nSTATUS={}", one_line(reason)));
    }

    /// Reports the state of the node.
    pub(super) fn status(&self, status: &StatusLine) {
        if self.socket.is_none() {
            return;
        }
        let notes: String = status.notes.iter().map(|note| format!("; {note}")).collect();
        self.send(&format!(
            "STATUS=slot {}: head {}, finalized {}, {} peers{}",
            status.slot,
            status.head_slot,
            status.finalized_slot,
            status.peers,
            one_line(&notes)
        ));
    }

    /// Starts the signs of life, if the manager expects them: twice in its time, and only while the
    /// node is healthy.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error if there is no room for a thread.
    pub(super) fn start_watchdog(&self, health: HealthView) -> io::Result<Option<Watchdog>> {
        let Some(time) = self.watchdog else { return Ok(None) };
        let (running, stopped) = sync_channel::<()>(1);
        let manager = self.clone();
        thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
            loop {
                if health.condition() == Condition::Healthy {
                    manager.send("WATCHDOG=1");
                }
                match stopped.recv_timeout(time / 2) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Some(Watchdog { _running: running }))
    }

    fn send(&self, message: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(message.as_bytes());
        }
    }
}

impl Variables {
    /// Returns the time within which this process must give signs of life, if it must.
    fn watchdog(&self) -> Option<Duration> {
        let is_ours = self
            .watchdog_process
            .as_ref()
            .is_none_or(|process| process.parse() == Ok(process::id()));
        let microseconds = self.watchdog_microseconds.as_ref()?.parse().ok()?;
        (is_ours && microseconds > 0).then(|| Duration::from_micros(microseconds))
    }
}

/// Connects to a socket in the file system, or with a leading `@` to one in Linux's abstract
/// namespace. Sending never blocks.
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match name.as_bytes() {
        [b'@', name @ ..] => connect_abstract(&socket, name)?,
        _ => socket.connect(name)?,
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn connect_abstract(socket: &UnixDatagram, name: &[u8]) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::SocketAddr;
    socket.connect_addr(&SocketAddr::from_abstract_name(name)?)
}

#[cfg(not(target_os = "linux"))]
fn connect_abstract(_socket: &UnixDatagram, _name: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(socket: &UnixDatagram) -> String {
        let mut message = [0; 4096];
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let length = socket.recv(&mut message).expect("a message comes");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }

    fn named(socket: impl Into<OsString>) -> Variables {
        Variables { socket: Some(socket.into()), ..Variables::default() }
    }

    #[test]
    fn messages_reach_a_socket_in_the_file_system() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let manager = ServiceManager::connect(&named(&path)).expect("it is there");
        manager.ready();
        assert_eq!(receive(&socket), "READY=1");
        manager.status(&StatusLine {
            slot: 7,
            head_slot: 6,
            notes: vec!["a\nb".to_owned()],
            ..StatusLine::default()
        });
        assert_eq!(receive(&socket), "STATUS=slot 7: head 6, finalized 0, 0 peers; a b");
        manager.stopping("a signal");
        assert_eq!(receive(&socket), "STOPPING=1\nSTATUS=a signal");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn messages_reach_a_socket_in_the_abstract_namespace() {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::net::SocketAddr;
        let name = format!("lean-node-test-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket");
        let manager = ServiceManager::connect(&named(format!("@{name}"))).expect("it is there");
        manager.ready();
        assert_eq!(receive(&socket), "READY=1");
    }

    #[test]
    fn a_manager_that_never_reads_blocks_nobody() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("notify");
        let _socket = UnixDatagram::bind(&path).expect("a socket");
        let manager = ServiceManager::connect(&named(&path)).expect("it is there");
        (0..100_000).for_each(|_| manager.ready());
    }

    #[test]
    fn without_a_socket_nothing_is_sent_and_a_wrong_socket_is_an_error() {
        let manager = ServiceManager::connect(&Variables::default()).expect("nothing to do");
        manager.ready();
        assert!(manager.socket.is_none());
        assert!(ServiceManager::connect(&named("/nonexistent/notify")).is_err());
    }

    #[test]
    fn a_watchdog_is_for_the_process_it_names() {
        let watchdog = |microseconds: &str, process: Option<u32>| {
            let watchdog_process = process.map(|process| process.to_string());
            let watchdog_microseconds = Some(microseconds.to_owned());
            Variables { watchdog_microseconds, watchdog_process, ..Variables::default() }.watchdog()
        };
        let own = process::id();
        assert_eq!(watchdog("3000000", None), Some(Duration::from_secs(3)));
        assert_eq!(watchdog("3000000", Some(own)), Some(Duration::from_secs(3)));
        assert_eq!(watchdog("3000000", Some(own + 1)), None);
        assert_eq!(watchdog("0", Some(own)), None);
        assert_eq!(watchdog("soon", Some(own)), None);
    }
}
