// A toast: something to say that needs no answer. Errors stay until closed.
const box = () => document.getElementById("ui-toasts");

export function toast(text, tone = "blue") {
  const source = document.querySelector("#ui-confirm .icon use")?.getAttribute("href").split("#")[0];
  const item = document.createElement("div");
  item.className = "ui-toast";
  item.dataset.tone = tone;
  const name = { red: "alert-circle", amber: "alert-triangle", green: "circle-check" }[tone] ?? "info-circle";
  item.innerHTML =
    `<svg class="icon" aria-hidden="true"><use href="${source}#${name}"></use></svg><div class="ui-toast-text"></div>` +
    `<button type="button" class="ui-close" data-close aria-label="关闭提示"><svg class="icon" aria-hidden="true"><use href="${source}#x"></use></svg></button>`;
  item.querySelector(".ui-toast-text").textContent = text;
  box()?.append(item);
  expire(item);
}

/** Takes the toast away after a while, unless it is an error or under the pointer. */
export function expire(item) {
  if (item.dataset.tone === "red") return;
  let timer = setTimeout(() => item.remove(), 6000);
  item.addEventListener("mouseenter", () => clearTimeout(timer));
  item.addEventListener("mouseleave", () => (timer = setTimeout(() => item.remove(), 3000)));
}
