// Handles: what is seen is SVG, what is focused are native sliders, one a direction. Nothing is computed here but places.

const STEPS = 100; // arrow keys from one end to the other
const LEAST = 0.005; // a weight on the simplex is never nothing

const clip = (v, [low, high]) => Math.max(low, Math.min(high, v));

// The weights of a place on a segment or a triangle, each at least LEAST, and back.
function weightsOf([x, y], [a, b, c]) {
  const u = [b[0] - a[0], b[1] - a[1]], to = [x - a[0], y - a[1]];
  let w;
  if (!c) {
    const t = (to[0] * u[0] + to[1] * u[1]) / (u[0] ** 2 + u[1] ** 2);
    w = [1 - t, t];
  } else {
    const v = [c[0] - a[0], c[1] - a[1]], area = u[0] * v[1] - u[1] * v[0];
    const s = (to[0] * v[1] - to[1] * v[0]) / area, t = (u[0] * to[1] - u[1] * to[0]) / area;
    w = [1 - s - t, s, t];
  }
  w = w.map((v) => Math.max(v, LEAST));
  const sum = w.reduce((total, v) => total + v);
  return w.map((v) => v / sum);
}

const placeOf = (w, corners) => [0, 1].map((axis) => w.reduce((sum, v, j) => sum + v * corners[j][axis], 0));

// The nearest place at which a handle that stands at `old` may stand.
function allowed(handle, place, old) {
  if (handle.corners.length) return placeOf(weightsOf(place, handle.corners), handle.corners);
  return [handle.xlim, handle.ylim].map((limits, axis) => (limits ? clip(place[axis], limits) : old[axis]));
}

// What the sliders of a handle stand for: {name, min, max, step, get(place), put(place, value) -> place}.
function directions(handle, count) {
  if (handle.chooses) return [{ name: handle.names[0], min: 0, max: count, step: 1, get: (p) => (p ?? -1) + 1, put: (_, v) => (v > 0 ? v - 1 : null) }];
  const { corners, names } = handle;
  if (corners.length) {
    const put = (j) => (place, v) => {
      const w = weightsOf(place, corners), rest = 1 - w[j];
      return placeOf(w.map((old, i) => (i === j ? v : (old * (1 - v)) / rest)), corners);
    };
    const range = { min: LEAST, max: 1 - LEAST * (corners.length - 1), step: "any" };
    return names.slice(0, corners.length === 2 ? 1 : 3).map((name, j) => ({ name, ...range, get: (p) => weightsOf(p, corners)[j], put: put(j) }));
  }
  const free = [handle.xlim, handle.ylim].map((limits, axis) => [limits, axis]).filter(([limits]) => limits);
  return free.map(([[min, max], axis], d) => ({
    name: names[d], axis, min, max, step: "any", get: (p) => p[axis], put: (p, v) => p.map((old, i) => (i === axis ? v : old)),
  }));
}

