// Light, dark or as the system: a cookie, so that the server writes the attribute and nothing flashes.
import { on } from "./on.js";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const chosen = () => document.cookie.match(/(?:^|; )theme=(light|dark)/)?.[1] ?? "";

function choose(theme) {
  const age = theme ? 31536000 : 0;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
  root.setAttribute("data-bs-theme", theme || (system.matches ? "dark" : "light"));
  mark();
}

function mark() {
  document.querySelectorAll("[data-theme-set]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.themeSet === chosen())));
}

on("click", "[data-theme-toggle]", () => choose(root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark"));
on("click", "[data-theme-set]", (_event, button) => choose(button.dataset.themeSet));
system.addEventListener("change", () => chosen() || choose(""));
mark();
