// What a script adds to controls: searchable selects, date pickers, overflow shadows, local view preferences.
import TomSelect from "tom-select/base";
import clearButton from "tom-select/plugins/clear_button/plugin.js";
import removeButton from "tom-select/plugins/remove_button/plugin.js";
import flatpickr from "flatpickr";
import { Mandarin } from "flatpickr/dist/l10n/zh.js";

TomSelect.define("clear_button", clearButton);
TomSelect.define("remove_button", removeButton);

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const safe = (text) => String(text ?? "").replace(/[&<>"]/g, (c) => escapes[c]);
const each = (root, selector, run) => {
  if (root instanceof Element && root.matches(selector)) run(root);
  root.querySelectorAll?.(selector).forEach(run);
};

/** Prepares everything inside `root` once; safe to call again on the same part. */
export function enhance(root) {
  each(root, "select[data-choice]:not(.tomselected)", searchable);
  each(root, "input[data-date]:not(.flatpickr-input)", picker);
  each(root, ".ui-scroll", shadow);
  each(root, "#list[data-view-key]", restoreView);
  each(root, "[data-on-sight]", seen);
  each(root, "textarea[data-rich]:not([data-rich-ready])", rich);
  each(root, "textarea[data-samples]", exemplify);
}

/** Words with variables in braces, shown below as they will read. What is no variable stays as it was typed. */
function exemplify(area) {
  const samples = JSON.parse(area.dataset.samples);
  const line = area.closest(".ui-control").querySelector(".ui-sample");
  const update = () => {
    line.hidden = !area.value.trim();
    line.querySelector("output").textContent = area.value.replace(/[{｛]\s*([^{}｛｝\s]+)\s*[}｝]/g, (typed, name) => samples[name] ?? typed);
  };
  area.addEventListener("input", update);
  update();
}

function searchable(select) {
  const remote = select.dataset.remote;
  // A short list of plain words needs no search; the browser's own control is better, above all on phones.
  if (!remote && !select.multiple && select.options.length <= 8) return;
  const invalid = select.classList.contains("is-invalid");
  const described = ["aria-describedby", "aria-invalid", "aria-required", "aria-label"];
  const carried = described.filter((n) => select.hasAttribute(n)).map((n) => [n, select.getAttribute(n)]);
  select.classList.remove("form-select");
  const blank = [...select.options].find((o) => o.value === "")?.textContent;
  const widget = new TomSelect(select, {
    plugins: select.multiple ? ["remove_button"] : { clear_button: { title: "清除" } },
    valueField: "value",
    labelField: "text",
    searchField: remote ? [] : ["text"],
    maxOptions: remote ? 20 : 500,
    placeholder: select.getAttribute("placeholder") || blank || "请选择",
    hidePlaceholder: true,
    preload: remote ? "focus" : false,
    loadThrottle: 250,
    closeAfterSelect: !select.multiple,
    ...(remote ? { load: (query, done) => load(widget, remoteOf(select), query, done), score: () => () => 1 } : {}),
    render: {
      option: (d, esc) => `<div>${marked(d.text, widget?.lastQuery)}${d.hint ? `<small>${marked(d.hint, widget?.lastQuery)}</small>` : ""}</div>`,
      item: (d, esc) => `<div>${esc(d.text)}</div>`,
      no_results: () => `<div class="no-results">${safe(widget?.told || "没有匹配的结果")}</div>`,
      loading: () => '<div class="loading-text">正在查找…</div>',
    },
  });
  stayShut(widget);
  if (invalid) widget.wrapper.classList.add("is-invalid");
  for (const [name, value] of carried) widget.control_input.setAttribute(name, value);
  select.setAttribute("aria-hidden", "true");
  widget.on("change", () => select.dispatchEvent(new Event("input", { bubbles: true })));
  for (const above of widest(select)) above.addEventListener("change", () => forget(widget));
  const note = document.getElementById(select.dataset.note ?? "");
  if (note) widget.on("change", (value) => (note.hidden = !widget.options[value]?.marked));
}

/** What was typed is looked up a moment later. Whoever has chosen or gone on to the next field by then keeps the focus:
    opened late, the list would take it back, and with it what is being typed. */
function stayShut(widget) {
  const open = widget.open.bind(widget);
  widget.open = () => widget.wrapper.contains(document.activeElement) && open();
  widget.on("item_add", () => clearTimeout(widget.refreshTimeout));
}

/** The controls that say within what this one is searched (a city within its province). */
function widest(select) {
  const names = (select.dataset.within ?? "").split(" ").filter(Boolean);
  return names.map((name) => select.form?.elements[name]).filter(Boolean);
}

/** What was chosen, and found, within something else. */
function forget(widget) {
  widget.clear();
  widget.clearOptions();
  widget.wrapper.classList.remove("preloaded");
}

/** The address to search, with what the choice depends on: other fields of the form, and the row it is about. */
function remoteOf(select) {
  const url = new URL(select.dataset.remote, window.location.origin);
  if (!select.dataset.needs || !select.form) return url;
  for (const name of select.dataset.needs.split(" ")) {
    const value = select.form.elements.namedItem(name)?.value;
    if (value) url.searchParams.set(name, value);
  }
  if (select.form.dataset.key) url.searchParams.set("row", select.form.dataset.key);
  return url;
}

function marked(text, query) {
  if (!query) return safe(text);
  const at = String(text).toLowerCase().indexOf(query.toLowerCase());
  if (at < 0) return safe(text);
  const end = at + query.length;
  return `${safe(text.slice(0, at))}<span class="highlight">${safe(text.slice(at, end))}</span>${safe(text.slice(end))}`;
}

/** Remote options: `{value, text, hint}` items, bare or under `results`; at most 20 within the user's scope. */
async function load(widget, url, query, done) {
  url.searchParams.set("q", query);
  for (const above of widest(widget.input)) url.searchParams.set(above.name, above.value);
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    const body = answer.ok ? await answer.json() : [];
    widget.lastQuery = query;
    widget.clearOptions((option) => widget.items.includes(String(option.value)));
    widget.told = body.message;
    done(Array.isArray(body) ? body : body.results);
  } catch {
    done();
  }
}

const formats = {
  date: { dateFormat: "Y-m-d" },
  moment: { dateFormat: "Y-m-d H:i", enableTime: true, time_24hr: true },
  month: { dateFormat: "Y-m" },
  time: { dateFormat: "H:i", enableTime: true, noCalendar: true, time_24hr: true },
};

const BARE_DATE = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$/;

/** A bare date opens at 00:00, and closes a window with its last minute. */
function picker(input) {
  if (input.readOnly || input.disabled) return;
  const [hour, minute] = "closing" in input.dataset ? [23, 59] : [0, 0];
  flatpickr(input, {
    ...formats[input.dataset.date || "date"],
    defaultHour: hour,
    defaultMinute: minute,
    parseDate: (text, format) => {
      const [, year, month, day] = BARE_DATE.exec(text) ?? [];
      return year ? new Date(year, month - 1, day, hour, minute) : flatpickr.parseDate(text, format);
    },
    locale: { ...Mandarin, firstDayOfWeek: 1, hourAriaLabel: "时", minuteAriaLabel: "分", yearAriaLabel: "年", monthAriaLabel: "月" },
    allowInput: true,
    disableMobile: true,
    minDate: input.dataset.min || undefined,
    maxDate: input.dataset.max || undefined,
    onReady: (_dates, _text, self) => {
      self.calendarContainer.querySelector(".cur-year")?.setAttribute("aria-label", "年");
      self.calendarContainer.querySelector(".flatpickr-monthDropdown-months")?.setAttribute("aria-label", "月");
    },
  });
}

function shadow(box) {
  const update = () => box.classList.toggle("is-cut", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
  box.addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(box);
  // Only a box that scrolls is worth a stop of the Tab key.
  if (box.scrollWidth <= box.clientWidth) box.removeAttribute("tabindex");
}

function restoreView(list) {
  if (localStorage.getItem(`view:${list.dataset.viewKey}`) === "cards") setView(list, "cards");
}

/** Table or cards; remembered per list on this machine (a preference, no data). */
export function setView(list, view) {
  list.classList.toggle("as-cards", view === "cards");
  list.querySelectorAll("[data-view]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.view === view)));
  localStorage.setItem(`view:${list.dataset.viewKey}`, view);
}

/** The editor is a script of its own, fetched only by pages that need it. */
function rich(textarea) {
  if (document.querySelector("script[data-rich-loader]")) {
    textarea.dispatchEvent(new CustomEvent("ui:rich", { bubbles: true }));
    return;
  }
  const script = document.createElement("script");
  script.src = document.body.dataset.richScript;
  script.dataset.richLoader = "";
  document.head.append(script);
}

/** What it means that somebody sees this (a message is read): told by a POST, since a GET changes nothing. */
function seen(part) {
  const body = new FormData();
  body.set("csrf_token", document.querySelector('meta[name="csrf-token"]')?.content ?? "");
  fetch(part.dataset.onSight, { method: "POST", body, credentials: "same-origin", redirect: "manual" }).catch(() => {});
  delete part.dataset.onSight;
}
