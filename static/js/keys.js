// Single keys, for who wants them. Never while typing, never with a modifier.
import { openPalette } from "./palette.js";

const rows = () => [...document.querySelectorAll("[data-row]")];
const at = () => rows().findIndex((row) => row.classList.contains("at"));

function move(step) {
  const all = rows(), now = at() >= 0 ? at() : all.findIndex((row) => row.classList.contains("selected"));
  const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
  if (!next) return;
  for (const row of all) row.classList.toggle("at", row === next);
  next.querySelector("[data-open]").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function write(mode) {
  const radio = document.querySelector(`[data-composer] [name=mode][value=${mode}]`);
  if (!radio) return;
  if (!radio.checked) radio.click();
  document.querySelector("[data-composer] textarea").focus();
}

function press(key) {
  const button = document.querySelector(`#head [data-key="${key}"]`);
  if (!button) return false;
  button.click();
  const menu = button.getAttribute("popovertarget");
  if (menu) document.getElementById(menu)?.querySelector("button")?.focus();
  return true;
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => (rows()[at()] || document.querySelector("[data-row].selected"))?.querySelector("[data-pick]").click(),
  r: () => write("public"),
  d: () => write("private"),
  n: () => write("note"),
  z: () => [...document.querySelectorAll("#toasts [data-undo], #toasts [data-undo-toast] button")].at(-1)?.click(),
  "/": () => (document.getElementById("q") ? document.getElementById("q").focus() : openPalette()),
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const menu = event.target.closest(".menu:popover-open"), opened = document.getElementById(event.target.getAttribute?.("popovertarget") || "");
  if (event.key === "ArrowDown" && opened?.matches(".menu:popover-open")) {
    event.preventDefault();
    opened.querySelector("button, a")?.focus();
    return;
  }
  if (menu && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    const buttons = [...menu.querySelectorAll("button, a")], step = event.key === "ArrowDown" ? 1 : -1;
    event.preventDefault();
    buttons[(buttons.indexOf(event.target.closest("button, a")) + step + buttons.length) % buttons.length]?.focus();
    return;
  }
  if (document.body.dataset.singleKeys !== "on" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); return; }
  if (/^[cales1-9]$/.test(event.key) && press(event.key)) event.preventDefault();
});
