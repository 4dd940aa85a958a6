// Ctrl+K: type part of a menu's name, press Enter (features row 8).
import { on } from "./on.js";

const palette = document.getElementById("ui-palette");
const input = palette?.querySelector("input");
const options = palette ? [...palette.querySelectorAll("li")] : [];
options.forEach((o, i) => (o.id = `ui-palette-${i}`));

const shown = () => options.filter((o) => !o.hidden);

function select(option) {
  options.forEach((o) => o.setAttribute("aria-selected", String(o === option)));
  if (!option) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function filter() {
  const words = input.value.trim().toLowerCase().split(/\s+/);
  options.forEach((o) => (o.hidden = !words.every((w) => o.dataset.text.toLowerCase().includes(w))));
  // The name of an entry counts for more than the name of its area.
  select(shown().find((o) => words.every((w) => o.querySelector("span").textContent.toLowerCase().includes(w))) ?? shown()[0]);
}

export function openPalette() {
  if (!palette || palette.open) return;
  input.value = "";
  palette.showModal();
  filter();
}

on("click", "[data-palette]", openPalette);
on("click", "#ui-palette li", (_event, option) => (window.location.href = option.dataset.href));
input?.addEventListener("input", filter);
input?.addEventListener("keydown", (event) => {
  const list = shown();
  const at = list.findIndex((o) => o.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    select(list[(at + step + list.length) % list.length]);
  } else if (event.key === "Enter" && list[at]) {
    event.preventDefault();
    window.location.href = list[at].dataset.href;
  }
});
