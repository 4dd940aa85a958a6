// "/" jumps to the filter, Ctrl+K opens the menu search.
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
