// Child rows in a form: clone the template, number on, remove; existing rows are struck by their checkbox.
import { on, say } from "./on.js";
import { enhance } from "./enhance.js";

on("click", "[data-row-add]", (_event, button) => {
  const child = button.closest("[data-rows]");
  const body = child.querySelector("tbody");
  const max = Number(child.dataset.max);
  if (max && body.rows.length >= max) {
    say(`最多 ${max} 行`);
    return;
  }
  const row = child.querySelector("template").content.firstElementChild.cloneNode(true);
  const n = next(child);
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const name of ["id", "name", "for", "aria-describedby", "aria-labelledby", "data-peek"]) {
      const value = element.getAttribute(name);
      if (value?.includes("__n__")) element.setAttribute(name, value.replaceAll("__n__", String(n)));
    }
  }
  body.append(row);
  enhance(row);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  child.dispatchEvent(new Event("change", { bubbles: true }));
});

/** Numbers need not be contiguous, only new. */
function next(child) {
  const prefix = `${child.dataset.rows}-`;
  const used = [...child.querySelectorAll("tbody [name]")]
    .filter((e) => e.name.startsWith(prefix))
    .map((e) => parseInt(e.name.slice(prefix.length), 10))
    .filter(Number.isFinite);
  return used.length ? Math.max(...used) + 1 : 0;
}

on("click", "[data-row-remove]", (_event, button) => {
  const row = button.closest("tr");
  const child = row.closest("[data-rows]");
  row.remove();
  child.querySelector("[data-row-add]").focus();
  child.dispatchEvent(new Event("change", { bubbles: true }));
  say("已移除一行");
});

on("change", "[data-strike]", (_event, box) => box.closest("tr").classList.toggle("is-struck", box.checked));
document.querySelectorAll("[data-strike]:checked").forEach((box) => box.closest("tr").classList.add("is-struck"));
