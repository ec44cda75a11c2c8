// Comforts of the screen, bound to data- attributes. Every page reads and every form works without this.
import "./keys.js";
import "./live.js";
import "./list.js";
import "./palette.js";
import { say, tell } from "./toasts.js";

const html = document.documentElement;

// Who went back or on before the page could hear it stands at an address whose page this is not
const [served] = performance.getEntriesByType("navigation");
if (served?.name && new URL(served.name).pathname !== location.pathname) location.reload();

// Theme: at once, and kept by the form it stands in
document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-theme-set]"), opener = event.target.closest("[data-dialog]");
  if (theme) {
    event.preventDefault();
    theme.dataset.themeSet ? (html.dataset.theme = theme.dataset.themeSet) : delete html.dataset.theme;
    const form = theme.closest("form"), body = new FormData(form);
    body.set("theme", theme.dataset.themeSet);
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
    theme.closest("[popover]").hidePopover();
  }
  if (opener && document.getElementById(opener.dataset.dialog)?.showModal) {
    event.preventDefault();
    opener.closest("[popover]")?.hidePopover();
    document.getElementById(opener.dataset.dialog).showModal();
  }
  const bell = event.target.closest("[data-bell]");
  if (bell && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    htmx.ajax("GET", bell.href, { target: "#bell-list", swap: "innerHTML" }).then(() => document.getElementById("bell").showModal());
  }
  const dialog = event.target.closest("dialog[open]");
  if (dialog && event.target === dialog) dialog.close(); // a click beside it
});

// What was asked for and did not come: one toast for errors, and a login in place when the session ended
document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = event.detail.xhr.responseURL || "";
  const login = document.getElementById("login-again");
  if (login && answered.includes(login.dataset.login)) {
    event.detail.shouldSwap = false;
    loggedOut();
  }
  // htmx takes leave of every element that goes, with two events each. Of a whole conversation that is much of a click's
  // time, and nobody listens: what waited for something elsewhere stops by itself when it stands nowhere any more.
  if (event.detail.shouldSwap && event.detail.target.id === "talk") event.detail.target.replaceChildren();
});
// Who went on to another conversation before the answer came is told all the same, and can take it back
document.addEventListener("htmx:beforeRequest", ({ detail: { elt, target, xhr } }) => {
  const talk = elt.closest("[data-conversation]")?.getAttribute("aria-label");
  if (talk) elt.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr !== xhr || target.isConnected) return;
    event.preventDefault();
    const made = new DOMParser().parseFromString(xhr.responseText, "text/html"), told = [...made.querySelectorAll(".toast")];
    for (const toast of told) htmx.process(document.getElementById("toasts").appendChild(document.adoptNode(toast)));
    const alert = made.querySelector("#composer [role=alert] p");
    if (xhr.status >= 400 && !told.length) refused(xhr, alert && `${talk}: ${alert.textContent}`);
    document.dispatchEvent(new CustomEvent("arrived"));
  }, { once: true });
});
document.addEventListener("logged-out", loggedOut);
function loggedOut() {
  const login = document.getElementById("login-again");
  if (login && !login.open) login.showModal();
}
const refused = (xhr, words) => say({ 403: "denied", 404: "gone" }[xhr.status] || "failed", words);
document.addEventListener("htmx:responseError", (event) => refused(event.detail.xhr));
document.addEventListener("htmx:sendError", () => say("offline"));
addEventListener("focus", async () => {
  const login = document.getElementById("login-again");
  if (!login?.open) return;
  const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html"), kept = [];
  const token = made.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (token && made.body.dataset.agent === document.body.dataset.agent) { // what was typed since goes to the server first
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
    document.dispatchEvent(new CustomEvent("keep", { detail: kept }));
    await Promise.all(kept);
  }
  login.close(); // the keyboard is where it was
  if (document.activeElement.matches("textarea[id]")) sessionStorage.setItem("writing", document.activeElement.id);
  location.reload();
});
const writing = document.getElementById(sessionStorage.getItem("writing") || "");
sessionStorage.removeItem("writing");
writing?.focus();
writing?.setSelectionRange(writing.value.length, writing.value.length);

