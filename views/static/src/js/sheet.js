// "查看" opens a sheet over the list, and so may a form; the link stays a link, so a middle click opens the page.
import { on } from "./on.js";
import { toast } from "./toast.js";
import { enhance } from "./enhance.js";

const sheet = document.getElementById("ui-sheet");
const body = sheet?.querySelector("#ui-sheet-body");
const foot = sheet?.querySelector("#ui-sheet-foot");
const WAITING = '<div class="ui-card ui-intro"><span class="ui-skeleton"></span><br><span class="ui-skeleton"></span><br><span class="ui-skeleton"></span></div>';

on("click", "a[data-sheet]", async (event, link) => {
  if (!sheet || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  event.stopPropagation();
  sheet.querySelector("[data-sheet-open]").href = link.href;
  sheet.querySelector("#ui-sheet-title").textContent = link.textContent;
  body.innerHTML = WAITING;
  foot.replaceChildren();
  if (!sheet.open) sheet.showModal();
  await show(() => fetch(link.href, { credentials: "same-origin" }), link.href);
});

// A form in the sheet is sent from the sheet: refused, it comes back with its errors; accepted, the page is fresh.
on("submit", "#ui-sheet-body form", async (event, form) => {
  if (event.defaultPrevented) return;
  event.preventDefault();
  const button = event.submitter;
  const data = new FormData(form);
  if (button?.name) data.append(button.name, button.value);
  const address = button?.getAttribute("formaction") || form.action;
  await show(() => fetch(address, { method: "POST", body: data, credentials: "same-origin" }), "");
});

async function show(ask, fallback) {
  body.setAttribute("aria-busy", "true");
  const answer = await ask().catch(() => null);
  const page = answer && new DOMParser().parseFromString(await answer.text(), "text/html");
  body.removeAttribute("aria-busy");
  const part = page?.getElementById("detail") ?? page?.getElementById("form");
  const saved = answer?.redirected && !fallback;
  if (part && !saved) return fill(part, page);
  if (saved) return window.location.reload();
  if (answer?.ok && fallback) return window.location.assign(fallback);
  sheet.close();
  return toast(page?.querySelector("[data-error]")?.textContent ?? "没有打开，请稍后再试", "red");
}

function fill(part, page) {
  sheet.querySelector("#ui-sheet-title").textContent = part.dataset.title ?? page.querySelector("h1")?.textContent ?? "";
  body.replaceChildren(document.adoptNode(part));
  foot.replaceChildren(...(page.getElementById("ui-actions")?.children ?? [])); // the page's own commands
  body.scrollTop = 0;
  enhance(body);
}
