// What colleagues and customers do appears by itself: events carry ids, the page asks again for what it shows,
// at most once a second. A connection that comes back fetches everything shown anew, so nothing is missed.
import { refresh, shownIds } from "./list.js";
import { inUse, same } from "./same.js";
import { tell } from "./toasts.js";

const stream = document.body.dataset.stream, brand = document.body.dataset.brand;
const pending = { rows: new Set(), open: false, list: false, counts: false, channels: false };
let timer = null, helloes = 0, tries = 0;

const open = () => document.querySelector("[data-conversation]");
// Or one of its other legs, whose messages stand here too
const isShown = (id) => open()?.dataset.conversation === String(id) || open()?.querySelector(`[data-leg="${Number(id)}"]`);
const get = async (url, more = {}) => {
  const answer = await fetch(url, { headers: { Accept: "text/html", ...more }, redirect: "manual" });
  if (answer.type === "opaqueredirect") document.dispatchEvent(new CustomEvent("logged-out"));
  if (answer.status === 404 || answer.status === 403) return "gone";
  if (answer.status >= 500) throw new Error(answer.status);
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
};

function later() {
  timer ??= setTimeout(() => { timer = null; work(); }, document.hidden ? 5000 : 1000);
}

async function work() {
  const asked = { ...pending };
  const ids = asked.list ? [...new Set([...shownIds(), ...asked.rows])] : [...asked.rows];
  Object.assign(pending, { rows: new Set(), open: false, list: false, counts: false, channels: false });
  try {
    await Promise.all([ids.length && refresh(ids), asked.open && talk(), (asked.counts || asked.channels) && figures(asked.channels)]);
    tries = 0;
  } catch { // the server could not tell: it is asked again, and ever less often
    for (const id of asked.rows) pending.rows.add(id);
    for (const what of ["open", "list", "counts", "channels"]) pending[what] ||= asked[what];
    setTimeout(later, Math.min(60000, 1000 * 2 ** ++tries));
  }
}

