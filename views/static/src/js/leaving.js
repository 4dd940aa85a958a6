// A page that is slow to come shows a line on top while it does.
import { on } from "./on.js";

const root = document.documentElement;
let timer;

function leaving() {
  clearTimeout(timer);
  root.classList.add("is-leaving");
  timer = setTimeout(() => root.classList.remove("is-leaving"), 10000); // a download never leaves the page
}

window.addEventListener("beforeunload", leaving);
window.addEventListener("pageshow", () => root.classList.remove("is-leaving"));
on("click", "a[download]", () => root.classList.remove("is-leaving"));
