// Runs before the first paint: without a cookie the system's preference decides (no flash of the wrong theme).
(function () {
  var root = document.documentElement;
  root.classList.add("has-js");
  if (!root.hasAttribute("data-bs-theme")) {
    root.setAttribute("data-bs-theme", matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }
})();
