// The newest event of each kind, and the parts of the page.

const latest = {};
const changed = new Set();
let lastEvent = performance.now();
let isStale = false;
let isRefused = false;

function drawNode(node) {
  say($("name"), node.name || "Lean node");
  say($("clock"), `slot ${node.slot}.${node.interval}`);
  [0, 1, 2, 3, 4].forEach((n) => $(`i${n}`).classList.toggle("past", n <= node.interval));
  for (const part of ["head", "justified", "finalized"]) {
    say($(part), node[part].slot);
    say($(`${part}-root`), rootName(node[part].root));
  }
  say($("blocks"), short(node.blocks_imported));
  say($("blocks-more"), `waiting: ${short(node.pending_blocks)}, votes: ${short(node.pending_votes)}`);
  say($("foot"), `${node.own_validators} of ${node.validators} validators`
    + `${node.is_aggregator ? ", aggregates" : ""}; up ${span(node.uptime_s * 1000)}; version ${node.version} on ${node.runtime}; `
    + `ticks ${node.tick_lateness_ms.last} ms late, ${node.tick_lateness_ms.max} ms at most; ${node.missed_intervals} intervals missed`);
}

// The state of the node and of the connection. A stuck owner is named also by its silence.
function drawState() {
  const node = latest.node;
  const silent = performance.now() - lastEvent;
  isStale = silent > 3000;
  document.body.classList.toggle("stale", isStale && Boolean(node));
  const phase = isStale ? "no data" : node ? node.phase : "connecting";
  say($("phase"), phase);
  $("phase").dataset.phase = phase;
  document.title = `${phase} · ${node ? node.name : "Lean node"}`;
  const lines = [];
  if (isStale && isRefused) lines.push("The node refuses another stream of events: close other views of it.");
  if (isStale) lines.push(`No event for ${span(silent)}. The page connects again by itself.`);
  if (node) {
    const isStuck = node.phase === "stuck";
    if (isStuck) lines.push(`The chain's owner is stuck for ${span(node.behind_ms)}.`);
    else if (node.reason) lines.push(`${node.reason[0].toUpperCase()}${node.reason.slice(1)}.`);
    if (!isStuck && node.behind_ms > 2 * node.interval_ms) lines.push(`The chain's owner is ${span(node.behind_ms)} late.`);
    for (const finding of node.findings) lines.push(`${finding.text} (for ${span(finding.lasts_ms)})`);
    if (node.warnings.length) lines.push(`Warnings: ${node.warnings.map((kind) => kind.replaceAll("_", " ")).join(", ")}.`);
    lines.push(...node.notes);
  }
  const isAlarm = isStale || (node && (["stuck", "failed"].includes(node.phase) || node.findings.length > 0));
  $("notice").classList.toggle("alarm", Boolean(isAlarm));
  say($("notice"), lines.join(" "));
}

function drawPeers(peers) {
  say($("peers"), short(peers.connected));
  say($("peers-more"), `${peers.configured_connected}/${peers.configured} configured`);
  const make = () => element("tr");
  rows($("peer-rows"), peers.peers, (peer) => peer.id, make, (row, peer) => {
    cells(row, [peerName(peer.id), peer.is_configured ? "configured" : "stranger",
      peer.is_inbound ? "in" : "out", peer.connected_min, peer.points], 3);
    row.title = peer.id;
  });
  rows($("ban-rows"), peers.banned, (ban) => ban.id, make, (row, ban) => {
    cells(row, [peerName(ban.id), ban.left_min], 1);
    row.title = ban.id;
  });
  const more = (count) => (count > 0 ? `, ${short(count)} not shown` : "");
  say($("peer-more"), `strangers: ${peers.strangers_inbound} in, ${peers.strangers_outbound} out; in mesh: ${peers.in_mesh}${more(peers.peers_left_out)}`);
  say($("ban-more"), `${short(peers.bans)} bans since the start${more(peers.banned_left_out)}`);
}

function drawTally(votes) {
  say($("votes"), short(votes.received_now));
  say($("votes-more"), `aggregates: ${short(votes.counted)}`);
}

function newActor() {
  const actor = element("div", null, "actor");
  const title = element("h3", actor);
  actor.name = element("b", title);
  actor.doing = element("span", title);
  actor.lanes = element("div", actor);
  return actor;
}

function newLane() {
  const lane = element("div", null, "lane");
  lane.name = element("span", lane);
  const bar = element("i", lane, "bar");
  lane.most = element("u", bar);
  lane.full = element("b", bar);
  lane.count = element("span", lane, "n");
  return lane;
}

