// Areas that do not fit into the top bar move under 更多; without a script the bar scrolls.
const nav = document.querySelector(".ui-areas:has(.ui-areas-more)");

if (nav) {
  const more = nav.querySelector(".ui-areas-more");
  const box = more.querySelector(".ui-pop-body");
  const links = [...nav.querySelectorAll(":scope > a")];
  nav.classList.add("is-fitted");

  const fit = () => {
    links.forEach((link) => more.before(link));
    more.hidden = true;
    const kept = [...links];
    while (nav.scrollWidth > nav.clientWidth && kept.length > 1) {
      more.hidden = false;
      box.prepend(kept.pop());
    }
    more.classList.toggle("is-active", box.querySelector(".is-active") !== null);
  };

  new ResizeObserver(fit).observe(nav);
}
