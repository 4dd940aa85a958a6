// "/" jumps to the filter, Ctrl+K opens the menu search; a page may give keys to its own links and buttons.
import { on } from "./on.js";
import { openPalette } from "./palette.js";

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
  }
  if (event.key !== "/" || event.target.closest("input, textarea, select, [contenteditable]")) return;
  const first = document.querySelector("#filter .form-control, #filter .form-select");
  if (first) {
    event.preventDefault();
    first.focus();
  }
});

// data-key: a letter presses this; with data-key-first, an empty field there gets the focus instead. Whoever types with
// a screen reader or by voice switches letters off; the choice stays on this machine.
const OFF = "keys-off";
const letters = document.querySelector("[data-keys-switch]");

function silence(off) {
  document.body.classList.toggle("ui-keys-off", off);
  if (off) localStorage.setItem(OFF, "1");
  else localStorage.removeItem(OFF);
}

if (letters) {
  letters.checked = localStorage.getItem(OFF) === null;
  silence(!letters.checked);
}
on("change", "[data-keys-switch]", (_event, box) => silence(!box.checked));

document.addEventListener("keydown", (event) => {
  if (!letters?.checked || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!target) return;
  event.preventDefault();
  const first = target.dataset.keyFirst && document.querySelector(target.dataset.keyFirst);
  if (first && !first.value.trim()) first.focus();
  else target.click();
});
