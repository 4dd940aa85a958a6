/** Delegated listener: `run(event, element)` when an event of `type` happens inside something matching `selector`. */
export function on(type, selector, run, capture = false) {
  document.addEventListener(
    type,
    (event) => {
      const element = event.target instanceof Element ? event.target.closest(selector) : null;
      if (element) run(event, element);
    },
    capture,
  );
}

/** Says something to screen readers without moving the focus. */
export function say(text) {
  const live = document.getElementById("ui-live");
  if (live) live.textContent = text;
}
