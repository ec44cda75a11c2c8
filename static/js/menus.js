// A menu that is long and seldom opened comes when it is: `data-from` says from where. What is typed meanwhile is not lost.
import { say } from "./toasts.js";

const coming = new WeakMap();
export const linesOf = (menu) => [...menu.querySelectorAll("button, a, input")].filter((line) => line.checkVisibility());

// Settles when the menu has its lines, or will not get them
export function filled(menu) {
  if (!menu.dataset.from) return Promise.resolve();
  if (!coming.has(menu)) coming.set(menu, fill(menu).finally(() => coming.delete(menu)));
  return coming.get(menu);
}

async function fill(menu) {
  menu.setAttribute("aria-busy", "true");
  const headers = { Accept: "text/html", "HX-Request": "true" };
  const answer = await fetch(menu.dataset.from, { headers, redirect: "manual" }).catch(() => null);
  const lines = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").body;
  menu.removeAttribute("aria-busy");
  if (!lines) return refused(menu, answer);
  delete menu.dataset.from;
  menu.replaceChildren(...lines.childNodes);
  htmx.process(menu);
}

// The next time it is opened it is asked for again
function refused(menu, answer) {
  if (menu.matches(":popover-open")) menu.hidePopover();
  if (answer?.type === "opaqueredirect") document.dispatchEvent(new CustomEvent("logged-out"));
  else say(answer ? { 403: "denied", 404: "gone" }[answer.status] || "failed" : "offline");
}

export async function enter(menu, atTheEnd = false) {
  await filled(menu);
  if (menu.matches(":popover-open")) linesOf(menu).at(atTheEnd ? -1 : 0)?.focus();
}

// A key that came before the lines did goes where it would have gone
export async function afterwards(menu, key) {
  await filled(menu);
  const at = document.activeElement;
  if (!menu.matches(":popover-open")) return;
  if ((key === "Enter" || key === " ") && menu.contains(at)) at.click();
  else at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

// A drawer of a small screen lies upon the button that opened it: the keyboard goes along, and Escape brings it back
document.addEventListener("toggle", ({ newState, target }) => {
  if (newState !== "open" || !target.matches("#sidebar, #person")) return;
  target.tabIndex = -1;
  target.focus();
}, true);
document.addEventListener("beforetoggle", (event) => event.newState === "open" && event.target.matches("[data-from]") && filled(event.target), true);
