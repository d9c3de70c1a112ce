// The tree of fork choice: one line for each block, the newest first, and a column for each branch.

const LINE = 22;
const COLUMN = 14;

// Returns the column of each block. The chain of the head has the first one. A branch takes the first
// column without another branch beside it, up to the last column.
function columnsOf(blocks, line, isOnHead, most) {
  const children = blocks.map(() => []);
  blocks.forEach((block, n) => {
    if (block.parent !== null) children[block.parent].push(n);
  });
  const first = (list) => list.reduce((best, n) => {
    if (best === null || isOnHead[n] && !isOnHead[best]) return n;
    return !isOnHead[best] && blocks[n].weight > blocks[best].weight ? n : best;
  }, null);
  const column = blocks.map(() => 0);
  const ranges = [];
  const place = (chain, fork) => {
    const bottom = fork === null ? line[chain[0]] : line[fork];
    const top = line[chain[chain.length - 1]];
    let at = isOnHead[chain[0]] ? 0 : 1;
    while (at < most - 1 && (ranges[at] || []).some(([from, to]) => from < bottom && top < to)) at += 1;
    (ranges[at] || (ranges[at] = [])).push([top - 0.5, bottom + 0.5]);
    for (const n of chain) column[n] = at;
  };
  blocks.forEach((block, n) => {
    const isBegin = block.parent === null || first(children[block.parent]) !== n;
    if (!isBegin) return;
    const chain = [n];
    for (let next = first(children[n]); next !== null; next = first(children[next])) chain.push(next);
    place(chain, block.parent);
  });
  return column;
}

function newRow(block) {
  const row = drawn("g", null, { class: "row" });
  row.edge = drawn("path", row, { class: "edge" });
  row.dot = drawn("circle", row, { r: 4.5, class: "dot" });
  row.number = drawn("text", row, { y: 4 });
  row.marks = ["h", "j", "f", "s"].map((mark) => {
    const text = drawn("text", row, { y: 4, class: `mark ${mark}` });
    say(text, mark.toUpperCase());
    return text;
  });
  row.root = drawn("text", row, { y: 4, class: "mono" });
  row.room = drawn("rect", row, { y: -4, height: 8, rx: 2, class: "room" });
  row.weight = drawn("rect", row, { y: -4, height: 8, rx: 2, width: 0, class: "weight" });
  row.count = drawn("text", row, { y: 4, class: "pale", "text-anchor": "end" });
  say(row.root, rootName(block.root));
  row.title = drawn("title", row);
  return row;
}

function drawTree(forks) {
  const box = $("tree");
  const width = Math.max(box.clientWidth, 200);
  const svg = box.firstChild || drawn("svg", box, { role: "img" });
  const { blocks } = forks;
  const order = blocks.map((_, n) => n).sort((a, b) => blocks[b].slot - blocks[a].slot || b - a);
  const line = [];
  order.forEach((n, at) => { line[n] = at; });
  const isOnHead = blocks.map(() => false);
  for (let n = forks.head; n !== null && n !== undefined && !isOnHead[n]; n = blocks[n].parent) isOnHead[n] = true;
  const column = columnsOf(blocks, line, isOnHead, width < 480 ? 5 : 12);
  const columns = Math.max(1, ...column.map((at) => at + 1));
  const height = Math.max(blocks.length, 1) * LINE;
  set(svg, { width, height, viewBox: `0 0 ${width} ${height}` });
  svg.setAttribute("aria-label", `${blocks.length} blocks, head in slot ${blocks[forks.head]?.slot ?? "unknown"}`);
  const text = columns * COLUMN + 6;
  const slotWidth = 9 + 7 * String(blocks[order[0]]?.slot ?? "").length;
  const marks = text + slotWidth;
  const root = marks + 50;
  const bar = root + 66;
  const room = Math.max(20, width - bar - 58);
  const most = Math.max(1, forks.validators);
  const x = (n) => column[n] * COLUMN + 8;
  const roles = [forks.head, forks.justified, forks.finalized, forks.safe_target];
  rows(svg, order, (n) => blocks[n].root, (n) => newRow(blocks[n]), (row, n) => {
    const block = blocks[n];
    set(row, { transform: `translate(0 ${line[n] * LINE + LINE / 2})`, class: isOnHead[n] ? "row" : "row off" });
    set(row.dot, { cx: x(n), class: isOnHead[n] ? "dot on" : "dot" });
    const down = block.parent === null ? 0 : (line[block.parent] - line[n]) * LINE;
    const path = block.parent === null ? "" : x(n) === x(block.parent)
      ? `M${x(n)} 4.5V${down - 4.5}`
      : `M${x(n)} 4.5V${down - 10}Q${x(n)} ${down} ${x(block.parent) + 5} ${down}`;
    set(row.edge, { d: path, class: block.skipped > 0 ? "edge cut" : "edge" });
    set(row.number, { x: text });
    say(row.number, block.slot);
    row.marks.forEach((mark, at) => set(mark, { x: marks + at * 12, visibility: roles[at] === n ? "visible" : "hidden" }));
    set(row.root, { x: root });
    // Fork choice counts no votes for a finalized block: nothing can change it. The oldest block is
    // one as well, before it is on the disk.
    const isFinal = n === forks.finalized;
    const hasVotes = !isFinal && (block.parent !== null || block.weight > 0);
    set(row.room, { x: bar, width: hasVotes ? room : 0 });
    set(row.weight, { x: bar, width: hasVotes ? Math.round(room * Math.min(1, block.weight / most)) : 0 });
    set(row.count, { x: width - 6 });
    say(row.count, isFinal ? "final" : hasVotes ? `${short(block.weight)}/${short(forks.validators)}` : "");
    say(row.title, `slot ${block.slot}, proposer ${block.proposer}, ${block.root}`
      + (block.skipped > 0 ? `, ${block.skipped} blocks between it and the one below` : ""));
  });
  const leaves = blocks.filter((_, n) => !blocks.some((other) => other.parent === n)).length;
  say($("tree-more"), `${blocks.length} blocks, ${leaves} ${leaves === 1 ? "branch" : "branches"}`
    + (forks.left_out > 0 ? `; ${short(forks.left_out)} more blocks are left out` : ""));
}
