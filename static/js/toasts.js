// For who cannot see it: what came or happened, said once by the screen reader
export function tell(words) {
  const place = document.getElementById("announce");
  if (place) place.textContent = place.textContent === words ? `${words}\u00a0` : words;
}

// One toast for errors: what happened, what is safe. The words come from the page, in its language.
export function say(what, instead) {
  const words = document.getElementById("words")?.content.querySelector(`[data-say="${what}"]`);
  const place = document.getElementById("toasts");
  if (!words || !place || place.querySelector(`[data-said="${what}"]`)) return;
  const toast = words.cloneNode(true);
  toast.dataset.said = what;
  if (instead) toast.querySelector("p").textContent = instead;
  place.append(toast);
  setTimeout(() => toast.remove(), 7000);
}
