// Whether a piece of the page says something new. What this browser did to it, and the token of a form, do not count.
const OURS = ["selected", "at", "gone", "unread"];

function bare(piece) {
  const copy = document.implementation.createHTMLDocument("").importNode(piece, true); // loads no picture
  for (const part of [copy, ...copy.querySelectorAll("*")]) {
    part.classList.remove(...OURS, ...[...part.classList].filter((name) => name.startsWith("htmx-")));
    for (const name of ["data-watched", "open", "disabled"]) part.removeAttribute(name);
    if (!part.getAttribute("class")) part.removeAttribute("class");
    if (part.matches("[data-picture], .broken")) part.removeAttribute("hidden");
    if (part.matches("a[aria-current]")) part.removeAttribute("aria-current");
    if (part.matches("[data-since]")) part.textContent = "";
    if (part.matches("[name=csrfmiddlewaretoken]")) part.removeAttribute("value");
  }
  return copy.innerHTML.replace(/\s+/g, " ").trim();
}

export const same = (one, two) => bare(one) === bare(two);

// A piece that is being read with the pointer or the keyboard is left alone
export function inUse(piece) {
  const chosen = getSelection();
  return piece.contains(document.activeElement) || Boolean(piece.querySelector("details[open]")) || (!chosen.isCollapsed && chosen.containsNode(piece, true));
}