// One message has some width at least.
const part = (count, capacity) => (count === 0 ? "0" : `${Math.max(1.5, Math.min(100, (100 * count) / Math.max(1, capacity)))}%`);

function drawActors(actors) {
  rows($("actors"), actors.actors, (actor) => actor.name, newActor, (box, actor) => {
    say(box.name, actor.name);
    const restarts = actor.restarts > 0 ? `, restarts: ${actor.restarts}` : "";
    say(box.doing, `${actor.doing}${actor.busy_ms >= 1000 ? ` for ${span(actor.busy_ms)}` : ""}${restarts}`);
    box.classList.toggle("busy", actor.busy_ms >= 1000);
    rows(box.lanes, actor.lanes, (lane) => lane.name, newLane, (row, lane) => {
      say(row.name, lane.name.replaceAll("_", " "));
      row.full.style.width = part(lane.depth, lane.capacity);
      row.most.style.width = part(lane.high_water, lane.capacity);
      row.classList.toggle("losing", lane.lost > 0);
      say(row.count, `${short(lane.depth)}/${short(lane.capacity)}${lane.lost > 0 ? ` −${short(lane.lost)}` : ""}`);
      row.title = `${lane.depth} of ${lane.capacity} waiting, ${lane.high_water} at most, ${lane.handled} handled, ${lane.lost} lost`;
    });
  });
}

function newGroup() {
  const group = element("div", null, "group");
  const title = element("h3", group);
  group.name = element("span", title);
  group.total = element("span", title, "n");
  const box = element("div", group, "scroll");
  box.tabIndex = 0;
  group.reasons = element("tbody", element("table", box));
  return group;
}

// A reason is marked for ten seconds after each increase.
function drawLosses(losses) {
  const now = performance.now();
  rows($("losses"), losses.groups, (group) => group.name, newGroup, (box, group) => {
    say(box.name, group.name);
    say(box.total, short(group.total));
    const reasons = group.reasons.slice();
    if (group.left_out > 0) reasons.push({ reason: "other reasons", count: group.left_out });
    if (reasons.length === 0) reasons.push({ reason: "none so far", count: null });
    rows(box.reasons, reasons, (loss) => loss.reason, () => element("tr"), (row, loss) => {
      if (row.count !== undefined && loss.count > row.count) row.hotUntil = now + 10000;
      row.count = loss.count ?? 0;
      row.className = loss.count === null ? "none" : now < (row.hotUntil || 0) ? "hot" : "";
      const words = loss.reason.replaceAll("_", " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
      cells(row, [words, loss.count === null ? "" : short(loss.count)], 1);
    });
  });
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; count >= 1024 && at < units.length - 1; at += 1) count /= 1024;
  return `${at === 0 ? count : count.toFixed(1)} ${units[at]}`;
}

function drawDisk(disk) {
  $("disk").hidden = false;
  const newFigure = () => {
    const box = element("div");
    box.name = element("dt", box);
    box.value = element("dd", box);
    return box;
  };
  rows($("disk-figures"), disk.figures, (figure) => figure.name, newFigure, (box, figure) => {
    say(box.name, figure.name);
    const { value, unit } = figure;
    say(box.value, unit === "B" ? bytes(value) : unit === "ms" ? span(value) : `${short(value)} ${unit}`);
  });
}

const parts = {
  node: drawNode, forks: drawTree, votes: drawTally, history: drawHistory, peers: drawPeers,
  actors: drawActors, losses: drawLosses, disk: drawDisk,
};

function draw() {
  for (const name of changed) parts[name](latest[name]);
  changed.clear();
  drawState();
}

function connect() {
  const source = new EventSource("events");
  for (const name of Object.keys(parts)) {
    source.addEventListener(name, (event) => {
      latest[name] = JSON.parse(event.data);
      lastEvent = performance.now();
      isRefused = false;
      if (changed.size === 0) requestAnimationFrame(draw);
      changed.add(name);
    });
  }
  // The browser connects again by itself, except after an answer without events: all places of
  // streams are taken.
  source.addEventListener("error", () => {
    isRefused = source.readyState === EventSource.CLOSED;
    if (isRefused) setTimeout(connect, 5000);
  });
}

new ResizeObserver(() => {
  if (latest.forks) drawTree(latest.forks);
  if (latest.history) drawHistory(latest.history);
}).observe(document.querySelector("main"));
setInterval(() => {
  drawState();
  if (latest.losses) drawLosses(latest.losses);
}, 1000);
connect();