// Grips and sliders for the handles of a film. act.move(j, place): it was moved; act.drop(): it was let go.
// Returns put(places): where all of them stand now.
function hands(film, view, tray, act) {
  const { root } = view;
  let places = [], shot = null;
  tray.replaceChildren();

  function pointer(event) { // from the screen to the picture's units; the page may have scrolled
    const m = root.getScreenCTM();
    return [(event.clientX - m.e) / m.a, (event.clientY - m.f) / m.d];
  }

  const all = film.handles.map((handle, j) => {
    const panel = view.panels[handle.panel];
    const count = handle.chooses ? film.marks.find((mark) => mark.name === handle.chooses).props.xy.t[0].length / 2 : 0;
    const ways = directions(handle, count);
    const move = (place) => act.move(j, handle.chooses ? place : allowed(handle, place, places[j]));
    const grip = handle.chooses ? null : grabbed(handle, j, panel, move);
    const sliders = ways.map((way, d) => {
      const slider = html("input", { type: "range", min: way.min, max: way.max, step: way.step, testid: `hand-${j + 1}-${d + 1}` }, tray);
      slider.setAttribute("aria-label", ways.length > 1 || handle.names[0] !== handle.name ? `${handle.name}, ${way.name}` : handle.name);
      slider.addEventListener("focus", () => grip?.classList.add("emt-focus"));
      slider.addEventListener("blur", () => grip?.classList.remove("emt-focus"));
      slider.addEventListener("input", () => { move(way.put(places[j], +slider.value)); act.drop(500); });
      slider.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (/^(p|PageUp|PageDown)$/.test(event.key)) return; // a presenter's
        event.stopPropagation(); // the player has other plans for these keys
        if (event.key === "Escape") return act.leave();
        const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        if (!by || ways.length < 2 || handle.corners.length) return; // the slider itself knows what to do
        event.preventDefault();
        const limits = [handle.xlim, handle.ylim], far = event.shiftKey ? 10 : 1;
        move(places[j].map((v, axis) => v + (by[axis] * far * (limits[axis][1] - limits[axis][0])) / STEPS));
        act.drop(500);
      });
      return slider;
    });
    return { handle, panel, ways, grip, sliders };
  });

  function grabbed(handle, j, panel, move) {
    const g = svg("g", { class: "emt-handle", "data-testid": `emt-handle-${j + 1}` }, root);
    svg("circle", { r: handle.size + 7 }, g); // 44 of the picture's units to hit
    svg("circle", { r: handle.size, class: "emt-grip" }, g);
    let off = null; // from the pointer to the middle: else the handle would jump
    g.addEventListener("pointerdown", (event) => {
      if (event.button || !event.isPrimary) return;
      const [px, py] = pointer(event), [hx, hy] = panel.to(...places[j]);
      off = [hx - px, hy - py];
      g.setPointerCapture(event.pointerId);
      g.classList.add("emt-held");
      all[j].sliders[0].focus({ preventScroll: true });
      event.preventDefault(); // no selection of text
      event.stopPropagation(); // JupyterLab would select the cell and scroll
    });
    g.addEventListener("pointermove", (event) => {
      if (!off) return;
      const [px, py] = pointer(event);
      move(panel.from(px + off[0], py + off[1]));
    });
    const drop = () => {
      if (!off) return;
      off = null;
      g.classList.remove("emt-held");
      act.drop(0);
    };
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) g.addEventListener(end, drop);
    return g;
  }

  // A click on a point chooses it.
  root.addEventListener("click", (event) => {
    const j = film.handles.findIndex((handle) => handle.chooses);
    if (j < 0 || event.target.closest(".emt-handle")) return;
    const [px, py] = pointer(event), { xy } = shot.marks.get(film.handles[j].chooses);
    let nearest = null, least = 18;
    for (let i = 0; i < xy.length / 2; i++) {
      const [x, y] = all[j].panel.to(xy[2 * i], xy[2 * i + 1]), away = Math.hypot(x - px, y - py);
      if (away < least) [nearest, least] = [i, away];
    }
    if (nearest === null) return;
    act.move(j, nearest);
    act.drop(0);
  });

  function told({ handle, ways }, place) {
    if (handle.chooses) return place === null ? "none" : `${place + 1} of ${ways[0].max}`;
    return ways.map((way) => `${way.name} ${way.get(place).toFixed(way.max - way.min > 20 ? 1 : 2)}`).join(", ");
  }

  return (nowPlaces, nowShot) => {
    [places, shot] = [nowPlaces, nowShot];
    all.forEach((one, j) => {
      const place = places[j], there = place !== null && place !== undefined;
      if (one.grip) {
        one.grip.style.display = there ? "" : "none";
        if (there) one.grip.setAttribute("transform", `translate(${one.panel.to(...place).map(short).join(" ")})`);
      }
      one.sliders.forEach((slider, d) => {
        slider.disabled = !there && !one.handle.chooses;
        if (slider.disabled) return;
        slider.value = one.ways[d].get(place);
        slider.setAttribute("aria-valuetext", told(one, place));
      });
    });
  };
}
