// `data-confirm` asks first, then repeats the click. Reasons of disabled buttons are told on click.
import { on } from "./on.js";
import { toast } from "./toast.js";

const dialog = document.getElementById("ui-confirm");
let pending = null;

on(
  "click",
  "[data-confirm]",
  (event, element) => {
    if (!dialog || element.dataset.agreed || element.disabled) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pending = element;
    dialog.querySelector("#ui-confirm-text").textContent = textOf(element);
    const yes = dialog.querySelector("[data-yes]");
    yes.classList.toggle("btn-danger", "danger" in element.dataset);
    yes.classList.toggle("btn-primary", !("danger" in element.dataset));
    dialog.returnValue = "";
    dialog.showModal();
  },
  true,
);

dialog?.addEventListener("close", () => {
  const element = pending;
  pending = null;
  if (dialog.returnValue !== "yes" || !element) return;
  element.dataset.agreed = "1";
  element.click();
  delete element.dataset.agreed;
});

function textOf(element) {
  const n = document.querySelectorAll("[data-tick]:checked").length;
  const bulk = element.getAttribute("form") === "bulk";
  return bulk && n ? `${element.dataset.confirm}\n已选 ${n} 条。` : element.dataset.confirm;
}

on("click", "[data-why]", (event, element) => {
  event.preventDefault();
  toast(element.dataset.why, "amber");
});
