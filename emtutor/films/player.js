// Plays a film (emtutor/film.py) in the browser: a widget in a notebook, or a figure in an exported page.
// Stepping asks nobody: the whole film is here. Only a choice not computed yet asks the kernel.

const DASHES = ["", "8 4", "11 3 2 3", "2 3", "14 4", "6 2 2 2 2 2"];
const CORNERS = [
  null, // a circle
  [[-0.89, -0.89], [0.89, -0.89], [0.89, 0.89], [-0.89, 0.89]],
  [[0, -1.25], [1.2, 0.83], [-1.2, 0.83]],
  [[0, -1.3], [1.15, 0], [0, 1.3], [-1.15, 0]],
  [[0, 1.25], [1.2, -0.83], [-1.2, -0.83]],
  [[-1.3, -0.6], [-0.6, -0.6], [0, -1.3], [0.6, -0.6], [1.3, -0.6], [0.7, 1.1], [-0.7, 1.1]],
];
const SPREAD = Array.from({ length: 97 }, (_, i) => -4 + i / 12);
const TURN = Array.from({ length: 73 }, (_, i) => (i * Math.PI) / 36);
const THEMED = new Set(["ink", "muted", "faint", "paper"]);
const PATIENCE = 15000; // milliseconds until a silent kernel is called silent
const MARGIN = { left: 106, top: 62, bottom: 54 }; // as in film.py
const EDGE = 2.5; // as in film.py

// Colours too pale for white paper, as palette.pale finds them: they get an edge of ink.
const paleOf = new Map();
function pale(colour) {
  if (THEMED.has(colour)) return false;
  if (!paleOf.has(colour)) {
    const bytes = colour[0] === "#" ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)) : colour.match(/\d+/g);
    const [r, g, b] = bytes.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    paleOf.set(colour, 0.2126 * r + 0.7152 * g + 0.0722 * b > 1.05 / 3 - 0.05);
  }
  return paleOf.get(colour);
}

const css = (colour) => (THEMED.has(colour) ? `var(--emt-${colour})` : colour);
const short = (v) => Math.round(v * 100) / 100;

function html(tag, props, parent) {
  const { testid, ...rest } = props;
  const element = Object.assign(document.createElement(tag), rest);
  if (testid) element.dataset.testid = "emt-" + testid;
  parent?.append(element);
  return element;
}

function svg(tag, attributes, parent, content) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  if (content !== undefined) element.textContent = content;
  parent?.append(element);
  return element;
}

function set(element, attributes) {
  for (const key in attributes) element.setAttribute(key, attributes[key]);
}

// As many children as wanted, made or removed at the end.
function children(group, n, make) {
  while (group.childElementCount > n) group.lastChild.remove();
  while (group.childElementCount < n) make(group);
  return group.children;
}

// ---- values of a film

function decode(value) {
  if (typeof value !== "string" || !value.startsWith("b64:")) return value;
  const bytes = Uint8Array.from(atob(value.slice(4)), (c) => c.charCodeAt(0));
  return Array.from({ length: bytes.length / 3 }, (_, i) => `rgb(${bytes[3 * i]},${bytes[3 * i + 1]},${bytes[3 * i + 2]})`);
}

function parse(text) {
  const film = JSON.parse(text);
  for (const mark of film.marks) for (const prop of Object.values(mark.props)) prop.t = prop.t.map(decode);
  return film;
}

const at = (table, frame) => table.t[table.i[frame]];

// ---- the kinds of marks. Each puts the values `p` into the group `g`; `to` projects into the panel; `changed(props)`
// says whether one of them differs from what is drawn.

function polyline(flat, to, count) {
  let d = "", down = false;
  for (let i = 0; i < 2 * count; i += 2) {
    if (flat[i] === null || flat[i + 1] === null) { down = false; continue; }
    const [x, y] = to(flat[i], flat[i + 1]);
    d += (down ? "L" : "M") + short(x) + " " + short(y);
    down = true;
  }
  return d;
}

const stroke = (p) => ({ fill: "none", "stroke-width": p.width, "stroke-dasharray": DASHES[p.dash], style: `stroke:${css(p.colour)}` });

// A line through d, the last thing in its group, after the first `before` parts.
function line(g, before, p, d, opacity = 1) {
  const edged = pale(p.colour) ? 1 : 0, parts = children(g, before + edged + 1, () => svg("path", {}, g));
  if (edged) set(parts[before], { d, class: "emt-edge", ...stroke({ ...p, colour: "ink", width: p.width + EDGE }), "stroke-opacity": opacity });
  set(parts[before + edged], { d, class: "", ...stroke(p), "stroke-opacity": opacity });
}

