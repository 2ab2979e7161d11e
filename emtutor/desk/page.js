
// A host in the place of the notebook's widget manager: there is no kernel to send to.
for (const el of document.querySelectorAll("[data-emt-film]")) {
  const state = JSON.parse(el.querySelector("script").textContent);
  el.replaceChildren();
  render({ el, model: { kernel: false, get: (key) => state[key], on() {}, off() {}, send() {} } });
}
