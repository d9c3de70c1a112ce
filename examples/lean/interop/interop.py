"""Run two reference nodes and two of our nodes on one devnet, and check for agreement on head and finality.

Usage: python interop.py --checkout PATH_OF_LEANSPEC --python PYTHON [--node PATH_OF_OUR_NODE] [--until-finalized SLOT]

`--python` is an interpreter with the reference's dependencies except its prover: pydantic, typing-extensions, httpx,
aiohttp, cryptography, numpy, numba, aioquic, pyyaml, prometheus-client, pycryptodome. This script itself needs only
the standard library.

    spec_0 ──dials──▶ ours_0 ◀──dials── ours_1 ──dials──▶ spec_1

The two reference nodes are not connected, so messages between them pass through both of our nodes. In one connection
between the two programs the reference dials, in the other our node dials. Each node has one of four validators. Three
of them must vote to finalize a block.

With `--attack PATH_OF_HOSTILE`, a stranger sends invalid messages to the reference nodes. They forward gossip before they
validate it, so our nodes receive these messages from honest peers.

The script prints one line for each change of a node's view. It exits with 0 when all four nodes have finalized the slot
with the same block. Otherwise it exits with 1 and prints the last lines of the logs.
"""

import argparse
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ["spec_0", "spec_1", "ours_0", "ours_1"]
SLOT_SECONDS = 4


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=pathlib.Path, required=True, help="a checkout of leanEthereum/leanSpec")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with the reference's dependencies")
    parser.add_argument(
        "--node", type=pathlib.Path, default=HERE.parents[2] / "target/release/node", help="our program"
    )
    parser.add_argument("--until-finalized", type=int, default=4, metavar="SLOT", help="the slot to finalize")
    parser.add_argument("--within-slots", type=int, default=40, metavar="SLOTS", help="how long to wait for it")
    parser.add_argument("--genesis-delay", type=int, default=45, metavar="S", help="from now to slot 0, in seconds")
    parser.add_argument(
        "--late", choices=["spec_0", "ours_1"], help="start this node only after --late-by slots, with all to catch up"
    )
    parser.add_argument("--late-by", type=int, default=6, metavar="SLOTS", help="how long after slot 0 that is")
    parser.add_argument("--first-port", type=int, default=19600, help="the first of four UDP and four TCP ports")
    parser.add_argument("--keep", type=pathlib.Path, help="a directory to keep the genesis folder and the logs in")
    parser.add_argument("--unpatched-topics", action="store_true", help="leave the reference's subscriptions as they are")
    parser.add_argument("--any-s", action="store_true", help="leave the reference's signatures as they are")
    parser.add_argument(
        "--attack", type=pathlib.Path, metavar="HOSTILE",
        help="the program `hostile`: thirty invalid messages go to each reference node when all have finalized slot 1",
    )
    return parser.parse_args()


