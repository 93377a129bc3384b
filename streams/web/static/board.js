// Applies the patches of /events to the page the server drew: {order: [ids inside the board], density, parts: {id: html}}.
"use strict";

const page = document.body.dataset;
const board = document.getElementById("board");
const link = document.getElementById("link");
const ago = document.getElementById("ago");
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always", style: "short" });
const SILENCE_MS = 45000; // the server says something every 15 s; a dead TCP connection says nothing
const wide = matchMedia("(min-width: 1200px)");
const LEAST = 80; // percent of a tile's size: what is smaller is not read from five metres
let patchedAt = null;
let heardAt = performance.now();
let stream = null;

function show(state, text) {
  link.className = "link " + state;
  link.lastElementChild.textContent = text;
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

// Changes `old` into `fresh` in place: bars slide, and screen readers hear only what is new.
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) {
      old.data = fresh.data;
      flash(old.parentElement.closest(".figure"));
    }
    return undefined;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  after.forEach((child, i) => (i < before.length ? morph(before[i], child) : old.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
  return undefined;
}

function flash(figure) {
  if (!figure) return;
  figure.classList.remove("changed");
  void figure.offsetWidth; // a reflow, so that the animation starts again
  figure.classList.add("changed");
}

// A wall shows everything at once: where alerts need more of it, tiles give some of their size. What does not fit even
// so is scrolled, in full size.
function fit() {
  const overflows = (percent) => {
    board.style.setProperty("--fit", percent / 100);
    return document.documentElement.scrollHeight > innerHeight;
  };
  let percent = 100;
  while (overflows(percent) && wide.matches && percent > LEAST) percent -= 2;
  if (overflows(percent)) overflows(100);
}

function patch({ order, density, parts }) {
  board.className = "board " + density;
  for (const [id, html] of Object.entries(parts)) {
    const old = document.getElementById(id);
    if (old) morph(old, parsed(html));
    else board.append(parsed(html));
  }
  for (const child of [...board.children]) if (!order.includes(child.id)) child.remove();
  order.forEach((id, i) => {
    if (board.children[i]?.id !== id) board.insertBefore(document.getElementById(id), board.children[i] ?? null);
  });
  fit();
  patchedAt = performance.now();
}

function connect() {
  stream?.close();
  heardAt = performance.now();
  stream = new EventSource(page.events);
  stream.addEventListener("hello", (event) => {
    if (event.data !== page.build) location.reload(); // the server was upgraded under an open page
    heardAt = performance.now();
    show("live", page.live);
  });
  stream.addEventListener("beat", () => (heardAt = performance.now()));
  stream.addEventListener("patch", (event) => {
    heardAt = performance.now();
    patch(JSON.parse(event.data));
  });
  stream.onerror = () => show("lost", page.lost);
}

setInterval(() => {
  const silent = performance.now() - heardAt > SILENCE_MS;
  if (silent || stream.readyState === EventSource.CLOSED) connect();
  if (patchedAt === null) return;
  const seconds = Math.round((performance.now() - patchedAt) / 1000);
  ago.textContent = seconds < 60 ? relative.format(-seconds, "second") : relative.format(-Math.floor(seconds / 60), "minute");
}, 1000);

addEventListener("resize", fit);
fit();
show("connecting", page.connecting);
connect();
