// Lists: ticking rows, table or cards, folding filters, going to a page, ordering columns.
import htmx from "htmx.org";
import { on, say } from "./on.js";
import { setView } from "./enhance.js";

const ticks = () => [...document.querySelectorAll("#list [data-tick]")];

function count() {
  const all = ticks();
  const n = all.filter((t) => t.checked).length;
  all.forEach((t) => t.closest("tr").classList.toggle("is-ticked", t.checked));
  const head = document.querySelector("[data-tick-all]");
  if (head) {
    head.checked = n > 0 && n === all.length;
    head.indeterminate = n > 0 && n < all.length;
  }
  document.querySelectorAll("button[form=bulk]:not([aria-disabled])").forEach((b) => (b.disabled = n === 0));
  document.querySelectorAll("[data-ticked] b").forEach((b) => (b.textContent = String(n)));
  document.querySelector(".ui-bar")?.classList.toggle("has-ticks", n > 0);
  whole(false, n > 0 && n === all.length);
}

/** Act on everything the filter matches, not only on this page (features row 10). */
function whole(chosen, offered) {
  const field = document.querySelector("[data-whole]");
  const button = document.querySelector("[data-tick-whole]");
  if (!field || !button) return;
  field.value = chosen ? "1" : "";
  button.hidden = !offered || chosen;
  if (chosen) document.querySelector("[data-ticked] b").textContent = document.getElementById("list").dataset.total;
}

on("change", "[data-tick]", count);
on("change", "[data-tick-all]", (_event, head) => {
  ticks().forEach((t) => (t.checked = head.checked));
  count();
});
on("click", "[data-tick-whole]", () => {
  whole(true, true);
  say("已选择符合条件的全部记录");
});
document.addEventListener("htmx:afterSettle", count);
window.addEventListener("pageshow", count);
count();

on("click", "[data-view]", (_event, button) => setView(button.closest("#list"), button.dataset.view));

on("click", "[data-fold]", (_event, button) => {
  const open = button.closest("form").classList.toggle("is-open");
  button.setAttribute("aria-expanded", String(open));
});

on("submit", "[data-goto]", (event, form) => {
  event.preventDefault();
  const last = Number(form.dataset.pages);
  const n = Math.min(Math.max(parseInt(form.querySelector("input").value, 10) || 1, 1), last || 1);
  const link = Object.assign(document.createElement("a"), { href: form.dataset.goto.replace(/\{page\}|%7Bpage%7D/, String(n)) });
  form.closest("nav").append(link);
  link.hidden = true;
  // A link inside the boosted pager behaves like its neighbours: swap, address, history.
  htmx.process(link);
  link.click();
});

// A plain GET submit leaves the empty filters out of the address too.
on("formdata", "form[method=get]", (event) => {
  for (const [name, value] of [...event.formData.entries()]) if (value === "") event.formData.delete(name);
});

on("click", "[data-up]", (_event, button) => {
  const item = button.closest("li");
  item.previousElementSibling?.before(item);
  button.focus();
});

// A cell cut short tells the rest on hover.
on("mouseover", ".ui-rows td", (_event, cell) => {
  if (!cell.title && cell.scrollWidth > cell.clientWidth) cell.title = cell.textContent.trim();
});
