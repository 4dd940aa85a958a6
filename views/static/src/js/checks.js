// What the declaration says of a field, checked before the form is sent; the server checks everything again.
import { on, say } from "./on.js";

const FORM = "form[data-guard], form.ui-message";
const CONTROL = "input:not([type=hidden], [type=file], [type=checkbox], [type=radio]), select, textarea:not([data-rich])";

/** Full-width digits and letters count as the half-width ones, as on the server (R17). */
const typed = (input) => input.value.normalize("NFKC").trim();

function fault(input, field) {
  const text = typed(input);
  if (!text) return input.getAttribute("aria-required") === "true" ? `请填写${name(field)}` : "";
  if (input.dataset.places !== undefined) return ofNumber(text, input.dataset);
  if ([...text].length < (input.minLength ?? 0)) return `至少${input.minLength}个字`;
  const shape = input.getAttribute("pattern");
  return shape && !new RegExp(`^(?:${shape})$`).test(text.replace(/\s/g, "")) ? input.dataset.says : "";
}

function ofNumber(text, { least, most, places }) {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return Number(places) ? "应为数字" : `应为${least}–${most}的整数`;
  const fits = Number(text) >= Number(least) && Number(text) <= Number(most);
  if (fits && (text.split(".")[1] ?? "").length <= Number(places)) return "";
  return Number(places) ? `应为${least}–${most},最多${places}位小数` : `应为${least}–${most}的整数`;
}

const name = (field) => field.querySelector(".ui-label")?.firstChild.textContent.trim() ?? "本项";

/** Draws or takes away the sentence beside a field, where the server draws its own. */
function show(field, input, sentence) {
  const id = `${input.id}-error`;
  document.getElementById(id)?.remove();
  field.classList.toggle("has-error", Boolean(sentence));
  input.classList.toggle("is-invalid", Boolean(sentence));
  const ties = new Set((input.getAttribute("aria-describedby") ?? "").split(" ").filter((tie) => tie && tie !== id));
  if (sentence) {
    const line = Object.assign(document.createElement("p"), { id, className: "ui-error" });
    line.append(Object.assign(document.createElement("span"), { textContent: sentence }));
    field.querySelector(".ui-control").append(line);
    ties.add(id);
    input.setAttribute("aria-invalid", "true");
  } else input.removeAttribute("aria-invalid");
  if (ties.size) input.setAttribute("aria-describedby", [...ties].join(" "));
  else input.removeAttribute("aria-describedby");
}

function controls(form) {
  const found = [...form.querySelectorAll(".ui-field")].map((field) => [field, field.querySelector(CONTROL)]);
  return found.filter(([, input]) => input && !input.disabled);
}

on("change", FORM, (event, form) => {
  const pair = controls(form).find(([, input]) => input === event.target);
  if (pair && (typed(pair[1]) || pair[0].classList.contains("has-error"))) show(...pair, fault(pair[1], pair[0]));
});

on(
  "submit",
  FORM,
  (event, form) => {
    if (event.submitter?.formNoValidate) return;
    const wrong = controls(form).filter(([field, input]) => {
      const sentence = fault(input, field);
      show(field, input, sentence);
      return sentence;
    });
    if (!wrong.length) return;
    event.preventDefault();
    event.stopPropagation();
    const [field, input] = wrong[0];
    field.scrollIntoView({ block: "center" });
    (input.tomselect ?? input).focus();
    say(`有 ${wrong.length} 项需要修改`);
  },
  true,
);
