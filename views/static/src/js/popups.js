// Popovers are <details>, drawers are <dialog>: the browser gives keyboard and focus, this closes them.
import { on } from "./on.js";

document.addEventListener("click", (event) => {
  document.querySelectorAll("details.ui-pop[open]").forEach((d) => {
    if (!d.contains(event.target)) d.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.ui-pop[open]").forEach((d) => {
    d.open = false;
    d.querySelector("summary").focus();
  });
});

on("click", "[data-open-dialog]", (_event, button) => document.getElementById(button.dataset.openDialog)?.showModal());
on("click", "[data-close-dialog]", (_event, button) => button.closest("dialog").close());
// A click on the backdrop lands on the dialog itself.
on("click", "dialog.ui-drawer, dialog.ui-sheet, dialog.ui-palette", (event, dialog) => {
  if (event.target === dialog) dialog.close();
});
