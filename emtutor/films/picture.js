// Draws what is seen of a film (encode.py): the values of one shot into SVG, touching only what has changed.

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
const MARGIN = { left: 106, top: 62, bottom: 54 }; // as in marks.py
const EDGE = 2.5; // as in marks.py

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

// ---- a shot: all that is seen at one moment. A value that has not changed is the same object.

function shotOf(film, frame) {
  const marks = new Map();
  for (const mark of film.marks) {
    const names = Object.keys(mark.props);
    if (mark.props[names[0]].i[frame] < 0) continue; // absent
    marks.set(mark.name, Object.fromEntries(names.map((prop) => [prop, at(mark.props[prop], frame)])));
  }
  const ofPanels = (what) => film.panels.map((panel) => at(panel[what], frame));
  return { marks, heads: ofPanels("head"), views: ofPanels("view"), words: at(film.words, frame), places: at(film.places, frame), extra: [] };
}

// What Python answered: it holds what differs from a frame of the film (`delta` in encode.py).
function shotFrom(film, reply) {
  const shot = shotOf(film, reply.frame);
  for (const name of reply.gone) shot.marks.delete(name);
  for (const name in reply.set) {
    const props = Object.fromEntries(Object.entries(reply.set[name]).map(([prop, value]) => [prop, decode(value)]));
    shot.marks.set(name, { ...shot.marks.get(name), ...props });
  }
  return { ...shot, heads: reply.heads, views: reply.views, words: reply.words, places: reply.places, extra: reply.new };
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
    return { box: boxes[i], axes, labels, heading, marks: svg("g", { "clip-path": `url(#${clip})` }, g) };
  });
  const marks = new Map();
  const add = (name, kind, panel) => marks.set(name, {
    kind, panel: panels[panel], drawn: {},
    g: svg("g", { "data-mark": name, "data-kind": kind, "data-testid": `emt-mark-${name.replace(/\s+/g, "-")}` }, panels[panel].marks),
  });
  for (const mark of film.marks) add(mark.name, mark.kind, mark.panel);

  function show(shot) {
    panels.forEach((panel, i) => {
      panel.moved = shot.views[i] !== panel.view;
      if (panel.moved) drawAxes(panel, shot.views[i]);
      panel.heading.textContent = shot.heads[i];
    });
    for (const one of shot.extra) if (!marks.has(one[0])) add(...one);
    for (const [name, mark] of marks) {
      const p = shot.marks.get(name), { drawn, panel } = mark;
      const changed = (...props) => panel.moved || props.some((prop) => p[prop] !== drawn[prop]);
      if (!p) mark.g.replaceChildren(), (mark.g.colours = []);
      else if (changed(...Object.keys(p))) KINDS[mark.kind](mark.g, p, panel.to, changed);
      mark.drawn = p ?? {};
    }
  }
  return { root, panels, show };
}

function drawAxes(panel, view) {
  const [x, y, w, h] = panel.box, [x0, x1, y0, y1, xticks, yticks] = view;
  panel.view = view;
  panel.from = (px, py) => [x0 + ((px - x) / w) * (x1 - x0), y0 + ((y + h - py) / h) * (y1 - y0)];
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
