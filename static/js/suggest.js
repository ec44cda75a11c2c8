// What "/" offers at the start of a word, and "@" in a note. It stands at the caret; the keyboard stays in the field:
// the arrows choose, Enter or Tab puts it in, Escape closes it until something else is asked for.
import { filled } from "./menus.js";
import { tell } from "./toasts.js";

const FROM_THE_TEXT = ["fontFamily", "fontSize", "fontWeight", "lineHeight", "letterSpacing", "paddingTop", "paddingLeft", "paddingRight", "borderTopWidth", "borderLeftWidth", "tabSize"];
const shown = (menu) => [...menu.querySelectorAll("[role=option]:not([hidden])")];
const openMenu = (form) => form.querySelector("[data-suggest].at-caret:popover-open");

function asked(form, text) {
  const before = text.value.slice(0, text.selectionStart);
  const slash = /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u.exec(before), at = form.dataset.mode === "note" && /(?:^|\s)@([\p{L}\p{N}_.]*)$/u.exec(before);
  const found = slash || at;
  return found && { menu: form.querySelector(`[data-suggest="${slash ? "/" : "@"}"]`), typed: found[1].toLowerCase(), length: found[1].length + 1 };
}

export function suggest(form, text) {
  const wish = asked(form, text), open = openMenu(form);
  if (open && open !== wish?.menu) close(open, text);
  if (!wish?.menu) { delete form.dataset.dismissed; return; }
  const { menu, typed, length } = wish;
  if (menu.dataset.from) { filled(menu).then(() => menu.dataset.from || document.activeElement !== text || suggest(form, text)); return; }
  for (const option of menu.querySelectorAll("[role=option]")) option.hidden = !option.dataset.find.toLowerCase().includes(typed);
  menu.dataset.replace = length;
  const options = shown(menu);
  if (!options.length || "dismissed" in form.dataset) return close(menu, text);
  if (!menu.matches(":popover-open")) menu.showPopover();
  stand(menu, text);
  choose(menu, text, options[0]);
  tell((options.length === 1 ? menu.dataset.one : menu.dataset.many).replace("{n}", options.length));
}

function choose(menu, text, option) {
  for (const other of menu.querySelectorAll("[role=option]")) {
    other.setAttribute("aria-selected", String(other === option));
    other.classList.toggle("active", other === option);
  }
  text.setAttribute("aria-controls", menu.id);
  text.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function close(menu, text) {
  if (menu.matches(":popover-open")) menu.hidePopover();
  tidy(menu, text);
}

// Also when the browser closed it, because something else was pressed
export function tidy(menu, text) {
  menu.classList.remove("at-caret");
  menu.removeAttribute("style"); // where it stood; htmx settles no attributes, so none is written anew against the policy
  for (const option of menu.querySelectorAll("[role=option]")) {
    option.hidden = false;
    option.classList.remove("active");
    option.setAttribute("aria-selected", "false");
  }
  text.removeAttribute("aria-activedescendant");
}

// Above the line that is being written when there is room, otherwise below it
function stand(menu, text) {
  const { left, top, bottom } = caret(text), above = top > innerHeight - bottom;
  menu.classList.add("at-caret");
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.setProperty("max-height", `${Math.max(120, (above ? top : innerHeight - bottom) - 16)}px`);
  menu.style.setProperty(above ? "bottom" : "top", `${above ? innerHeight - top + 4 : bottom + 4}px`);
  menu.style.removeProperty(above ? "top" : "bottom");
}

// A field does not say where its caret is: the same words in the same type do
function caret(text) {
  const mirror = document.createElement("div"), mark = document.createElement("span"), type = getComputedStyle(text), box = text.getBoundingClientRect();
  for (const name of FROM_THE_TEXT) mirror.style[name] = type[name];
  Object.assign(mirror.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "anywhere", boxSizing: "border-box", width: `${text.clientWidth}px`, top: "0", left: "0" });
  mirror.textContent = text.value.slice(0, text.selectionStart);
  mark.textContent = "\u200b";
  mirror.append(mark);
  document.body.append(mirror);
  const x = box.left + mark.offsetLeft - text.scrollLeft, y = box.top + mark.offsetTop - text.scrollTop, high = mark.offsetHeight;
  mirror.remove();
  const top = Math.max(box.top, Math.min(y, box.bottom - high));
  return { left: x, top, bottom: top + high };
}

// Whether the key was for the menu
export function steer(form, text, event) {
  const menu = openMenu(form);
  if (!menu) return false;
  const options = shown(menu), now = options.findIndex((option) => option.classList.contains("active"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    choose(menu, text, options[(now + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length]);
  } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || (event.key === "Tab" && !event.shiftKey)) {
    options[now]?.click();
  } else if (event.key === "Escape") {
    form.dataset.dismissed = "";
    close(menu, text);
  } else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

// Chosen with the pointer, with Enter, or from the menu of the button
export function take(form, text, option) {
  const menu = option.closest("[data-suggest]"), replace = menu.classList.contains("at-caret") ? Number(menu.dataset.replace) : 0;
  close(menu, text);
  text.focus();
  text.setRangeText(option.dataset.insert, text.selectionStart - replace, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}
