// Charts over the last slots.

const SLOTS = 128;

function chart(box) {
  const width = Math.max(box.clientWidth, 120);
  const height = Math.max(box.clientHeight, 60);
  const svg = box.firstChild || drawn("svg", box, { role: "img" });
  set(svg, { width, height, viewBox: `0 0 ${width} ${height}` });
  return { svg, width, height };
}

// A round number that is not below the largest value.
function top(most) {
  let step = 4;
  while (step < most) step *= 2;
  return step;
}

function axis(svg, width, height, most, slots) {
  if (!svg.lines) {
    svg.lines = [0, 0.5, 1].map(() => drawn("line", svg, { class: "grid" }));
    svg.names = [0, 0.5, 1].map(() => drawn("text", svg, { class: "pale", "text-anchor": "end" }));
    svg.ends = [drawn("text", svg, { class: "pale" }), drawn("text", svg, { class: "pale", "text-anchor": "end" })];
  }
  const y = (part) => 8 + (height - 28) * (1 - part);
  [0, 0.5, 1].forEach((part, n) => {
    set(svg.lines[n], { x1: 34, x2: width, y1: y(part), y2: y(part) });
    set(svg.names[n], { x: 28, y: y(part) + 4 });
    say(svg.names[n], short(most * part));
  });
  const begin = placeOf(width, slots)(0);
  // Without room for both, the last slot alone has its name.
  set(svg.ends[0], { x: begin.toFixed(1), y: height - 4, visibility: width - begin > 150 ? "visible" : "hidden" });
  set(svg.ends[1], { x: width, y: height - 4 });
  [slots[0], slots[slots.length - 1]].forEach((slot, n) => say(svg.ends[n], slot ? `slot ${slot.slot}` : ""));
  return y;
}

// The places have a fixed width, so a longer history moves nothing to another scale.
const placeOf = (width, slots) => (n) => 34 + ((SLOTS - slots.length + n + 0.5) * (width - 34)) / SLOTS;

function drawLag(slots) {
  const { svg, width, height } = chart($("lag"));
  const behind = (key) => slots.map((slot) => Math.max(0, slot.slot - slot[key]));
  const curves = [["f", behind("finalized")], ["j", behind("justified")], ["h", behind("head")]];
  const most = top(Math.max(0, ...curves.flatMap(([, values]) => values)));
  const y = axis(svg, width, height, most, slots);
  if (!svg.curves) svg.curves = curves.map(([name]) => drawn("path", svg, { class: `curve ${name}` }));
  const x = placeOf(width, slots);
  curves.forEach(([, values], n) => {
    const points = values.map((value, at) => `${x(at).toFixed(1)} ${y(value / most).toFixed(1)}`);
    set(svg.curves[n], { d: points.length ? `M${points.join("L")}` : "" });
  });
  const last = slots[slots.length - 1];
  svg.setAttribute("aria-label", last ? `Finality is ${last.slot - last.finalized} slots behind the clock` : "No slot yet");
}

function drawVotes(slots) {
  const { svg, width, height } = chart($("vote-bars"));
  const most = top(Math.max(0, ...slots.map((slot) => slot.votes)));
  const y = axis(svg, width, height, most, slots);
  const x = placeOf(width, slots);
  const bars = svg.bars || (svg.bars = drawn("g", svg));
  const thick = Math.max(1, (width - 34) / SLOTS - 1);
  rows(bars, slots.map((slot, n) => ({ ...slot, n })), (slot) => slot.slot,
    () => drawn("rect", null, { class: "weight" }),
    (bar, slot) => set(bar, {
      x: (x(slot.n) - thick / 2).toFixed(1), width: thick.toFixed(1),
      y: y(slot.votes / most).toFixed(1), height: (y(0) - y(slot.votes / most)).toFixed(1),
    }));
  svg.setAttribute("aria-label", "Votes received in each slot");
}

function drawHistory(history) {
  drawLag(history.slots);
  drawVotes(history.slots);
  const lost = history.slots.reduce((sum, slot) => sum + slot.losses, 0);
  say($("history-more"), `the last ${history.slots.length} slots; ${short(lost)} messages lost in them`);
}
