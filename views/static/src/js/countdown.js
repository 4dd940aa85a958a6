// The last ten minutes before something closes are counted down. Seconds come from the server: clocks differ.
import { say } from "./on.js";

const LAST = 600;

document.querySelectorAll("[data-countdown]").forEach((box) => {
  const end = performance.now() + Number(box.dataset.countdown) * 1000;
  const left = box.querySelector("[data-left]");
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    if (seconds <= LAST && box.hidden) {
      box.hidden = false;
      say(box.textContent.trim());
    }
    left.textContent = `${Math.floor(seconds / 60)}分${String(seconds % 60).padStart(2, "0")}秒`;
    if (seconds) return setTimeout(tick, seconds > LAST ? (seconds - LAST) * 1000 : 1000);
    box.dataset.tone = "red";
    box.lastElementChild.textContent = "申报时间已截止。您填写的内容已自动保存；批次延长后可以继续提交。";
    return say(box.textContent.trim());
  };
  tick();
});
