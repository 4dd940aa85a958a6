// Child rows in a form: lines from a template, rows picked from a search, files dropped in; numbered on, removed;
// existing rows are struck by their checkbox.
import { on, say } from "./on.js";
import { enhance } from "./enhance.js";
import { toast } from "./toast.js";

const last = (child) => Number(child.dataset.max) || Infinity;
const rowsOf = (child) => [...child.querySelectorAll("tbody tr")].filter((row) => !row.classList.contains("is-struck"));
const changed = (child) => child.dispatchEvent(new Event("change", { bubbles: true }));

on("click", "[data-row-add]", (_event, button) => {
  const child = button.closest("[data-rows]");
  if (full(child)) return;
  const row = add(child);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  changed(child);
});

function full(child) {
  if (rowsOf(child).length < last(child)) return false;
  toast(`最多 ${last(child)} 行`, "amber");
  return true;
}

function add(child) {
  const row = child.querySelector("template").content.firstElementChild.cloneNode(true);
  const n = next(child);
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const name of ["id", "name", "for", "aria-describedby", "aria-labelledby", "data-peek"]) {
      const value = element.getAttribute(name);
      if (value?.includes("__n__")) element.setAttribute(name, value.replaceAll("__n__", String(n)));
    }
  }
  child.querySelector("tbody").append(row);
  enhance(row);
  return row;
}

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
  child.querySelector("[data-row-add], [data-choose], .ts-control input")?.focus();
  changed(child);
  say("已移除一行");
});

on("change", "[data-strike]", (_event, box) => box.closest("tr").classList.toggle("is-struck", box.checked));
document.querySelectorAll("[data-strike]:checked").forEach((box) => box.closest("tr").classList.add("is-struck"));

// Picked: chosen once is enough, twice is a hint (E19).
on("change", "select[data-pick]", (event, select) => {
  const { value } = select;
  if (!value) return;
  event.stopPropagation();
  const child = select.closest("[data-rows]");
  const text = select.tomselect.options[value]?.text ?? "";
  select.tomselect.clear(true);
  const there = [...child.querySelectorAll("[data-picked]")].find((input) => input.value === value)?.closest("tr");
  if (there) return again(there, text);
  if (full(child)) return;
  const row = add(child);
  row.querySelector("[data-picked]").value = value;
  row.querySelector("[data-picked-text]").textContent = text;
  changed(child);
  say(`已添加${text}`);
});

function again(row, text) {
  const strike = row.querySelector("[data-strike]:checked");
  if (strike) strike.click();
  else toast(`“${text}”已在列表中，不用重复添加`, "amber");
}

// Files go ahead of the form, one by one: what is wrong with one is said beside it, and at once.
on("change", "[data-choose]", (event, input) => {
  event.stopPropagation();
  const child = input.closest("[data-rows]");
  for (const file of input.files) if (!full(child)) send(child, file);
  input.value = "";
});
on("dragover", "[data-drop-many]", (_event, box) => box.classList.add("is-over"));
for (const end of ["dragleave", "drop"]) on(end, "[data-drop-many]", (_event, box) => box.classList.remove("is-over"));

function send(child, file) {
  const row = add(child);
  const most = Number(child.dataset.bytes);
  row.querySelector("[data-file-name]").textContent = `${file.name}（${size(file.size)}）`;
  if (file.size > most) return wrong(row, `超过${size(most)}，没有上传，请压缩后再选`);
  const bar = row.querySelector("[data-progress]");
  bar.hidden = false;
  row.setAttribute("aria-busy", "true");
  const ask = new XMLHttpRequest();
  ask.open("POST", child.dataset.files);
  ask.responseType = "json";
  ask.setRequestHeader("X-CSRFToken", document.querySelector('meta[name="csrf-token"]').content);
  ask.setRequestHeader("Accept", "application/json");
  ask.upload.addEventListener("progress", (event) => (bar.value = (100 * event.loaded) / (event.total || 1)));
  ask.addEventListener("loadend", () => {
    bar.hidden = true;
    row.removeAttribute("aria-busy");
    if (ask.status !== 200 || !ask.response?.token) return wrong(row, ask.response?.message ?? "没有上传成功，请重新选择");
    row.querySelector("[data-token]").value = ask.response.token;
    return changed(child);
  });
  const body = new FormData();
  body.append("file", file);
  return ask.send(body);
}

/** The row stays to be read and removed; without a token it is no part of the form. */
function wrong(row, text) {
  row.classList.add("has-error");
  row.querySelectorAll("[name]").forEach((input) => input.removeAttribute("name"));
  row.querySelector("[data-file-error]").textContent = text;
  row.querySelector(".ui-error").hidden = false;
  say(text);
}

function size(bytes) {
  return bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KB` : `${Math.round(bytes / 104857.6) / 10} MB`;
}
