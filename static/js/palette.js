// Ctrl K: jump to anything. The server finds, the arrows choose.
const palette = document.getElementById("palette");

export function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  const ask = document.getElementById("palette-q");
  ask.select();
  htmx.trigger(ask, "palette-open");
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); }
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]") && !event.ctrlKey && !event.metaKey && palette) { event.preventDefault(); openPalette(); }
});
palette?.addEventListener("keydown", (event) => {
  const links = [...palette.querySelectorAll("#palette-found a")], now = links.findIndex((link) => link.classList.contains("active"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = links[(now + (event.key === "ArrowDown" ? 1 : links.length - 1) + (now < 0 && event.key === "ArrowUp" ? 1 : 0)) % links.length];
    links[now]?.classList.remove("active");
    next?.classList.add("active");
    next?.scrollIntoView({ block: "nearest" });
  }
  if (event.key === "Enter" && !event.target.closest("a")) { event.preventDefault(); (links[now] || links[0])?.click(); }
});
palette?.addEventListener("htmx:afterSettle", () => palette.querySelector("#palette-found a")?.classList.add("active"));
