// htmx, with everything that needs eval or an injected <style> switched off (strict CSP).
import htmx from "htmx.org";
import { say } from "./on.js";
import { toast } from "./toast.js";
import { enhance } from "./enhance.js";

Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0, // no personal data in local storage; "back" fetches again
  refreshOnHistoryMiss: true,
});

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:configRequest", (event) => {
  const { verb, formData, headers } = event.detail;
  if (verb !== "get") headers["X-CSRFToken"] = csrf();
  // An empty filter is no filter: keep it out of the address.
  for (const [name, value] of [...formData.entries()]) if (value === "") formData.delete(name);
});

document.addEventListener("htmx:beforeRequest", (event) => event.detail.target?.setAttribute("aria-busy", "true"));

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target, isError } = event.detail;
  if (isError || target?.id !== "list") return;
  // A whole other page came back (the session ended, say): go there instead of swapping in nothing.
  if (!/id="list"/.test(xhr.responseText)) {
    event.detail.shouldSwap = false;
    window.location.href = xhr.responseURL || window.location.href;
  }
});

document.addEventListener("htmx:afterSettle", (event) => {
  const list = document.getElementById("list");
  if (event.detail.target?.id === "list" && list) say(`已更新，共 ${list.dataset.total} 条`);
});

// htmx swaps inside fragments too (a detail sheet, a job's progress): dress what arrived.
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));

document.addEventListener("htmx:responseError", (event) => {
  const { xhr, target } = event.detail;
  target?.removeAttribute("aria-busy");
  toast(messageOf(xhr) || `操作没有成功（${xhr.status}），请稍后再试`, "red");
});
document.addEventListener("htmx:sendError", (event) => {
  event.detail.target?.removeAttribute("aria-busy");
  toast("网络连接中断，请检查网络后再试", "red");
});

function messageOf(xhr) {
  const type = xhr.getResponseHeader("Content-Type") ?? "";
  if (type.includes("json")) {
    try {
      return JSON.parse(xhr.responseText).message;
    } catch {
      return "";
    }
  }
  return new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("[data-error]")?.textContent;
}
