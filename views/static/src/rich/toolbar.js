// The editor's toolbar: one row of buttons, arrow keys move between them (ARIA toolbar).
import { TONES } from "./schema.js";
import { ask } from "./ask.js";
import { toast } from "../js/toast.js";

const align = (value) => (e) => e.chain().focus().updateAttributes("paragraph", { align: value }).updateAttributes("heading", { align: value }).run();

const BUTTONS = [
  ["标题 1", "h-1", (e) => e.chain().focus().toggleHeading({ level: 3 }).run(), (e) => e.isActive("heading", { level: 3 })],
  ["标题 2", "h-2", (e) => e.chain().focus().toggleHeading({ level: 4 }).run(), (e) => e.isActive("heading", { level: 4 })],
  ["引用", "blockquote", (e) => e.chain().focus().toggleBlockquote().run(), (e) => e.isActive("blockquote")],
  null,
  ["加粗", "bold", (e) => e.chain().focus().toggleBold().run(), (e) => e.isActive("bold")],
  ["斜体", "italic", (e) => e.chain().focus().toggleItalic().run(), (e) => e.isActive("italic")],
  ["下划线", "underline", (e) => e.chain().focus().toggleUnderline().run(), (e) => e.isActive("underline")],
  ["删除线", "strikethrough", (e) => e.chain().focus().toggleStrike().run(), (e) => e.isActive("strike")],
  "ink",
  ["清除格式", "clear-formatting", (e) => e.chain().focus().unsetAllMarks().clearNodes().run()],
  null,
  ["项目列表", "list", (e) => e.chain().focus().toggleBulletList().run(), (e) => e.isActive("bulletList")],
  ["编号列表", "list-numbers", (e) => e.chain().focus().toggleOrderedList().run(), (e) => e.isActive("orderedList")],
  ["左对齐", "align-left", align(null)],
  ["居中", "align-center", align("center"), (e) => e.isActive({ align: "center" })],
  ["右对齐", "align-right", align("right"), (e) => e.isActive({ align: "right" })],
  null,
  ["链接", "link", link, (e) => e.isActive("link")],
  "picture",
  ["插入表格", "table-plus", (e) => e.chain().focus(e.state.selection.to).insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run()],
  ["加一行", "row-insert-bottom", (e) => e.chain().focus().addRowAfter().run()],
  ["加一列", "column-insert-right", (e) => e.chain().focus().addColumnAfter().run()],
  ["删除表格", "table-off", (e) => e.chain().focus().deleteTable().run()],
  null,
  ["撤销", "arrow-back-up", (e) => e.chain().focus().undo().run()],
  ["重做", "arrow-forward-up", (e) => e.chain().focus().redo().run()],
];

/** The toolbar element for `editor`; `upload` is the address pictures go to ("" = no picture button). */
export function toolbar(editor, upload) {
  const bar = document.createElement("div");
  bar.className = "ui-editor-bar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "文字格式");
  const watched = [];
  for (const entry of BUTTONS) {
    if (entry === null) bar.append(Object.assign(document.createElement("span"), { className: "ui-editor-gap" }));
    else if (entry === "ink") bar.append(inks(editor));
    else if (entry === "picture") upload && bar.append(picture(editor, upload));
    else {
      const [label, icon, run, active] = entry;
      const button = make(label, icon, () => run(editor));
      if (active) watched.push([button, active]);
      bar.append(button);
    }
  }
  const refresh = () => watched.forEach(([b, active]) => b.setAttribute("aria-pressed", String(active(editor))));
  editor.on("transaction", refresh);
  refresh();
  rove(bar);
  return bar;
}

function make(label, icon, run) {
  const button = Object.assign(document.createElement("button"), { type: "button", title: label });
  button.setAttribute("aria-label", label);
  button.append(drawing(icon));
  button.addEventListener("click", run);
  return button;
}

function drawing(name) {
  const sprite = document.querySelector(".icon use")?.getAttribute("href").split("#")[0];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

function inks(editor) {
  const select = document.createElement("select");
  select.setAttribute("aria-label", "文字颜色");
  select.title = "文字颜色";
  for (const [value, text] of [["", "颜色"], ...Object.entries(TONES)]) select.add(new Option(text, value));
  select.addEventListener("change", () => {
    const chain = editor.chain().focus();
    (select.value ? chain.setMark("ink", { tone: select.value }) : chain.unsetMark("ink")).run();
  });
  editor.on("transaction", () => (select.value = editor.getAttributes("ink").tone ?? ""));
  return select;
}

async function link(editor) {
  const address = await ask("链接地址", editor.getAttributes("link").href ?? "https://");
  if (address === null) return;
  const chain = editor.chain().focus().extendMarkRange("link");
  (/^(https?:\/\/|mailto:|\/)/.test(address) && address !== "https://" ? chain.setLink({ href: address }) : chain.unsetLink()).run();
}

function picture(editor, upload) {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/png,image/jpeg", hidden: true });
  const button = make("插入图片", "photo", () => input.click());
  button.append(input);
  input.addEventListener("click", (event) => event.stopPropagation());
  input.addEventListener("change", () => {
    send(editor, upload, input.files[0]);
    input.value = "";
  });
  return button;
}

/** POST `file` → {url}; the server checks type and size and answers {message} when it refuses. */
export async function send(editor, upload, file) {
  const body = new FormData();
  body.append("file", file);
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const answer = await fetch(upload, { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" } }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (!answer?.ok || !told?.url) return toast(told?.message ?? "图片没有上传成功，请稍后再试", "red");
  return editor.chain().focus().insertContent({ type: "picture", attrs: { src: told.url } }).run();
}

/** One stop of the Tab key; arrows move inside. */
function rove(bar) {
  const items = [...bar.querySelectorAll("button, select")];
  items.forEach((item, i) => (item.tabIndex = i ? -1 : 0));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = items.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = items[(at + step + items.length) % items.length];
    items.forEach((item) => (item.tabIndex = item === next ? 0 : -1));
    next.focus();
  });
}
