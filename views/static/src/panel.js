// The one script of every page. Each part enhances markup that already works as plain links and forms.
import "./js/swap.js";
import { enhance } from "./js/enhance.js";
import "./js/theme-switch.js";
import "./js/areas.js";
import "./js/popups.js";
import "./js/confirm.js";
import "./js/toasts.js";
import "./js/lists.js";
import "./js/checks.js";
import "./js/autosave.js";
import "./js/forms.js";
import "./js/sms.js";
import "./js/rows.js";
import "./js/countdown.js";
import "./js/sheet.js";
import "./js/palette.js";
import "./js/keys.js";
import "./js/leaving.js";

enhance(document);