// The browser is asked for its notifications at the moment somebody says they want them, in their own settings
document.addEventListener("change", async (event) => {
  const wish = event.target;
  if (!wish.matches("[name=desktop_notifications]") || !wish.checked) return;
  const answer = "Notification" in window ? await Notification.requestPermission() : "denied";
  if (answer === "denied") { wish.checked = false; say("silent"); }
});

// The keyboard stays where it was when a piece of the page is replaced
let held = null;
document.addEventListener("htmx:beforeRequest", () => {
  const at = document.activeElement, menu = at.closest(".menu");
  const opener = menu && document.querySelector(`[popovertarget="${menu.id}"]`);
  held = at === document.body ? null : { newbar: at.matches("[data-newbar]"), at, place: at.closest("#head, #composer, #toasts")?.id, key: (opener || at).dataset.key, delivery: at.closest("[data-delivery]"), edit: at.closest("form")?.matches("[action$='/edit/']") };
});
const lost = (place) => !place || place === document.body || !place.checkVisibility();
function holdFocus({ target, xhr }) {
  // Who sent something is done writing: the next key acts, and does not fall into a composer that may be another audience's
  const sent = target.id === "composer" && xhr.getResponseHeader("HX-Trigger"), at = document.activeElement;
  if (!held || !lost(held.at) || !(lost(at) || (sent && at.closest("#composer")))) return;
  const places = { composer: sent ? "#talk-end" : "#reply", head: `#head [data-key="${held.key}"]:not(.menu *)` };
  const next = [held.newbar && "[data-row] [data-open]", held.delivery && (held.edit ? "#reply" : "#talk-end"), places[held.place], held.place && "#head [data-key]:not(.menu *)", "[data-row].selected [data-open]", ".talk-back a", "#main"];
  for (const place of next.filter(Boolean)) {
    const found = document.querySelector(place);
    if (!found?.checkVisibility()) continue;
    found.focus({ preventScroll: true });
    if (found.matches("textarea")) found.setSelectionRange(found.value.length, found.value.length); // what was refused goes on where it ended
    break;
  }
  held = null;
}

// A conversation that is opened: the title right, the row marked
export function settle() {
  for (const picture of document.querySelectorAll("[data-picture]:not([data-watched])")) {
    picture.dataset.watched = "yes";
    const broken = () => { picture.hidden = true; picture.nextElementSibling.hidden = false; };
    picture.complete && picture.naturalWidth === 0 && picture.src ? broken() : picture.addEventListener("error", broken, { once: true });
  }
  for (const toast of document.querySelectorAll("[data-toast]:not([data-timed])")) {
    toast.dataset.timed = "yes";
    const leave = () => (document.hidden || toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, toast.querySelector("[data-undo]") ? 20000 : 8000);
  }
}
document.addEventListener("arrived", settle);
document.addEventListener("htmx:afterSettle", (event) => {
  settle();
  if (event.detail.target.id === "talk") opened();
  holdFocus(event.detail);
});
function opened() {
  const talk = document.querySelector("[data-conversation]");
  if (!talk) return;
  document.querySelector(".panes").dataset.open = "conversation";
  document.title = talk.dataset.title;
  tell(talk.getAttribute("aria-label"));
  for (const row of document.querySelectorAll("[data-row]")) {
    const here = row.dataset.row === talk.dataset.conversation;
    row.classList.toggle("selected", here);
    row.classList.remove(here ? "unread" : "at");
    const link = row.querySelector("[data-open]");
    here ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }
  document.dispatchEvent(new CustomEvent("opened"));
}
settle();

// What stood here when the page came is no news to a screen reader: it is said once more
const told = [...document.querySelectorAll("#toasts > .toast > p")].map((words) => words.textContent).join(" ");
if (told) setTimeout(tell, 300, told);
