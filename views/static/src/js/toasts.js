// The server's flashes arrive as toasts in the page; this closes them.
import { on } from "./on.js";
import { expire } from "./toast.js";

on("click", "[data-close]", (_event, button) => button.closest(".ui-toast").remove());
document.querySelectorAll("#ui-toasts .ui-toast").forEach(expire);