async function figures(channels) {
  const made = await get(`/inbox/${brand}/figures/${channels ? "?channels=1" : ""}`);
  if (!made || made === "gone") return;
  for (const now of made.querySelectorAll("body > [id]")) {
    const place = document.getElementById(now.id);
    if (!place || same(place, now)) continue;
    const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    place.replaceChildren(...now.childNodes);
    if (focused) place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  for (const link of document.querySelectorAll("#queues a")) {
    if (location.pathname.startsWith(link.getAttribute("href"))) link.setAttribute("aria-current", "page");
  }
  const above = document.querySelector("[data-count]"); // above the list stands the same figure as beside its queue
  if (above) above.textContent = document.querySelector("#queues a[aria-current] .count")?.textContent ?? "";
  await views();
}

// Views are counted with their filters, each on its own: once the page is there, and seldom from then on
let counted = 0;
async function views() {
  const place = document.getElementById("views");
  if (!place || document.hidden || Date.now() - counted < 10000) return;
  counted = Date.now();
  const made = await get(place.dataset.counts);
  if (!made || made === "gone") return;
  for (const line of made.querySelectorAll("a[data-view]")) {
    const known = place.querySelector(`[data-view="${line.dataset.view}"]`), count = line.querySelector(".count");
    known?.querySelector(".count")?.remove();
    if (known && count) known.append(count);
  }
}
views().catch(() => {});

// The head when nobody is using it, and the lines of the timeline that changed or came
async function talk() {
  const here = open();
  if (!here) return;
  const [head, lines] = await Promise.all([get(here.dataset.head, { "HX-Request": "true" }), get(here.dataset.timeline)]);
  if (here.isConnected && (head === "gone" || lines === "gone")) return taken(here);
  if (!here.isConnected || !head || !lines) return;
  here.querySelector("#collision .gone")?.remove();
  const place = here.querySelector("#head");
  // A menu, a button that is being pressed, or one whose answer is on its way: without it the answer has nowhere to land
  const busy = place.querySelector(":popover-open, :active, .htmx-request");
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const presence = head.getElementById("presence");
  if (!busy && same(place, head.body)) { /* nothing new */ }
  else if (!busy) {
    place.replaceChildren(...head.body.childNodes);
    htmx.process(place);
    if (focused !== null) (place.querySelector(`[data-key="${focused}"]:not(.menu *)`) || place.querySelector("[data-key]"))?.focus({ preventScroll: true });
  }
  else {
    if (presence) here.querySelector("#presence")?.replaceWith(presence);
    if (!same(place, head.body)) setTimeout(() => { pending.open = true; later(); }, 3000);
  }
  merge(here, lines);
}

// Deleted, or not ours to see any more: what was typed stays until the agent leaves
function taken(here) {
  if (here.querySelector("#collision .gone")) return;
  const bar = Object.assign(document.createElement("p"), { className: "bar problem gone", textContent: here.dataset.gone });
  here.querySelector("#collision").replaceChildren(bar);
}

function merge(here, lines) {
  const region = here.querySelector("[data-end]"), list = here.querySelector("#timeline");
  const atEnd = region.scrollTop > -80, high = region.scrollHeight; // it counts from its foot
  let answered = false, came = false, missed = false;
  for (const line of lines.querySelectorAll("#timeline > li[id]:not(#earlier)")) {
    const known = document.getElementById(line.id);
    if (known) {
      if (same(known, line)) continue;
      if (inUse(known)) missed = true;
      else { known.replaceWith(line); htmx.process(line); }
      continue;
    }
    if (line.dataset.out && line.dataset.out !== document.body.dataset.agent) answered = true;
    if (line.matches("[id^=m-]") && !line.dataset.out) came = true;
    list.append(line);
    htmx.process(line);
  }
  document.dispatchEvent(new CustomEvent("arrived"));
  if (came) tell(here.dataset.arrived);
  if (missed) setTimeout(() => { pending.open = true; later(); }, 3000);
  if (atEnd) region.scrollTop = 0;
  else if (!CSS.supports("overflow-anchor: auto")) region.scrollTop -= region.scrollHeight - high; // other browsers keep the place themselves
  const text = here.querySelector("[data-composer] textarea");
  if (answered && text?.value.trim()) {
    const bar = Object.assign(document.createElement("p"), { className: "bar warning", textContent: here.dataset.answered });
    here.querySelector("#collision").replaceChildren(bar);
  }
}

function show(state) {
  const live = document.getElementById("live");
  if (!live) return;
  live.classList.toggle("live", state === "live");
  live.classList.toggle("lost", state === "lost");
  for (const words of live.querySelectorAll("[data-live-text]")) words.textContent = live.dataset[state];
}

const on = {
  conversation({ id }) {
    pending.rows.add(String(id));
    if (isShown(id)) pending.open = true;
  },
  presence({ id, agent }) {
    if (String(agent) === document.body.dataset.agent) return; // our own: nothing here says so
    if (shownIds().includes(String(id))) pending.rows.add(String(id));
    if (open()?.dataset.conversation === String(id)) pending.open = true;
  },
  list() { pending.list = true; },
  counts() { pending.counts = true; },
  account() { pending.channels = true; },
  notification() { pending.counts = true; notify(); },
  rights() { location.reload(); },
  draft({ id, agent }) { if (String(agent) === document.body.dataset.agent && isShown(id)) document.dispatchEvent(new CustomEvent("draft-kept")); },
  hello() { if (helloes++) Object.assign(pending, { list: true, open: true, counts: true, channels: true }); },
};

async function notify() {
  if (!("desktopNotifications" in document.body.dataset) || !("Notification" in window) || Notification.permission !== "granted") return;
  const answer = await fetch("/notifications/", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  const newest = made.querySelector(".bell .unread form"), words = newest?.querySelector("button > span").textContent.trim();
  if (!words) return;
  const note = new Notification("Webcare", { body: words.replace(/\s+/g, " "), tag: newest.elements.pk.value }); // one for all windows
  note.onclick = () => { window.focus(); document.body.append(document.adoptNode(newest)); newest.requestSubmit(); };
}

// A stream that was refused begins again; why it was refused, an ordinary request tells (logged out, or not ours any more)
async function again() {
  if (await get(`/inbox/${brand}/figures/`).catch(() => null) === "gone") location.reload();
  else connect();
}

function connect() {
  const source = new EventSource(stream);
  source.onopen = () => { show("live"); document.dispatchEvent(new CustomEvent("connected")); };
  source.onerror = () => {
    show("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 5000);
  };
  for (const [kind, react] of Object.entries(on)) {
    source.addEventListener(kind, (event) => {
      let data = {};
      try { data = JSON.parse(event.data || "{}") || {}; } catch { /* a hint that cannot be read is no hint */ }
      react(data);
      later();
    });
  }
  addEventListener("pagehide", () => source.close());
}

if (stream && "EventSource" in window) connect();

// Our own actions are seen at once
for (const name of ["conversation-changed", "list-changed"]) {
  document.body.addEventListener(name, () => {
    const here = open();
    if (here) pending.rows.add(here.dataset.conversation);
    Object.assign(pending, { open: true, counts: true, list: pending.list || name === "list-changed" });
    clearTimeout(timer);
    timer = null;
    work().catch(() => {});
  });
}

// A sign of life every 20 seconds; typing says so at once and ends by itself
let typing = 0, said = 0;
function sign(here, fields = {}) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]);
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  if (fields.gone) navigator.sendBeacon(here.dataset.present, body);
  else fetch(here.dataset.present, { method: "POST", body, redirect: "manual" }).catch(() => {});
  said = Date.now();
}
let at = null;
function arrive() {
  const here = open();
  if (at && at !== here) sign(at, { gone: "1" });
  at = here;
  if (here) sign(here);
}
document.addEventListener("opened", () => setTimeout(arrive, 50)); // first the conversation is seen
arrive();
setInterval(() => { if (at && !document.hidden) sign(at, Date.now() - typing < 6000 ? { typing: "1" } : {}); }, 20000);
document.addEventListener("input", (event) => {
  if (!event.target.closest("[data-composer]") || !at) return;
  const began = Date.now() - typing > 6000;
  typing = Date.now();
  if (began || Date.now() - said > 5000) sign(at, { typing: "1" });
});
addEventListener("pagehide", () => at && sign(at, { gone: "1" }));
