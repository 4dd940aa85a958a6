// Forms: unsaved changes, double submits, the first error, passwords, files.
import { on } from "./on.js";
import { toast } from "./toast.js";

let dirty = false;
let leaving = false;

on("input", "form[data-guard]", () => (dirty = true));
on("change", "form[data-guard]", () => (dirty = true));
document.addEventListener("ui:clean", () => (dirty = false));
on("submit", "form", (event, form) => {
  if (event.defaultPrevented) return;
  leaving = true;
  if (form.method !== "post" || form.hasAttribute("data-native") || form.dataset.sent) {
    if (form.dataset.sent) event.preventDefault();
    return;
  }
  if (form.hasAttribute("hx-post")) return;
  // One submit is enough. The mark, not `disabled`, so that the button's own name still travels.
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});
window.addEventListener("beforeunload", (event) => {
  if (dirty && !leaving) event.preventDefault();
});
window.addEventListener("pageshow", () => {
  leaving = false;
  document.querySelectorAll("form[data-sent]").forEach((f) => delete f.dataset.sent);
});

const wrong = document.querySelector(".ui-form .has-error, .ui-form [aria-invalid]");
if (wrong) document.getElementById("ui-errors")?.scrollIntoView({ block: "center" });
on("click", "#ui-errors a", (event, link) => {
  const target = document.querySelector(link.getAttribute("href"));
  if (!target) return;
  event.preventDefault();
  const input = target.tomselect?.control_input ?? target;
  (target.closest(".ui-field") ?? target).scrollIntoView({ block: "center" });
  (input.matches?.("input, select, textarea, button") ? input : input.querySelector("input, select, textarea"))?.focus();
});

on("click", "[data-peek]", (_event, button) => {
  const input = document.getElementById(button.dataset.peek);
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});

on("click", "[data-captcha]", (_event, button) => {
  const picture = document.getElementById(button.dataset.captcha);
  const url = new URL(picture.src);
  url.searchParams.set("t", Date.now().toString(36));
  picture.src = url.href;
});

on("dragover", "[data-drop]", (_event, box) => box.classList.add("is-over"));
on("dragleave", "[data-drop]", (_event, box) => box.classList.remove("is-over"));
on("drop", "[data-drop]", (_event, box) => box.classList.remove("is-over"));
on("change", "[data-drop] input[type=file]", (_event, input) => {
  const list = input.closest("[data-drop]").querySelector(".ui-drop-list");
  const files = [...input.files];
  const limit = Number(input.dataset.max) || 0;
  const big = limit ? files.find((f) => f.size > limit) : null;
  if (big) {
    toast(`${big.name} 超过 ${size(limit)}，请压缩后再选`, "red");
    input.value = "";
    list.textContent = "";
    return;
  }
  list.textContent = files.map((f) => `${f.name}（${size(f.size)}）`).join("、");
  if (files.length === 1 && files[0].type.startsWith("image/")) preview(files[0], list);
});

function size(bytes) {
  return bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function preview(file, list) {
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    const image = Object.assign(document.createElement("img"), { src: reader.result, alt: "预览" });
    list.append(image);
  });
  reader.readAsDataURL(file);
}
