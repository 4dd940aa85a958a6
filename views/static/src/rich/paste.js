// Pasting: what word processors write is cleaned by the server, the one place that knows what is kept; a picture is
// uploaded. Everything else is the editor's own affair.
import { toast } from "../js/toast.js";

const FOREIGN = /\bstyle\s*=|<(?:font|o:|w:)|Mso|mso-/i;

/** Before the editor reads the event: it would build the foreign markup, whose styles our policy refuses. `upload(file)`
    takes pictures where the text may hold some. */
export function pasting(get, upload) {
  return (_view, event) => {
    const picture = [...(event.clipboardData?.files ?? [])].find((file) => /^image\/(png|jpeg)$/.test(file.type));
    const html = event.clipboardData?.getData("text/html") ?? "";
    if (FOREIGN.test(html)) {
      event.preventDefault();
      const plain = event.clipboardData.getData("text/plain");
      clean(html).then((kept) => insert(get(), kept, plain));
      return true;
    }
    if (picture && upload && !html) {
      event.preventDefault();
      upload(picture);
      return true;
    }
    return false;
  };
}

function insert(editor, kept, plain) {
  if (kept === null) toast("粘贴的内容没有整理成功，已按普通文字粘贴", "amber");
  editor.chain().focus().insertContent(kept ?? plain).run();
}

async function clean(html) {
  const body = new URLSearchParams({ html });
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const answer = await fetch("/console/rich/clean", { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" } }).catch(() => null);
  const told = answer?.ok ? await answer.json().catch(() => null) : null;
  return told?.html ?? null;
}
