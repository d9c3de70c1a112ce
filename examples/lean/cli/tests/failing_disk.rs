//! Nodes with a disk that is full, and with a disk that fails. The disks are real: a small one in
//! memory, a file system on such a disk, and the system's limit for the size of a file.

mod support;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lean_node::report::ReportLine;
use support::{Network, RunningNode};

/// The exit code of a node with a disk that is full or fails.
const DISK_FAILED: i32 = 74;

/// A mounted file system.
struct Mounted(PathBuf);

impl Mounted {
    /// Mounts a file system, or returns the reason why this is not possible here.
    fn mount(arguments: &[&OsStr], at: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&at).expect("it is writable");
        run(Command::new("mount").args(arguments).arg(&at))?;
        Ok(Self(at))
    }

    /// Mounts a disk in memory.
    fn in_memory(size: &str, at: PathBuf) -> Result<Self, String> {
        let size = format!("size={size}");
        let arguments = ["-t", "tmpfs", "-o", &size, "tmpfs"];
        Self::mount(&arguments.map(OsStr::new), at)
    }

    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).expect("a new file");
        let mut size = 1 << 16;
        while size > 0 {
            match file.write(&vec![1; size]) {
                Ok(written) if written > 0 => {}
                _ => size /= 2,
            }
        }
        path
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(output) } else { Err(said) }
}

/// Returns the files of two nodes, and a running one of them. Each needs the votes of the other.
fn network() -> (Network, RunningNode) {
    let network = Network::write(2);
    let other = RunningNode::start(network.run(1));
    (network, other)
}

fn keeping(network: &Network, folder: &Path) -> Command {
    let mut command = network.run(0);
    command.arg("--data-dir").arg(folder);
    command
}

/// Waits until a node has finalized a later slot, and returns it.
fn finalizes_after(node: &RunningNode, slot: u64) -> u64 {
    let line = node.until(|line| match line {
        ReportLine::Status(status) => status.finalized_slot > slot,
        ReportLine::Failed(failed) => panic!("{failed:?}"),
        _ => false,
    });
    let ReportLine::Status(status) = line else { unreachable!("it was waited for") };
    status.finalized_slot
}

/// Waits for the end of a node with a broken disk. Returns the newest finalized slot that it
/// announced.
fn ends_because_of_its_disk(node: RunningNode, mut announced: u64, said: &str) -> u64 {
    loop {
        match node.until(|_| true) {
            ReportLine::Status(status) => announced = status.finalized_slot,
            ReportLine::Failed(failed) => assert_eq!(failed.part, "storage", "{failed:?}"),
            ReportLine::Stopped(_) => break,
            _ => {}
        }
    }
    let (status, log) = node.end();
    assert_eq!(status.code(), Some(DISK_FAILED), "{log}");
    let loud = log.lines().find(|line| line.contains("THE CHAIN IS NOT KEPT ANY MORE"));
    let loud = loud.unwrap_or_else(|| panic!("{log}"));
    assert!(loud.contains("ERROR") && loud.contains(said), "{loud}");
    let last = log.lines().last().expect("there is a log");
    assert!(last.starts_with("error: the node has stopped, because its part storage"), "{last}");
    announced
}

/// Starts a node with a disk that works again: it goes on above everything that it announced.
fn goes_on(network: &Network, folder: &Path, announced: u64) {
    let node = RunningNode::start(keeping(network, folder));
    assert!(finalizes_after(&node, announced) > announced);
    node.terminate();
    let (status, log) = node.end();
    assert!(status.success(), "{log}");
    assert!(log.contains("the chain of the earlier run goes on"), "{log}");
}

#[test]
fn a_full_disk_ends_the_node_with_its_own_code_and_the_node_goes_on_with_room() {
    let (network, _other) = network();
    let disk = match Mounted::in_memory("2m", network.directory().join("disk")) {
        Ok(disk) => disk,
        Err(error) => return println!("SKIPPED: no disk can be mounted here: {error}"),
    };
    let folder = disk.0.join("chain");
    let node = RunningNode::start(keeping(&network, &folder));
    let announced = finalizes_after(&node, 0);
    let filler = disk.fill();
    let announced = ends_because_of_its_disk(node, announced, "make room on the disk");
    // There is no room at the next start either, so that the node refuses or ends again.
    fs::remove_file(filler).expect("it was written");
    goes_on(&network, &folder, announced);
}

#[test]
fn a_limit_for_files_ends_the_node_with_the_same_code_and_the_node_goes_on_without_it() {
    let (network, _other) = network();
    let folder = network.directory().join("chain");
    let plain = keeping(&network, &folder);
    // The signal of the limit would end the process before the node sees the error.
    let script = "trap '' XFSZ; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(plain.get_program()).args(plain.get_args());
    let node = RunningNode::start(command);
    let announced = finalizes_after(&node, 0);
    let size = fs::metadata(folder.join("chain.redb")).expect("it is there").len();
    let limit = format!("--fsize={size}");
    let process = node.id().to_string();
    if let Err(error) = run(Command::new("prlimit").args(["--pid", &process, &limit])) {
        return println!("SKIPPED: no limit can be set here: {error}");
    }
    let announced = ends_because_of_its_disk(node, announced, "make room on the disk");
    goes_on(&network, &folder, announced);
}

#[test]
fn a_disk_that_fails_ends_the_node_with_its_own_code_and_the_node_goes_on_when_it_works() {
    let (network, _other) = network();
    let image = network.directory().join("image");
    let mounted = Mounted::in_memory("24m", image.clone()).and_then(|memory| {
        // The disk has more blocks than there is memory for. Those without memory fail.
        let image = image.join("disk");
        let file = File::create(&image).and_then(|file| file.set_len(64 << 20));
        file.map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4").arg("-q").arg(&image))?;
        let arguments = ["-o".as_ref(), "loop".as_ref(), image.as_os_str()];
        Ok((Mounted::mount(&arguments, network.directory().join("disk"))?, memory, image))
    });
    let (disk, memory, image) = match mounted {
        Ok(mounted) => mounted,
        Err(error) => return println!("SKIPPED: no disk can be mounted here: {error}"),
    };
    let folder = disk.0.join("chain");
    let node = RunningNode::start(keeping(&network, &folder));
    let announced = finalizes_after(&node, 0);
    let filler = memory.fill();
    let announced = ends_because_of_its_disk(node, announced, "cannot ");
    fs::remove_file(filler).expect("it was written");
    // The file system is read-only after a failure of its journal.
    drop(disk);
    let arguments = ["-o".as_ref(), "loop".as_ref(), image.as_os_str()];
    let disk = Mounted::mount(&arguments, network.directory().join("disk")).expect("it works");
    goes_on(&network, &folder, announced);
    drop(disk);
    drop(memory);
}
