// The phone's signing page. The token stays in the fragment: it is read here, posted, and never in a request line.
import SignaturePad from "signature_pad";

const root = document.getElementById("sign");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const token = new URLSearchParams(window.location.hash.slice(1)).get("t") ?? window.location.hash.slice(1);
let pad;

function show(state, text) {
  root.dataset.state = state;
  root.querySelectorAll("[data-part]").forEach((p) => (p.hidden = p.dataset.part !== state));
  if (text) part(state).querySelector("[data-text]").textContent = text;
  part(state).focus({ preventScroll: true });
}

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content,
    },
    body: JSON.stringify(body),
  }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (!answer) throw new Error("网络连接中断，请检查网络后再试");
  if (!answer.ok) throw Object.assign(new Error(told?.message ?? "签字没有成功，请稍后再试"), { final: [403, 404, 409, 410].includes(answer.status) });
  return told ?? {};
}

/** The canvas has as many dots as the screen, so that the signature is not a blur; turning the phone keeps it. */
function fit() {
  const canvas = pad.canvas;
  const ratio = Math.max(window.devicePixelRatio || 1, 1);
  const drawn = pad.toData();
  canvas.width = canvas.offsetWidth * ratio;
  canvas.height = canvas.offsetHeight * ratio;
  canvas.getContext("2d").scale(ratio, ratio);
  pad.clear();
  pad.fromData(drawn);
}

/** As the server counts: two strokes, or thirty points in one. */
const strokes = () => pad.toData().map((stroke) => stroke.points.length);
const enough = () => strokes().length >= 2 || strokes().reduce((sum, n) => sum + n, 0) >= 30;

function begin(summary) {
  for (const [key, value] of Object.entries(summary)) {
    const place = part("draw").querySelector(`[data-field="${key}"]`);
    if (place) place.textContent = Array.isArray(value) ? value.join("、") : value;
  }
  show("draw");
  pad = new SignaturePad(part("draw").querySelector("canvas"), { penColor: "#10182c", minWidth: 1.2, maxWidth: 3.6 });
  fit();
  window.addEventListener("resize", fit);
  const buttons = [...root.querySelectorAll("[data-clear], [data-sign]")];
  const update = () => buttons.forEach((b) => (b.disabled = "clear" in b.dataset ? pad.isEmpty() : !enough()));
  pad.addEventListener("endStroke", update);
  update();
  root.querySelector("[data-clear]").addEventListener("click", () => {
    pad.clear();
    update();
  });
  root.querySelector("[data-sign]").addEventListener("click", () => sign(buttons));
}

async function sign(buttons) {
  const note = root.querySelector("[data-note]");
  note.textContent = "";
  buttons.forEach((b) => (b.disabled = true));
  try {
    const told = await post(root.dataset.sign, { token, image: pad.toDataURL("image/png"), strokes: strokes() });
    show("done", told.message ?? "已签字，可关闭本页。");
  } catch (error) {
    if (error.final) return show("failed", error.message);
    note.textContent = error.message;
    buttons.forEach((b) => (b.disabled = false));
  }
  return undefined;
}

if (!token) show("failed", "链接不完整，请重新扫描电脑上的二维码。");
else post(root.dataset.lookup, { token }).then(begin, (error) => show("failed", error.message));