class Devnet:
    """Four processes, with the last report of each about its chain."""

    def __init__(self, options: argparse.Namespace, directory: pathlib.Path) -> None:
        self.options = options
        self.directory = directory
        self.folder = directory / "genesis"
        self.processes: dict[str, subprocess.Popen] = {}
        self.views: dict[str, dict] = {}
        self.said: queue.Queue[tuple[str, dict]] = queue.Queue()
        self.seen: dict[str, dict[int, str]] = {name: {} for name in NAMES}

    def write_genesis(self) -> float:
        """Write the genesis folder with our program, and return the start time of slot 0."""
        command = [self.options.node, "genesis", "--lean", self.folder, "--names", ",".join(NAMES), "--validators", "4"]
        command += ["--genesis-delay-s", str(self.options.genesis_delay)]
        command += ["--first-port", str(self.options.first_port)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = (self.folder / "nodes.yaml").read_text().splitlines()
        self.records = dict(zip(NAMES, [line.split('"')[1] for line in lines], strict=True))
        # The command lines below determine which node dials which.
        (self.folder / "nodes.yaml").write_text("[]\n")
        config = (self.folder / "config.yaml").read_text()
        return float(config.split("GENESIS_TIME:")[1].split()[0])

    def port(self, name: str) -> int:
        return self.options.first_port + NAMES.index(name)

    def api_port(self, name: str) -> int:
        return self.options.first_port + len(NAMES) + NAMES.index(name)

    def address(self, name: str) -> str:
        return f"/ip4/127.0.0.1/udp/{self.port(name)}/quic-v1"

    def spawn(self, name: str, command: list, stdout: object, **environment: str) -> subprocess.Popen:
        log = (self.directory / f"{name}.log").open("w")
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log if stdout is None else stdout,
            stderr=log,
            env={**os.environ, **environment},
        )
        self.processes[name] = process
        return process

    def start_ours(self, name: str, *peers: str) -> str:
        """Start one of our nodes, and return its peer id when it listens."""
        command = [self.options.node, "run", "--genesis", self.folder, "--node-id", name, "--json", "--in-memory", "--aggregator"]
        command += ["--listen", self.address(name), "--mock-aggregation-proofs"]
        command += ["--http-address", f"127.0.0.1:{self.api_port(name)}" if self.options.attack else "off"]
        for peer in peers:
            command += ["--peer", self.records[peer]]
        process = self.spawn(name, command, subprocess.PIPE)
        ready = json.loads(process.stdout.readline() or "{}")
        if "peer_id" not in ready:
            raise SystemExit(f"{name} did not start:\n{(self.directory / f'{name}.log').read_text()}")
        threading.Thread(target=self.listen_to_ours, args=(name, process.stdout), daemon=True).start()
        return ready["peer_id"]

    def listen_to_ours(self, name: str, lines: object) -> None:
        for line in lines:
            status = json.loads(line)
            if "head_root" not in status:
                continue
            self.said.put((name, {
                "head": (status["head_slot"], status["head_root"].removeprefix("0x")),
                "justified": (status["justified_slot"], status["justified_root"].removeprefix("0x")),
                "finalized": (status["finalized_slot"], status["finalized_root"].removeprefix("0x")),
                "peers": status["peers"],
            }))

    def start_reference(self, name: str, *bootnodes: str) -> None:
        command = [self.options.python, HERE / "reference_node.py", "--genesis", self.folder / "config.yaml"]
        command += ["--validator-keys", self.folder, "--node-id", name, "--node-key", self.folder / f"{name}.key"]
        command += ["--listen", self.address(name), "--api-port", self.api_port(name), "--is-aggregator", "--no-color"]
        for bootnode in bootnodes:
            command += ["--bootnode", bootnode]
        if self.options.unpatched_topics:
            command.append("--deaf-to-aggregates")
        if self.options.any_s:
            command.append("--any-s")
        path = str(self.options.checkout / "src")
        self.spawn(name, command, None, LEAN_ENV="test", PYTHONPATH=path, PYTHONUNBUFFERED="1")
        threading.Thread(target=self.ask_reference, args=(name,), daemon=True).start()

    def ask_reference(self, name: str) -> None:
        url = f"http://127.0.0.1:{self.api_port(name)}/lean/v0/fork_choice"
        while self.processes[name].poll() is None:
            time.sleep(1)
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    tree = json.load(answer)
            except OSError:
                continue
            slots = {node["root"]: node["slot"] for node in tree["nodes"]}
            head = tree["head"]
            self.said.put((name, {
                "head": (slots.get(head, 0), head.removeprefix("0x")),
                "justified": (tree["justified"]["slot"], tree["justified"]["root"].removeprefix("0x")),
                "finalized": (tree["finalized"]["slot"], tree["finalized"]["root"].removeprefix("0x")),
            }))

    def start(self) -> None:
        """Start the nodes, the dialled ones before the dialling ones, except the late node."""
        relay = self.start_ours("ours_0")
        starts = {
            "spec_1": lambda: self.start_reference("spec_1"),
            "ours_1": lambda: self.start_ours("ours_1", "ours_0", "spec_1"),
            "spec_0": lambda: self.start_reference("spec_0", f"{self.address('ours_0')}/p2p/{relay}"),
        }
        self.start_late = starts.pop(self.options.late, None)
        for start in starts.values():
            start()

    def attack_when_finalizing(self) -> bool:
        """Start the attacker once, when all nodes have finalized a block. It is connected to the references only."""
        views = [self.views.get(name, {"finalized": (0, "")}) for name in NAMES]
        if "attacker" in self.processes or any(view["finalized"][0] < 1 for view in views):
            return False
        command = [self.options.attack, "attack", "random-content-through-relays", "--identities", "2"]
        for name in ("spec_0", "spec_1"):
            command += ["--target", self.address(name)]
        command += ["--http", f"127.0.0.1:{self.api_port('ours_0')}", "--seconds", "20"]
        self.spawn("attacker", command, None)
        return True

    def watch(self, genesis: float) -> bool:
        """Print all changes until the nodes agree on a finalized slot at or after the goal."""
        deadline = genesis + self.options.within_slots * SLOT_SECONDS
        while time.time() < deadline:
            if self.start_late and time.time() >= genesis + self.options.late_by * SLOT_SECONDS:
                print(f"slot {self.options.late_by:>3}  {self.options.late}  starts", flush=True)
                self.start_late()
                self.start_late = None
            if self.options.attack and self.attack_when_finalizing():
                print(f"slot {int((time.time() - genesis) // SLOT_SECONDS):>3}  attacker  starts", flush=True)
            dead = [name for name in NAMES if name in self.processes and self.processes[name].poll() is not None]
            if dead:
                print(f"ended too early: {', '.join(dead)}")
                return False
            try:
                name, view = self.said.get(timeout=1)
            except queue.Empty:
                continue
            self.seen[name][view["finalized"][0]] = view["finalized"][1]
            before = self.views.get(name)
            self.views[name] = view
            if before is None or any(before[what] != view[what] for what in ("head", "justified", "finalized")):
                slot = int((time.time() - genesis) // SLOT_SECONDS)
                parts = ("head", "justified", "finalized")
                shown = "  ".join(f"{what} {view[what][0]:>3} {view[what][1][:8]}" for what in parts)
                print(f"slot {slot:>3}  {name}  {shown}", flush=True)
            if self.has_agreed():
                return True
        print("the time is up")
        return False

    def has_agreed(self) -> bool:
        """Return whether all nodes have finalized the same block at or after the goal, and exit on a conflict."""
        for slot in {slot for seen in self.seen.values() for slot in seen}:
            roots = {seen[slot] for seen in self.seen.values() if slot in seen}
            if len(roots) > 1:
                raise SystemExit(f"DISAGREEMENT: slot {slot} was finalized with the blocks {sorted(roots)}")
        finalized = [self.views.get(name, {"finalized": (-1, "")})["finalized"] for name in NAMES]
        return len(set(finalized)) == 1 and finalized[0][0] >= self.options.until_finalized

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def summary(self, agreed: bool) -> None:
        for name in ("spec_0", "spec_1"):
            blocks, valid = self.count(name, "Block processed"), self.count(name, "validation and signature ok")
            print(f"{name}: {blocks} blocks processed, {valid} votes and aggregates found valid")
        if "attacker" in self.processes:
            print((self.directory / "attacker.log").read_text(errors="replace").strip())
            for name in ("ours_0", "ours_1"):
                print(f"{name}: {self.count(name, 'leaving a peer that misbehaves')} peers banned")
        if agreed:
            slot, root = self.views["spec_0"]["finalized"]
            print(f"AGREED: all four have finalized slot {slot}, block 0x{root}")
            return
        for name in self.processes:
            log = self.directory / f"{name}.log"
            print(f"--- the end of {name}'s log ---")
            print("\n".join(log.read_text(errors="replace").splitlines()[-15:]))

    def count(self, name: str, text: str) -> int:
        log = self.directory / f"{name}.log"
        return log.read_text(errors="replace").count(text) if log.exists() else 0


def main() -> int:
    options = arguments()
    directory = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="lean-interop-"))
    directory.mkdir(parents=True, exist_ok=True)
    devnet = Devnet(options, directory)
    agreed = False
    try:
        genesis = devnet.write_genesis()
        devnet.start()
        agreed = devnet.watch(genesis)
    finally:
        devnet.stop()
        devnet.summary(agreed)
        if options.keep is None:
            shutil.rmtree(directory)
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
