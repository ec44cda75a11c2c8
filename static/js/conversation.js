// The open conversation: reading stays where it was, colleagues see who is here, r d n choose the audience.
// Everything here is a comfort: the page works without it.

const live = () => document.getElementById("conversation-live");
const scroller = () => document.querySelector("#conversation-live [data-end]");
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 40;
let kept = null; // where the agent was reading, over a refresh
let stale = false; // a refresh that waited for a menu to close

function toEnd() {
  const box = scroller();
  if (!box || box.dataset.seen) return;
  box.dataset.seen = "yes";
  if (kept && kept.pk === live().dataset.conversation) box.scrollTop = kept.end ? box.scrollHeight : kept.top;
  else box.scrollTop = box.scrollHeight;
  kept = null;
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.target?.id !== "conversation-live") return;
  const oldest = document.querySelector("#timeline [data-oldest]"); // earlier pages that were asked for stay
  if (oldest) detail.parameters.since = oldest.dataset.oldest;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const asks = event.detail.elt.id === "conversation-live";
  if (asks && live().querySelector(":popover-open")) {
    event.preventDefault(); // never close a menu under the pointer
    stale = true;
  }
});
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("#conversation-live .menu")) return;
  if (event.newState === "open") menu.querySelector("button, a, input:not([type=hidden])")?.focus({ preventScroll: true });
  else if (stale) {
    stale = false;
    window.htmx?.trigger(live(), "refresh-conversation");
  }
}, { capture: true });
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const box = scroller(), about = /\/conversations\/(\d+)\//.exec(detail.pathInfo?.requestPath || "");
  if (detail.target?.id === "conversation-live" && about && about[1] !== live().dataset.conversation) detail.shouldSwap = false; // another one is open by now
  if (detail.target?.id === "conversation-live" && box) kept = { pk: live().dataset.conversation, top: box.scrollTop, end: atEnd(box) };
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  toEnd();
  const menu = detail.target; // the list of colleagues came after its menu opened
  if (menu.matches?.(".menu:popover-open")) menu.querySelector("button")?.focus({ preventScroll: true });
});

// Earlier messages come in above without moving what is being read
let above = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.matches?.("[data-earlier]")) above = scroller().scrollHeight - scroller().scrollTop;
});
document.addEventListener("htmx:afterSettle", () => {
  if (above === null) return;
  scroller().scrollTop = scroller().scrollHeight - above;
  above = null;
});

// Letters for the audience
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-mode]");
  const radio = button && document.querySelector(`#composer [name=mode][value=${button.dataset.mode}]`);
  if (!button || !radio) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  document.querySelector("#composer textarea").focus();
});

// Who is here
let here = null, typedAt = 0, told = 0;
const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
function alive() {
  const spot = document.getElementById("presence");
  if (here && here !== spot?.dataset.leave) goodbye();
  here = spot?.dataset.leave || null;
  if (!spot || document.hidden || !window.htmx) return;
  const typing = Date.now() - typedAt < 6000;
  told = Date.now();
  window.htmx.ajax("POST", spot.dataset.presence, { source: spot, target: "#presence", swap: "outerHTML", values: { typing: typing ? "1" : "" } });
}
function goodbye() {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", token());
  navigator.sendBeacon(here, body);
  here = null;
}
document.addEventListener("input", ({ target }) => {
  if (!target.closest?.("#composer")) return;
  typedAt = Date.now();
  if (Date.now() - told > 4000) alive();
});
document.addEventListener("htmx:load", () => {
  const spot = document.getElementById("presence");
  if ((spot?.dataset.leave || null) !== here) alive();
});
document.addEventListener("visibilitychange", () => (document.hidden ? here && goodbye() : alive()));
addEventListener("pagehide", () => here && goodbye());
setInterval(alive, 20000);

// What was done can be taken back for a while; what went wrong stays until it is read
document.addEventListener("htmx:afterSettle", () => {
  for (const toast of document.querySelectorAll("[data-toast]:not([data-timed])")) {
    toast.dataset.timed = "yes";
    toast.addEventListener("submit", () => setTimeout(() => toast.remove(), 0));
    const go = () => (toast.matches(":hover, :focus-within") ? setTimeout(go, 3000) : toast.remove());
    setTimeout(go, toast.classList.contains("problem") ? 20000 : 8000);
  }
});

toEnd();
document.addEventListener("DOMContentLoaded", () => { toEnd(); alive(); });
