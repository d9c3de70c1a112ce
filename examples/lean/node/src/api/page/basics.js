// Elements, texts and numbers. Every text of the node is set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

function element(name, parent, className) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (parent) parent.append(made);
  return made;
}

function drawn(name, parent, attributes) {
  const made = document.createElementNS(SVG, name);
  set(made, attributes || {});
  if (parent) parent.append(made);
  return made;
}

function set(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value);
    if (target.getAttribute(name) !== text) target.setAttribute(name, text);
  }
}

// A text that has not changed is not set again, so a selection stays.
function say(target, text) {
  const next = String(text);
  if (target.textContent !== next) target.textContent = next;
}

function short(count) {
  for (const [unit, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    const by = name === "k" ? 1e3 : unit;
    if (count >= unit) return (count / by).toFixed(count / by < 100 ? 1 : 0) + name;
  }
  return String(count);
}

function span(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 1) return `${Math.round(ms)} ms`;
  if (s < 60) return `${(ms / 1000).toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

const rootName = (root) => root.slice(2, 10);
// The begin of an identity is the same for every peer.
const peerName = (id) => (id.length > 10 ? `…${id.slice(-9)}` : id);

// Keeps one child for each key, in the order of the items. Children without an item leave.
function rows(parent, items, key, make, fill) {
  const known = parent.rowsByKey || (parent.rowsByKey = new Map());
  const used = new Set();
  let place = parent.firstChild;
  for (const item of items) {
    const name = key(item);
    let row = known.get(name);
    if (!row) known.set(name, (row = make(item)));
    used.add(name);
    if (row === place) place = place.nextSibling;
    else parent.insertBefore(row, place);
    fill(row, item);
  }
  for (const [name, row] of known) {
    if (!used.has(name)) {
      row.remove();
      known.delete(name);
    }
  }
}

function cells(row, texts, numbersFrom) {
  while (row.children.length < texts.length) element("td", row, row.children.length >= numbersFrom ? "n" : "");
  texts.forEach((text, n) => say(row.children[n], text));
}
