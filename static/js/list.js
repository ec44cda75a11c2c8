// The list: picking several, and rows refreshed where they stand. Nothing moves by itself.
import { same } from "./same.js";
import { tell } from "./toasts.js";

const rows = () => [...document.querySelectorAll("[data-row]")];
let last = null;

function count() {
  const picked = document.querySelectorAll("[data-pick]:checked").length, bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  bar.classList.toggle("picking", picked > 0);
  if (Number(bar.querySelector("[data-picked]").textContent) !== picked) tell(bar.dataset.told.replace("{n}", picked));
  bar.querySelector("[data-picked]").textContent = picked;
}

document.addEventListener("click", (event) => {
  const pick = event.target.closest("[data-pick]");
  if (!pick) return;
  const row = pick.closest("[data-row]"), all = rows();
  if (event.shiftKey && last?.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(row)].sort((a, b) => a - b);
    for (const between of all.slice(from, to + 1)) between.querySelector("[data-pick]").checked = pick.checked;
  }
  last = row;
  count();
});
document.addEventListener("change", (event) => event.target.matches("[data-pick]") && count());
document.addEventListener("reset", (event) => event.target.matches("[data-bulk]") && setTimeout(count));

export const shownIds = () => rows().map((row) => row.dataset.row);

// Fetch these rows anew: those shown are replaced in place, others wait behind the bar
export async function refresh(ids) {
  const list = document.querySelector("[data-list]");
  if (!list || !ids.length) return;
  const answer = await fetch(`${list.dataset.rows}&ids=${ids.slice(0, 200).join(",")}`, { headers: { Accept: "text/html" }, redirect: "manual" });
  if (answer.status >= 500) throw new Error(answer.status);
  if (!answer.ok || !list.isConnected) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = new Map([...made.querySelectorAll("[data-row]")].map((row) => [row.dataset.row, row]));
  for (const row of rows()) {
    if (!ids.includes(row.dataset.row)) continue;
    const now = fresh.get(row.dataset.row);
    row.classList.toggle("gone", !now);
    now ? put(row, now) : leave(row, list);
    fresh.delete(row.dataset.row);
  }
  wait(list, [...fresh.keys()]);
}

// It stays where it stands, so that nothing jumps; but nobody waits there any more
function leave(row, list) {
  const wait = row.querySelector(".wait");
  if (wait && !wait.dataset.gone) wait.replaceWith(Object.assign(document.createElement("span"), { className: "wait none", textContent: list.dataset.gone }));
  row.querySelector(".wait")?.setAttribute("data-gone", "");
}

function put(row, now) {
  if (same(row, now)) return;
  now.querySelector("[data-pick]").checked = row.querySelector("[data-pick]").checked;
  for (const name of ["selected", "at"]) now.classList.toggle(name, row.classList.contains(name));
  if (row.classList.contains("selected")) now.querySelector("[data-open]").setAttribute("aria-current", "true");
  const focused = row.contains(document.activeElement) ? document.activeElement.matches("[data-pick]") ? "[data-pick]" : "[data-open]" : null;
  row.replaceWith(document.adoptNode(now));
  htmx.process(now);
  if (focused) now.querySelector(focused).focus({ preventScroll: true });
}

function wait(list, ids) {
  const bar = document.querySelector("[data-newbar]"), words = bar?.querySelector("span");
  if (!bar || !ids.length) return;
  const known = new Set((bar.dataset.ids || "").split(",").filter(Boolean));
  for (const pk of ids) known.add(pk);
  bar.dataset.ids = [...known].join(",");
  words.textContent = known.size === 1 ? words.dataset.one : words.dataset.many.replace("{n}", known.size);
  bar.hidden = false;
  tell(words.textContent);
}

// What was done to those picked is done: the menu closes, nothing is picked, the keyboard stands at the list again
document.addEventListener("htmx:afterRequest", (event) => {
  const bar = event.target.closest?.("[data-bulk]");
  if (!bar) return;
  if (event.detail.xhr.status === 422) return; // it says why in the menu
  bar.querySelector(":popover-open")?.hidePopover();
  if (!event.detail.successful) return;
  const row = document.querySelector("[data-row].at") || document.querySelector("[data-pick]:checked")?.closest("[data-row]");
  bar.reset();
  row?.querySelector("[data-open]").focus({ preventScroll: true });
});

// The bar brings the new rows without leaving the conversation
document.addEventListener("click", (event) => {
  const bar = event.target.closest("[data-newbar]");
  if (!bar || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  htmx.ajax("GET", bar.getAttribute("href"), { target: "#list", swap: "innerHTML" });
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "list") return;
  const open = document.querySelector("[data-conversation]")?.dataset.conversation;
  document.getElementById(`row-${open}`)?.classList.add("selected");
});

// Waiting times go on by themselves
setInterval(() => {
  for (const clock of document.querySelectorAll("[data-since]")) {
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.since)) / 60000));
    if (minutes < 2880) clock.textContent = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  }
}, 20000);
