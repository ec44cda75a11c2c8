// Single keys, for who wants them. Never while typing, never with a modifier.
import { afterwards, enter, linesOf } from "./menus.js";
import { openPalette } from "./palette.js";

const rows = () => [...document.querySelectorAll("[data-row]")];
const open = () => document.querySelector("[data-row].selected") || document.querySelector("[data-row]:target"); // or that was, before the way back
const here = () => document.activeElement.closest("[data-row]") || document.querySelector("[data-row].at") || open();

function stand(row) {
  if (!row) return;
  for (const other of rows()) other.classList.toggle("at", other === row);
  row.querySelector("[data-open]").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows(), now = all.indexOf(here());
  const to = Math.max(0, Math.min(all.length - 1, now + step));
  stand(all[to]);
  if (to === all.length - 1) document.getElementById("more")?.scrollIntoView({ block: "nearest" }); // brings the next page
}

function write(...modes) {
  const [radio] = modes.map((mode) => document.querySelector(`[data-composer] [name=mode][value=${mode}]`)).filter(Boolean);
  if (!radio) return;
  if (!radio.checked) radio.click();
  const text = document.querySelector("[data-composer] textarea");
  text.focus();
  if (!text.selectionEnd) text.setSelectionRange(text.value.length, text.value.length); // a draft goes on where it ended
}

// Out of the composer: back to the list, or where that is out of sight to the way back to it
function leave() {
  const row = here();
  if (row?.checkVisibility()) stand(row);
  else document.querySelector(".talk-back a")?.focus();
}

// Of those picked when any is, of the conversation that is open otherwise
function press(key) {
  const many = document.querySelector("[data-pick]:checked") && document.querySelector(`#bulk [data-key="${key}"]`);
  const button = many || document.querySelector(`#head [data-key="${key}"]`);
  if (!button) return false;
  if (button.getAttribute("popovertarget")) button.focus({ preventScroll: true }); // Escape comes back here
  button.click();
  if (menuOf(button)) enter(menuOf(button));
  return true;
}

const menuOf = (button) => document.getElementById(button.getAttribute?.("popovertarget") || "");

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => { const row = here() || rows()[0]; stand(row); row?.querySelector("[data-pick]").click(); },
  r: () => press("r") || write("public", "private"), // a private conversation is answered in private
  d: () => write("private"),
  n: () => write("note"),
  b: () => document.querySelector("[data-bell]")?.click(),
  z: () => [...document.querySelectorAll("#toasts [data-undo], #toasts [data-undo-toast] button")].at(-1)?.click(),
  "/": () => (document.getElementById("q") ? document.getElementById("q").focus() : openPalette()),
  "?": () => document.getElementById("keys")?.showModal(),
};

// In a menu the arrows walk, and a letter goes to the next line that begins with it
function walk(menu, event) {
  const lines = linesOf(menu);
  const now = lines.indexOf(event.target.closest("button, a, input")), last = lines.length - 1;
  const onwards = [...lines.slice(now + 1), ...lines.slice(0, now + 1)];
  const letter = event.key.length === 1 && /\p{L}/u.test(event.key) && event.key.toLowerCase();
  const next = { ArrowDown: lines[now === last ? 0 : now + 1], ArrowUp: lines[now <= 0 ? last : now - 1], Home: lines[0], End: lines[last] }[event.key]
    || (letter && onwards.find((line) => words(line).startsWith(letter)));
  if (!next && !letter) return false;
  event.preventDefault();
  next?.focus();
  return true;
}

function words(line) {
  const copy = line.cloneNode(true);
  for (const part of copy.querySelectorAll("[aria-hidden=true], kbd")) part.remove();
  return copy.textContent.trim().toLowerCase();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const menu = event.target.closest(".menu:popover-open"), opened = menuOf(event.target);
  if (opened?.matches("[aria-busy]:popover-open") && !["Escape", "Tab", "Shift"].includes(event.key)) {
    event.preventDefault();
    afterwards(opened, event.key);
    return;
  }
  if (/^Arrow(Up|Down)$/.test(event.key) && opened?.matches(".menu")) {
    event.preventDefault();
    if (!opened.matches(":popover-open")) event.target.click();
    enter(opened, event.key === "ArrowUp");
    return;
  }
  const passing = /^Arrow(Up|Down)$/.test(event.key) && typing?.matches("input:not([type=datetime-local])"); // there they change the moment
  if (menu && (!typing || passing) && walk(menu, event)) return;
  if (event.key === "Escape" && typing?.closest("[data-composer]")) { leave(); return; }
  if (document.body.dataset.singleKeys !== "on" || typing || document.querySelector("dialog[open]")) return;
  if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); return; }
  if (/^[aclste1-9]$/.test(event.key) && press(event.key)) event.preventDefault();
});
