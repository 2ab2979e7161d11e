
// A host in the place of the notebook's widget manager: there is no kernel to send to.
for (const el of document.querySelectorAll("[data-emt-film]")) {
  const state = JSON.parse(el.querySelector("script").textContent);
  el.replaceChildren();
  render({ el, model: { kernel: false, get: (key) => state[key], on() {}, off() {}, send() {} } });
}

// A presenter's keys: Page Down opens the next line of the chain in view, Page Up closes the last, P makes type large.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(".emt, input, select, textarea")) return;
  if (event.key === "p") document.documentElement.classList.toggle("emt-large");
  const on = event.key === "PageDown";
  if (!on && event.key !== "PageUp") return;
  const isSeen = ({ top, bottom }) => top < 0.9 * innerHeight && bottom > 0.1 * innerHeight;
  const chain = [...document.querySelectorAll(".emtutor-unfold")].find((one) => isSeen(one.getBoundingClientRect()));
  const lines = chain ? [...chain.querySelectorAll("details")] : [];
  const line = on ? lines.find((one) => !one.open) : lines.findLast((one) => one.open);
  if (!line) return; // all are open: the page turns as always
  line.open = on;
  line.scrollIntoView({ block: "nearest" });
  event.preventDefault();
});