const KINDS = {
  points(g, p, to, changed) {
    const n = p.xy.length / 2, dots = children(g, n, () => svg("path", { class: "emt-dot" }, g));
    const moved = changed("xy", "shape", "size");
    const recoloured = moved || changed("colour"); // a dot that was not there has no colour yet
    g.colours ??= [];
    for (let i = 0; i < n; i++) {
      if (moved) dots[i].setAttribute("d", dot(...to(p.xy[2 * i], p.xy[2 * i + 1]), p.size, +(p.shape[i] ?? p.shape)));
      if (recoloured) {
        const colour = Array.isArray(p.colour) ? p.colour[i] : css(p.colour);
        if (g.colours[i] === colour) continue;
        dots[i].style.fill = g.colours[i] = colour;
        dots[i].classList.toggle("emt-pale", Array.isArray(p.colour) ? pale(colour) : pale(p.colour));
      }
    }
    g.colours.length = n;
  },
  path(g, p, to) {
    const d = polyline(p.xy, to, p.count), [area] = g.childElementCount ? g.children : [svg("path", {}, g)];
    set(area, { d: p.fill ? d + (d && "Z") : "", style: `fill:${css(p.fill ?? "none")};fill-opacity:${p.opacity};stroke:none` });
    line(g, 1, p, p.width > 0 ? d : "", p.fill ? 1 : p.opacity);
  },
  ellipse(g, p, to) {
    const [x, y, a, b, c, e] = p.curve;
    const flat = TURN.flatMap((u) => [x + a * Math.cos(u) + b * Math.sin(u), y + c * Math.cos(u) + e * Math.sin(u)]);
    line(g, 0, p, polyline(flat, to, TURN.length));
  },
  bell(g, p, to) {
    const [height, mean, sd] = p.bell;
    const flat = SPREAD.flatMap((z) => [mean + sd * z, height * Math.exp((-z * z) / 2)]);
    line(g, 0, p, polyline(flat, to, SPREAD.length));
  },
  band(g, p, to) {
    const [area] = children(g, 1, () => svg("path", {}, g));
    let d = "", part = [];
    const close = () => {
      if (part.length > 1) {
        const edge = (column) => part.map((row) => to(row[0], row[column]).map(short).join(" "));
        d += "M" + [...edge(2), ...edge(1).reverse()].join("L") + "Z";
      }
      part = [];
    };
    for (let i = 0; i < p.count; i++) {
      const row = p.edges.slice(3 * i, 3 * i + 3);
      if (row.includes(null)) close(); else part.push(row);
    }
    close();
    set(area, { d, style: `fill:${css(p.colour)};fill-opacity:${p.opacity}` });
  },
  bars(g, p, to) {
    const boxes = children(g, p.boxes.length / 4, () => svg("path", {}, g));
    for (let i = 0; i < boxes.length; i++) {
      const [a, b] = to(p.boxes[4 * i], p.boxes[4 * i + 1]), [c, e] = to(p.boxes[4 * i + 2], p.boxes[4 * i + 3]);
      set(boxes[i], {
        d: `M${short(a)} ${short(b)}L${short(c)} ${short(b)}L${short(c)} ${short(e)}L${short(a)} ${short(e)}Z`,
        class: "emt-bar-edge",
        style: `fill:${css(p.colours[i])};fill-opacity:${p.opacity}`,
      });
    }
  },
  arrows(g, p, to) {
    const parts = children(g, p.ends.length / 2, () => svg("path", {}, g)); // a shaft and a tip each
    for (let i = 0; i < p.ends.length / 4; i++) {
      const [x0, y0] = to(p.ends[4 * i], p.ends[4 * i + 1]), [x1, y1] = to(p.ends[4 * i + 2], p.ends[4 * i + 3]);
      const length = Math.hypot(x1 - x0, y1 - y0) || 1, u = (x1 - x0) / length, v = (y1 - y0) / length;
      const tip = Math.min(length, 4 + 2.5 * p.width), half = tip * 0.45, bx = x1 - tip * u, by = y1 - tip * v;
      set(parts[2 * i], { d: `M${short(x0)} ${short(y0)}L${short(bx)} ${short(by)}`, ...stroke(p) });
      set(parts[2 * i + 1], {
        d: `M${short(x1)} ${short(y1)}L${short(bx - half * v)} ${short(by + half * u)}L${short(bx + half * v)} ${short(by - half * u)}Z`,
        style: `fill:${css(p.colour)};stroke:none`,
      });
    }
  },
  text(g, p, to) {
    const [disc, words] = g.childElementCount ? g.children : [svg("circle", {}, g), svg("text", { "dominant-baseline": "central" }, g)];
    const [x, y] = to(...p.at);
    set(disc, { cx: short(x), cy: short(y), r: p.ring ? 0.72 * p.size : 0, style: `fill:var(--emt-paper);stroke:${css(p.ring ?? "none")};stroke-width:3` });
    set(words, { x: short(x), y: short(y), "text-anchor": p.anchor, "font-size": p.size, "font-weight": p.ring ? 700 : 400, style: `fill:${css(p.colour)}` });
    if (words.textContent !== p.text) words.textContent = p.text;
  },
};

