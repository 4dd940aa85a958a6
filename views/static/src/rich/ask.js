/** Asks for one line in a small dialog; resolves to the text, or null when cancelled. */
export function ask(label, value) {
  const dialog = document.createElement("dialog");
  dialog.className = "ui-dialog";
  dialog.setAttribute("aria-label", label);
  dialog.innerHTML =
    '<form method="dialog"><label class="ui-ask"><span></span><input class="form-control"></label>' +
    '<div class="ui-dialog-foot"><button class="btn" value="no" formnovalidate>取消</button><button class="btn btn-primary" value="yes">确定</button></div></form>';
  dialog.querySelector("span").textContent = label;
  const input = dialog.querySelector("input");
  input.value = value;
  // Enter means 确定, though 取消 stands first.
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    dialog.close("yes");
  });
  document.body.append(dialog);
  dialog.showModal();
  input.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? input.value.trim() : null);
    });
  });
}
