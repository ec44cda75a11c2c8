// The composer: counting as the platform counts, drafts kept while typing, canned replies and colleagues, Ctrl Enter.
// Everything here is a comfort: the form works without it.
import { steer, suggest, take, tidy } from "./suggest.js";
import { tell } from "./toasts.js";

const WIDE = (code) => !(code <= 4351 || (code >= 8192 && code <= 8205) || (code >= 8208 && code <= 8223) || (code >= 8242 && code <= 8247));
const SIGNS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const ADDRESS = /https?:\/\/[^\s]+|(?<![@\w.])[\w-]+(?:\.[\w-]+)*\.(?:nl|com|org|net|eu|be|de|info|io)(?:\/[^\s]*)?/giu;

export function weighted(text) {
  const bare = text.normalize("NFC").replace(ADDRESS, "x".repeat(23));
  let sum = 0;
  for (const { segment } of SIGNS.segment(bare)) {
    if (/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(segment)) sum += 2;
    else for (const sign of segment) sum += WIDE(sign.codePointAt(0)) ? 2 : 1;
  }
  return sum;
}

const count = (form, text) => (form.dataset.rule === "weighted" ? weighted(text) : [...text].length);
const chosen = (form) => form.querySelector("[name=mode]:checked");

// As it will leave: with the initials that are put under it
function signed(form) {
  const mark = form.dataset.signOff, text = form.elements.text.value;
  return !mark || form.dataset.mode === "note" || !text.trim() || text.trimEnd().endsWith(mark) ? text : `${text.trimEnd()} ${mark}`;
}

function tally(form, told) {
  const limit = Number(chosen(form)?.dataset.limit || 0), used = told ?? count(form, signed(form));
  const shown = form.querySelector("[data-tally]");
  shown.textContent = used;
  form.querySelector("[data-limit-shown]").textContent = limit || "";
  const box = shown.closest(".tally"), split = form.querySelector("[data-split]"), over = limit > 0 && used > limit;
  if (over && !box.classList.contains("over")) tell(split.querySelector("p").textContent);
  box.classList.toggle("over", over);
  split.hidden = !over || "whole" in chosen(form).dataset;
  box.querySelector("circle:last-child").setAttribute("stroke-dasharray", `${limit ? Math.min(100, (100 * used) / limit) : 0} 100`);
}

const keeping = new Set(); // what is on its way to the server
function keep(form) {
  const one = put(form).finally(() => keeping.delete(one));
  keeping.add(one);
  return one;
}

async function put(form) {
  if (!form.isConnected) return;
  clearTimeout(form.timer);
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "text"]) body.set(name, form.elements[name].value);
  body.set("mode", form.dataset.mode);
  form.dataset.dirty = "";
  for (const field of form.querySelectorAll("[name^=alt_]")) body.set(field.name, field.value);
  const kept = form.elements.text.value;
  try {
    const headers = { Accept: "application/json" };
    const answer = await fetch(form.dataset.draftUrl, { method: "POST", body, headers, keepalive: body.get("text").length < 15000, redirect: "manual" });
    if (answer.type === "opaqueredirect") document.dispatchEvent(new CustomEvent("logged-out"));
    if (!answer.ok) throw new Error("not kept");
    said(form, await answer.text());
    if (answer.headers.get("Tally") && form.elements.text.value === kept && form.isConnected) tally(form, Number(answer.headers.get("Tally")));
  } catch {
    form.dataset.dirty = "failed";
    said(form, form.dataset.unsaved, true);
  }
}

function said(form, words, late = false) {
  const place = form.querySelector("[data-saved]");
  place.textContent = words;
  place.parentElement.classList.toggle("late", late);
}

// What is being sent is no draft any more
const toKeep = (form) => form.dataset.dirty && !form.elements.text.readOnly;
const unkept = () => [...document.querySelectorAll("[data-composer]")].filter(toKeep);
document.addEventListener("keep", (event) => event.detail.push(...unkept().map(keep)));
for (const [who, what] of [[document, "connected"], [window, "online"]]) who.addEventListener(what, () => unkept().forEach(keep));
// A reply comes after the draft it was, and takes its words with it; one that is taken back comes after what was typed since
document.addEventListener("htmx:confirm", (event) => {
  if (event.target.closest("[data-undo-toast], [data-delivery]")) unkept().forEach(keep);
  else if (!event.target.closest("[data-composer]")) return;
  if (!keeping.size) return;
  event.preventDefault();
  Promise.all(keeping).then(() => event.detail.issueRequest(true));
});
// Words that are typed while an answer is on its way would go with the composer that it replaces
for (const [what, still] of [["htmx:beforeRequest", true], ["htmx:afterRequest", false]]) document.addEventListener(what, ({ detail: { target } }) => {
  if (target.matches?.("[data-composer]")) target.elements.text.readOnly = still;
});
addEventListener("beforeunload", (event) => unkept().some((form) => form.dataset.dirty === "failed") && event.preventDefault());