function dot(x, y, size, shape) {
  const corners = CORNERS[shape % CORNERS.length];
  if (corners) return "M" + corners.map(([a, b]) => short(x + size * a) + " " + short(y + size * b)).join("L") + "Z";
  return `M${short(x - size)} ${short(y)}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`;
}

// ---- the picture: built once a film, then only what changes is touched

function picture(film, holder, stacked) {
  const gap = MARGIN.top + MARGIN.bottom;
  const boxes = film.panels.map(({ box: [x, y, w, h] }, i) => (stacked ? [MARGIN.left, y + i * (h + gap), w, h] : [x, y, w, h]));
  const width = stacked ? Math.max(...boxes.map((b) => b[0] + b[2])) + 20 : film.size[0];
  const height = stacked ? film.size[1] * boxes.length : film.size[1];
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": film.title, class: "emt-view", "data-testid": "emt-view" });
  root.style.maxWidth = `${1.15 * width}px`;
  holder.replaceChildren(root);

  const panels = film.panels.map((panel, i) => {
    const [x, y, w, h] = boxes[i], clip = "emt" + Math.random().toString(36).slice(2);
    const g = svg("g", { "data-panel": i, "data-box": boxes[i].join(" ") }, root);
    svg("rect", { x, y, width: w, height: h }, svg("clipPath", { id: clip }, g));
    const axes = svg("path", { class: "emt-axis" }, g), labels = svg("g", {}, g);
    const heading = svg("text", { x, y: y - 38, class: "emt-head" }, g);
    svg("text", { x: x + w / 2, y: y + h + 42, "text-anchor": "middle" }, g, panel.xlabel);
    svg("text", { "text-anchor": "middle", transform: `translate(${x - 92} ${y + h / 2}) rotate(-90)` }, g, panel.ylabel);
    drawKey(g, panel.key, x, y - 15);
    return { ...panel, box: boxes[i], axes, labels, heading, marks: svg("g", { "clip-path": `url(#${clip})` }, g), drawn: -1 };
  });
  const marks = film.marks.map((mark) => ({
    ...mark, drawn: {}, g: svg("g", { "data-mark": mark.name, "data-kind": mark.kind, "data-testid": `emt-mark-${mark.name.replace(/\s+/g, "-")}` }, panels[mark.panel].marks),
  }));

  return (frame) => {
    for (const panel of panels) {
      const view = panel.view.i[frame];
      panel.moved = view !== panel.drawn;
      if (panel.moved) drawAxes(panel, panel.view.t[view]);
      panel.drawn = view;
      panel.heading.textContent = at(panel.head, frame);
    }
    for (const mark of marks) {
      const now = {}, p = {}, moved = panels[mark.panel].moved;
      for (const prop in mark.props) {
        now[prop] = mark.props[prop].i[frame];
        p[prop] = at(mark.props[prop], frame);
      }
      const names = Object.keys(now), absent = now[names[0]] < 0;
      const changed = (...props) => moved || props.some((prop) => now[prop] !== mark.drawn[prop]);
      if (absent) mark.g.replaceChildren(), (mark.g.colours = []);
      else if (changed(...names)) KINDS[mark.kind](mark.g, p, panels[mark.panel].to, changed);
      mark.drawn = now;
    }
  };
}

