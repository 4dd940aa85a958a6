// 获取验证码: posts the form's fields to the address of the button, then counts the wait down.
import { on } from "./on.js";
import { toast } from "./toast.js";

on("click", "[data-sms-send]", async (_event, button) => {
  const label = button.textContent;
  button.disabled = true;
  const body = new FormData(button.closest("form"));
  const answer = await fetch(button.dataset.smsSend, {
    method: "POST",
    body,
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  renewCaptcha(button.closest("form")); // a picture counts once, whatever the answer
  if (!answer?.ok) {
    toast(told?.message ?? "验证码没有发出，请稍后再试", "red");
    button.disabled = false;
    return;
  }
  toast(told?.message ?? "验证码已发送，请查收短信", "green");
  countDown(button, label, told?.wait ?? 60);
});

function countDown(button, label, seconds) {
  if (seconds <= 0) {
    button.textContent = label;
    button.disabled = false;
    return;
  }
  button.textContent = `${seconds} 秒后重发`;
  setTimeout(() => countDown(button, label, seconds - 1), 1000);
}

function renewCaptcha(form) {
  form.querySelector("[data-captcha]")?.click();
  const typed = form.elements.captcha;
  if (typed) typed.value = "";
}
