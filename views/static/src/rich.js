// The rich-text editor of `textarea[data-rich]`, fetched only where one exists (see enhance.js).
// It writes classes, never style attributes, so that what it saves can be shown under the strict CSP.
import { Editor } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import { TableKit } from "@tiptap/extension-table";
import { Align, Ink, Picture, PlainTable } from "./rich/schema.js";
import { pasting } from "./rich/paste.js";
import { send, toolbar } from "./rich/toolbar.js";

const READY = "data-rich-ready";

function start(textarea) {
  textarea.setAttribute(READY, "");
  const frame = document.createElement("div");
  frame.className = "ui-editor";
  if (textarea.classList.contains("is-invalid")) frame.classList.add("is-invalid");
  const paper = document.createElement("div");
  frame.append(paper);
  textarea.after(frame);
  textarea.hidden = true;
  const label = document.querySelector(`label[for="${CSS.escape(textarea.id)}"]`)?.childNodes[0]?.textContent.trim();
  const upload = textarea.dataset.richUpload;
  const editor = new Editor({
    element: paper,
    injectCSS: false,
    content: textarea.value,
    extensions: [
      StarterKit.configure({ heading: { levels: [3, 4] }, code: false, codeBlock: false, link: { openOnClick: false, protocols: ["http", "https", "mailto"] } }),
      TableKit.configure({ table: false }),
      PlainTable,
      Align,
      Ink,
      ...(upload ? [Picture] : []),
    ],
    editorProps: {
      handleDOMEvents: { paste: pasting(() => editor, upload && ((file) => send(editor, upload, file))) },
      attributes: {
        class: "ui-rich ui-editor-text",
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": textarea.getAttribute("aria-label") || label || "正文",
        ...(textarea.getAttribute("aria-describedby") ? { "aria-describedby": textarea.getAttribute("aria-describedby") } : {}),
        ...(textarea.getAttribute("aria-invalid") ? { "aria-invalid": "true" } : {}),
      },
    },
    onUpdate: ({ editor: current }) => {
      const html = current.getHTML();
      textarea.value = html === "<p></p>" ? "" : html; // `isEmpty` would drop a table not yet filled in
      textarea.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  frame.prepend(toolbar(editor, upload));
  textarea.addEventListener("focus", () => editor.commands.focus());
  document.querySelector(`label[for="${CSS.escape(textarea.id)}"]`)?.addEventListener("click", () => editor.commands.focus());
}

function startAll(root) {
  root.querySelectorAll?.(`textarea[data-rich]:not([${READY}])`).forEach(start);
}

startAll(document);
document.addEventListener("ui:rich", (event) => startAll(event.target.parentElement));