function drawAxes(panel, [x0, x1, y0, y1, xticks, yticks]) {
  const [x, y, w, h] = panel.box;
  panel.to = (a, b) => [x + ((a - x0) / (x1 - x0)) * w, y + h - ((b - y0) / (y1 - y0)) * h];
  let d = xticks.length + yticks.length ? `M${x} ${y}V${y + h}H${x + w}` : "";
  panel.labels.replaceChildren();
  for (const [value, text] of xticks) {
    const [px] = panel.to(value, y0);
    d += `M${short(px)} ${y + h}v5`;
    svg("text", { x: short(px), y: y + h + 20, "text-anchor": "middle" }, panel.labels, text);
  }
  for (const [value, text] of yticks) {
    const [, py] = panel.to(x0, value);
    d += `M${x} ${short(py)}h-5`;
    svg("text", { x: x - 9, y: short(py), "text-anchor": "end", "dominant-baseline": "central" }, panel.labels, text);
  }
  panel.axes.setAttribute("d", d);
}

function drawKey(g, key, x, y) {
  for (const [text, kind, colour, style] of key) {
    if (kind === "line") svg("path", { d: `M${x} ${y}h28`, fill: "none", "stroke-width": 2.2, "stroke-dasharray": DASHES[style], style: `stroke:${css(colour)}` }, g);
    else if (kind === "fill") svg("path", { d: `M${x} ${y - 6}h28v12h-28z`, class: "emt-bar-edge", style: `fill:${css(colour)}` }, g);
    else svg("path", { d: dot(x + 14, y, 5.5, style), style: kind === "ring" ? `fill:none;stroke:${css(colour)};stroke-width:2` : `fill:${css(colour)}` }, g);
    svg("text", { x: x + 34, y: y, "dominant-baseline": "central" }, g, text);
    x += 34 + 7.6 * text.length + 14;
  }
}

// ---- the player