// The same conversation in another window of ours: who goes on here goes on with what was written there
document.addEventListener("draft-kept", async () => {
  const form = document.querySelector("#composer[data-composer]"), text = form?.elements.text;
  const atWork = () => !form?.isConnected || form.dataset.dirty || keeping.size || (document.hasFocus() && document.activeElement === text);
  if (atWork()) return;
  const answer = await fetch(form.parentElement.getAttribute("hx-get"), { headers: { "HX-Request": "true" }, redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("composer");
  if (!made || atWork()) return;
  const kept = JSON.parse(made.dataset.drafts)[form.dataset.mode] || "";
  Object.assign(form.drafts, JSON.parse(made.dataset.drafts));
  if (kept === text.value) return;
  text.value = kept;
  tally(form);
});

function later(form) {
  form.dataset.dirty = "yes";
  clearTimeout(form.timer);
  form.timer = setTimeout(() => keep(form), 800);
}

function setUp(form) {
  if (form.ready) return;
  form.ready = true;
  const text = form.elements.text, drafts = (form.drafts = JSON.parse(form.dataset.drafts));
  form.dataset.mode = chosen(form)?.value || "note";
  form.querySelector("[data-save-draft]")?.setAttribute("hidden", "");
  form.querySelector("[data-upload-button]")?.setAttribute("hidden", "");
  text.addEventListener("input", () => { tally(form); later(form); suggest(form, text); });
  text.addEventListener("keydown", (event) => {
    if (steer(form, text, event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.name !== "public_text") return;
    event.preventDefault();
    form.querySelector("[data-hand-off]").click();
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "mode") { // every audience has its own draft: words never move to another by themselves
      if (form.dataset.dirty) keep(form);
      drafts[form.dataset.mode] = text.value;
      form.dataset.mode = event.target.value;
      text.value = drafts[form.dataset.mode] || "";
      tally(form);
      const upload = form.querySelector("[data-upload]");
      if (upload) {
        upload.accept = event.target.dataset.accept || "";
        form.querySelector("[data-upload-label]").hidden = !Number(event.target.dataset.files);
      }
    }
    if (event.target.matches("[data-upload]") && event.target.files.length) form.querySelector("[data-upload-button]").click();
  });
  form.addEventListener("click", (event) => {
    const option = event.target.closest("[data-suggest] [role=option]");
    if (option) take(form, text, option);
    else {
      const menu = event.target.closest(".menu");
      if (menu?.matches(":popover-open") && !event.target.closest("input, label")) menu.hidePopover();
    }
  });
  form.addEventListener("toggle", (event) => event.newState === "closed" && event.target.matches("[data-suggest]") && tidy(event.target, text), { capture: true });
  form.addEventListener("submit", () => clearTimeout(form.timer), { capture: true });
  form.addEventListener("focusout", (event) => toKeep(form) && !form.contains(event.relatedTarget) && keep(form)); // who leaves does not wait
  tally(form);
  remaining();
}

function remaining() {
  for (const place of document.querySelectorAll("[data-until]")) {
    const minutes = Math.floor((new Date(place.dataset.until) - Date.now()) / 60000), hours = Math.floor(minutes / 60);
    const far = hours >= 48 ? [Math.floor(hours / 24), "day"] : hours >= 2 ? [hours, "hour"] : [Math.max(0, minutes), "minute"];
    place.textContent = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" }).format(...far);
    place.classList.toggle("late", hours < 2);
  }
}
setInterval(remaining, 30000);

// What is waiting says how long, second by second
setInterval(() => {
  for (const line of document.querySelectorAll("[data-leaves]")) {
    const left = (line.dataset.leaves = Math.max(0, line.dataset.leaves - 1)), words = line.lastChild;
    words.textContent = left > 1 ? words.textContent.replace(/\d+/, left) : `, ${left ? line.dataset.one : line.dataset.now}`;
    if (!left) line.removeAttribute("data-leaves");
  }
}, 1000);

const every = () => document.querySelectorAll("[data-composer]").forEach(setUp);
every();
document.addEventListener("htmx:load", every);
document.addEventListener("htmx:afterSwap", every); // sooner: whoever types at once is heard
for (const what of ["htmx:afterSettle", "arrived"]) document.addEventListener(what, () => {
  for (const toast of document.querySelectorAll("[data-undo-toast]:not([data-timed])")) {
    toast.dataset.timed = "yes";
    const leave = setTimeout(() => toast.remove(), 1000 * (toast.dataset.undoToast || 5)); // no longer than it can be taken back
    toast.addEventListener("submit", () => clearTimeout(leave));
    toast.addEventListener("htmx:afterRequest", () => toast.remove()); // not sooner: what it answers is told through it
  }
});
addEventListener("pagehide", () => unkept().forEach(keep));
