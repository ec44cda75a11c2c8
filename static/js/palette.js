// Ctrl K: jump to anything, do anything. The server finds places and people, this page knows its own actions; the
// arrows choose, and the keyboard stays in the field.
import { enter } from "./menus.js";

const palette = document.getElementById("palette"), ask = document.getElementById("palette-q"), found = document.getElementById("palette-found");
const lines = () => [...found.querySelectorAll("[role=option]")];
let answered = null, hurried = false; // the words whose answer is shown; Enter was pressed before it came

export function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  answered = null;
  hurried = false;
  ask.select();
  htmx.trigger(ask, "palette-open");
}

// What can be done with the conversation that is open: the buttons of its head, and the ways to write
function actions(typed) {
  const buttons = [...document.querySelectorAll("#head [data-key]:not(.menu *), [data-composer] .modes label")];
  return buttons.map((button) => [(button.getAttribute("aria-label") || button.textContent).trim(), button]).filter(([name]) => name.toLowerCase().includes(typed));
}

function addActions() {
  const known = actions(ask.value.trim().toLowerCase());
  if (!known.length) return;
  const group = document.createElement("div"), head = Object.assign(document.createElement("p"), { className: "head", textContent: found.dataset.actions });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", found.dataset.actions);
  head.setAttribute("aria-hidden", "true");
  group.append(head, ...known.map(([name, button]) => {
    const line = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    line.setAttribute("role", "option");
    line.addEventListener("click", () => act(button));
    return line;
  }));
  found.append(group);
}

function act(button) {
  palette.close();
  button.matches("label") ? document.querySelector("[data-composer] textarea").focus() : button.focus({ preventScroll: true });
  button.click();
  if (button.matches("label")) document.querySelector("[data-composer] textarea").focus();
  const menu = document.getElementById(button.getAttribute("popovertarget") || "");
  if (menu) enter(menu);
}

function choose(line) {
  for (const other of lines()) {
    other.classList.toggle("active", other === line);
    other.setAttribute("aria-selected", String(other === line));
  }
  line ? ask.setAttribute("aria-activedescendant", line.id) : ask.removeAttribute("aria-activedescendant");
  line?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); }
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]") && !event.ctrlKey && !event.metaKey && palette) { event.preventDefault(); openPalette(); }
});
palette?.addEventListener("keydown", (event) => {
  const all = lines(), now = all.findIndex((line) => line.classList.contains("active"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(all[(now + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  }
  if (event.key === "Enter" && event.target === ask) {
    event.preventDefault();
    if (answered === ask.value) (all[now] || all[0])?.click();
    else hurried = true; // what is shown is of other words
  }
});
ask?.addEventListener("input", () => { hurried = false; });
palette?.addEventListener("htmx:afterSettle", (event) => {
  addActions();
  lines().forEach((line, n) => { line.id ||= `palette-${n}`; });
  choose(lines()[0]);
  answered = event.detail.requestConfig.parameters.q;
  if (hurried && palette.open && answered === ask.value) { hurried = false; lines()[0]?.click(); }
});