export function render({ model, el }) {
  const bank = new Map(); // key -> film, parsed
  const texts = () => model.get("films");
  const choices = Object.entries(model.get("choices")); // [name, [values]]
  const chosen = choices.map(([name]) => model.get("chosen")[name] ?? 0);
  const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  let film, frame = 0, show, stacked, timer = null, waiting = null;

  const root = html("div", { className: "emt", tabIndex: 0, testid: "player" }, el);
  root.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the arrow keys
  root.setAttribute("role", "group");
  const title = html("div", { className: "emt-title", testid: "title" }, root);
  const bar = html("div", { className: "emt-bar" }, root);
  const button = (testid, text, tip, onclick) => html("button", { type: "button", testid, textContent: text, title: tip, onclick }, bar);
  const off = (element, is) => element.setAttribute("aria-disabled", is); // `disabled` would lose the keyboard's focus

  const back = button("back", "Back", "one step back (left arrow)", () => by(-1));
  const step = button("step", "Step", "one step on (right arrow)", () => by(1));
  const playing = button("play", "Play", "play or pause (space)", () => play(timer === null));
  const end = button("end", "Converge", "to the last frame (End)", () => { play(false); go(film.n - 1); });
  const starts = choices.findIndex(([name]) => name === "start");
  const restart = starts < 0 ? null : button("restart", "New start", "begin from another start", () => anotherStart());
  const selects = choices.map(([name, values], c) => {
    const label = html("label", { textContent: name + " " }, bar);
    const select = html("select", { testid: "choice-" + name.replace(/\s+/g, "-"), onchange: () => choose(c, select.selectedIndex) }, label);
    values.forEach((value) => html("option", { textContent: value }, select));
    select.selectedIndex = chosen[c];
    return select;
  });
  const row = html("div", { className: "emt-row" }, root);
  const slider = html("input", { type: "range", min: 0, testid: "slider", oninput: () => { play(false); go(+slider.value); } }, row);
  const place = html("span", { className: "emt-place", testid: "place" }, row);
  const holder = html("div", {}, root);
  const words = html("p", { className: "emt-words", testid: "words" }, root);
  const caption = html("p", { className: "emt-caption" }, root);
  words.setAttribute("aria-live", "polite");

  function by(steps) { play(false); go(frame + steps); }

  function go(to) {
    to = Math.max(0, Math.min(film.n - 1, to));
    if (to === frame) return;
    frame = to;
    draw();
  }

  function play(on) {
    clearTimeout(timer);
    timer = null;
    if (on) {
      if (frame >= film.n - 1) go(0);
      const next = () => {
        go(frame + 1);
        if (frame >= film.n - 1) play(false);
        else timer = setTimeout(next, still ? 2000 : 700);
      };
      timer = setTimeout(next, still ? 2000 : 350);
    }
    words.setAttribute("aria-live", timer === null ? "polite" : "off");
    playing.textContent = timer === null ? "Play" : "Pause";
    playing.setAttribute("aria-pressed", timer !== null);
  }

  function draw() {
    show(frame);
    const next = at(film.next, frame), label = at(film.label, frame);
    step.textContent = next ? "Step: " + next : "End";
    off(back, frame === 0);
    off(step, frame === film.n - 1);
    off(end, frame === film.n - 1);
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `${film.slider} ${frame} of ${film.n - 1}: ${label}`);
    place.textContent = `${label} (${frame} of ${film.n - 1})`;
    words.textContent = at(film.words, frame);
  }

  function load(newFilm, at = 0) {
    film = newFilm;
    frame = Math.min(at, film.n - 1);
    root.setAttribute("aria-label", "Player: " + film.title);
    title.textContent = film.title;
    caption.textContent = film.caption;
    end.textContent = film.end;
    slider.max = film.n - 1;
    const room = (table, before) => `${before + Math.max(...table.t.map((text) => text.length))}ch`;
    step.style.minWidth = `max(10.5em, 2em + ${room(film.next, 6)})`; // else its neighbours move with its words
    place.style.minWidth = room(film.label, ` (${film.n - 1} of ${film.n - 1})`.length);
    slider.setAttribute("aria-label", film.slider);
    row.hidden = film.n < 2;
    layout();
  }

  const isNarrow = () => film.panels.length > 1 && el.clientWidth > 0 && el.clientWidth < 0.62 * film.size[0];

  function layout() {
    stacked = isNarrow();
    show = picture(film, holder, stacked);
    draw();
  }

  // ---- choices

  const keyOf = (selection) => selection.join("/");
  const known = (key) => bank.has(key) || Boolean(texts()[key]);
  const offered = (key) => known(key) || texts()[key] === ""; // a page's film in a file of its own

  function filmOf(key) {
    if (!bank.has(key)) bank.set(key, parse(texts()[key]));
    return bank.get(key);
  }

  function choose(c, index) {
    play(false);
    chosen[c] = index;
    const key = keyOf(chosen);
    clearTimeout(waiting);
    root.classList.toggle("emt-waiting", !known(key));
    if (known(key)) { load(filmOf(key)); markMissing(); return; }
    words.textContent = model.kernel === false ? "This film is being fetched." : "The kernel is making this film.";
    waiting = setTimeout(() => { words.textContent = "The kernel has not answered: it is busy, or it has stopped. The film shown is the one before."; }, PATIENCE);
    model.send({ want: key });
  }

  function anotherStart() {
    const values = choices[starts][1], select = selects[starts];
    for (let i = 1; i <= values.length; i++) {
      const next = (chosen[starts] + i) % values.length;
      if (select.options[next].disabled) continue;
      select.selectedIndex = next;
      return choose(starts, next);
    }
  }

  // Without a kernel, what was not computed beforehand is switched off, and says so.
  function markMissing() {
    if (model.kernel !== false) return;
    selects.forEach((select, c) => {
      choices[c][1].forEach((value, i) => {
        const missing = !offered(keyOf(chosen.map((v, other) => (other === c ? i : v))));
        select.options[i].disabled = missing;
        select.options[i].textContent = missing ? value + " (needs the notebook)" : value;
      });
    });
    if (restart) off(restart, selects[starts].querySelectorAll("option:not(:disabled)").length < 2);
  }

  function answer(message) {
    if (message.film) bank.set(message.key, parse(message.film));
    if (message.key !== keyOf(chosen)) return; // another choice was made meanwhile
    clearTimeout(waiting);
    if (message.error) words.textContent = message.error;
    else { root.classList.remove("emt-waiting"); load(bank.get(message.key)); }
  }

  // ---- keys

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || selects.includes(event.target)) return;
    const onSlider = event.target === slider, onButton = event.target.tagName === "BUTTON";
    const keys = {
      ArrowRight: () => by(1), ArrowLeft: () => by(-1),
      Home: () => { play(false); go(0); }, End: () => { play(false); go(film.n - 1); },
      " ": onButton ? null : () => play(timer === null),
    };
    const act = onSlider && event.key !== " " ? null : keys[event.key];
    if (!act) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  });

  load(filmOf(keyOf(chosen)));
  markMissing();
  model.on("msg:custom", answer);
  const watch = new ResizeObserver(() => { if (stacked !== isNarrow()) layout(); });
  watch.observe(el);
  return () => { play(false); clearTimeout(waiting); watch.disconnect(); model.off("msg:custom", answer); };
}

export default { render };
