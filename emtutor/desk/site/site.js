// Films come when their player nears the screen, the search's index with the first letter. Both are scripts, which a
// browser takes from a disk too. No request leaves the site.

const load = (src, failed) => {
  const script = html("script", { src, onerror: failed }, document.head);
  return new Promise((done) => { script.onload = done; });
};

// ---- films: the same player as in the notebook, and in the kernel's place the site's files

const awaited = new Map(); // address -> what is done with the film's text
globalThis.emtutorFilm = (address, text) => awaited.get(address)?.(text);

function start(el) {
  const { base, ...state } = JSON.parse(el.querySelector("template").dataset.about);
  const address = (key) => [base, ...key.split("/")].filter(Boolean).join("-") + ".js";
  const fetched = (key, got, failed) => { awaited.set(address(key), got); load(address(key), failed); };
  let tell;
  const model = {
    kernel: false,
    get: (key) => state[key],
    on(_, listener) { tell = listener; },
    off() {},
    send({ want }) {
      fetched(want, (film) => tell({ key: want, film }), () => tell({ key: want, error: "This film could not be fetched." }));
    },
  };
  const first = Object.values(state.chosen).join("/");
  fetched(first, (text) => { state.films[first] = text; el.replaceChildren(); render({ el, model }); });
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { near.unobserve(entry.target); start(entry.target); }
}, { rootMargin: "600px" });
document.querySelectorAll("[data-emt-film]").forEach((el) => near.observe(el));

// ---- search

const q = document.getElementById("q"), found = document.getElementById("found");

// {section: how well it fits}: each word of the question must begin one of its words.
function hits(asked) {
  let score = null;
  for (const part of asked) {
    const hit = new Map();
    for (const [word, where] of Object.entries(emtutorIndex.w)) if (word.startsWith(part))
      where.forEach((s, rank) => hit.set(s, Math.max(hit.get(s) ?? 0, (word === part ? 2 : 1) * (1 + 2 / (1 + rank)))));
    for (const s of hit.keys()) if (emtutorIndex.s[s][2].toLowerCase().includes(part)) hit.set(s, hit.get(s) + 3);
    score = score === null ? hit : new Map([...score].filter(([s]) => hit.has(s)).map(([s, v]) => [s, v + hit.get(s)]));
  }
  return [...(score ?? [])].sort((a, b) => b[1] - a[1]).slice(0, 12);
}

q.form.addEventListener("submit", (event) => { event.preventDefault(); found.querySelector("a")?.click(); });
q.addEventListener("input", async () => {
  if (!globalThis.emtutorIndex) await load("search.js");
  const asked = q.value.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [], best = hits(asked);
  found.replaceChildren(...best.map(([s]) => {
    const [href, lesson, heading, text] = emtutorIndex.s[s], item = document.createElement("li");
    html("a", { href, textContent: heading }, item);
    html("small", { textContent: heading === lesson ? text : lesson + ": " + text }, item);
    return item;
  }));
  if (asked.length && !best.length) html("li", { textContent: "Nothing found." }, found);
});
found.addEventListener("click", (event) => { if (event.target.closest("a")) found.replaceChildren(); });

// ---- the contents: at the side of a broad window, else to unfold

const menu = document.querySelector(".menu"), broad = matchMedia("(min-width: 1200px)");
const fold = () => { menu.open = broad.matches; };
menu.addEventListener("click", (event) => { if (event.target.closest("a")) fold(); });
broad.addEventListener("change", fold);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") { found.replaceChildren(); fold(); } });
fold();

// ---- what scrolls sideways can be reached with Tab; what does not is no stop

function reach() {
  for (const el of document.querySelectorAll(".wide, .output, pre, math[display=block], td")) {
    const scrolls = el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).overflowX === "auto";
    if (scrolls) el.tabIndex = 0; else el.removeAttribute("tabindex");
  }
}
addEventListener("resize", reach);
addEventListener("load", reach);
document.fonts?.ready.then(reach);
