// "查看" opens a sheet over the list; the link stays a link, so a middle click or no script opens the page.
import { on } from "./on.js";
import { toast } from "./toast.js";
import { enhance } from "./enhance.js";

const sheet = document.getElementById("ui-sheet");

on("click", "a[data-sheet]", async (event, link) => {
  if (!sheet || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  event.stopPropagation();
  const body = sheet.querySelector("#ui-sheet-body");
  sheet.querySelector("[data-sheet-open]").href = link.href;
  sheet.querySelector("#ui-sheet-title").textContent = link.textContent;
  body.innerHTML = '<div class="ui-card ui-intro"><span class="ui-skeleton"></span><br><span class="ui-skeleton"></span><br><span class="ui-skeleton"></span></div>';
  body.setAttribute("aria-busy", "true");
  if (!sheet.open) sheet.showModal();
  const answer = await fetch(link.href, { credentials: "same-origin" }).catch(() => null);
  const page = answer && new DOMParser().parseFromString(await answer.text(), "text/html");
  const detail = page?.getElementById("detail");
  if (!detail) {
    sheet.close();
    if (answer?.ok) window.location.href = link.href;
    else toast(page?.querySelector("[data-error]")?.textContent ?? "没有打开，请稍后再试", "red");
    return;
  }
  sheet.querySelector("#ui-sheet-title").textContent = detail.dataset.title;
  body.replaceChildren(document.adoptNode(detail));
  body.removeAttribute("aria-busy");
  body.scrollTop = 0;
  enhance(body);
});
