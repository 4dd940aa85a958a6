// Forms that keep what is typed: every few seconds to the server, so that a crash costs a few seconds of typing.
import { on } from "./on.js";

const EVERY = 4000;
const form = document.querySelector("form[data-autosave]");
let timer = null;
let sending = null;

function later() {
  timer ??= setTimeout(save, EVERY);
}

async function save() {
  clearTimeout(timer);
  timer = null;
  if (sending) return later();
  sending = post(form.dataset.autosave, values());
  const answer = await sending;
  sending = null;
  tell(answer);
  if (!answer?.ok) later();
  return answer;
}

/** Everything but files: those are sent when they are chosen. */
function values() {
  const data = new FormData(form);
  for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
  return data;
}

function post(address, body, keepalive = false) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  return fetch(address, { method: "POST", body, headers, keepalive, redirect: "manual", credentials: "same-origin" }).catch(() => null);
}

async function tell(answer) {
  const place = form.querySelector("[data-autosaved]");
  if (answer?.ok) {
    const { saved } = await answer.json();
    place.textContent = `已自动保存 ${saved.slice(-5)}`;
    place.classList.remove("is-bad");
    return;
  }
  const lost = answer?.type === "opaqueredirect" ? "登录已失效，请在新窗口登录后再继续填写，本页内容不会丢失" : "自动保存没有成功，正在重试，请勿关闭本页";
  place.textContent = answer?.status === 413 ? "内容太多，不能自动保存，请先保存" : lost;
  place.classList.add("is-bad");
}

if (form) {
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && timer) post(form.dataset.autosave, values(), true);
  });
  // What is on its way arrives before the form itself: kept afterwards, it would come back as unsaved.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    timer = null;
    if (!sending || event.defaultPrevented) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    sending.then(() => form.requestSubmit(event.submitter));
  });
}

on("click", "[data-forget]", async (_event, button) => {
  clearTimeout(timer);
  await sending;
  await post(button.dataset.forget, new FormData());
  document.dispatchEvent(new Event("ui:clean"));
  window.location.reload();
});
