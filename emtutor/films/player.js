// Plays a film in the browser: a widget in a notebook, or a figure in an exported page. picture.js and hands.js stand
// before this text. Stepping asks nobody: the whole film is here. A choice not computed yet and a hand ask the kernel.

const PATIENCE = 15000; // milliseconds until a silent kernel is called silent
const LATE = 300; // until marks that are not yet those of the hand's place look so

export function render({ model, el }) {
  const bank = new Map(); // key -> film, parsed
  const texts = () => model.get("films");
  const choices = Object.entries(model.get("choices")); // [name, [values]]
  const chosen = choices.map(([name]) => model.get("chosen")[name] ?? 0);
  const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  const me = Math.random().toString(36).slice(2), alone = model.kernel === false;
  let film, key, frame = 0, view, shot, put, stacked, timer = null, waiting = null;

  const root = html("div", { className: "emt", tabIndex: 0, testid: "player" }, el);
  root.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the arrow keys
  root.setAttribute("role", "group");
  const title = html("div", { className: "emt-title", testid: "title" }, root);
  const bar = html("div", { className: "emt-bar" }, root);
  const button = (testid, text, tip, onclick) => html("button", { type: "button", testid, textContent: text, title: tip, onclick }, bar);
  const off = (element, is) => element.setAttribute("aria-disabled", is); // `disabled` would lose the keyboard's focus

  const back = button("back", "Back", "one step back (left arrow)", () => by(-1));
  const step = button("step", "Step", "one step on (right arrow)", () => (frame === film.n - 1 && !hand ? go(0) : by(1)));
  const playing = button("play", "Play", "play or pause (space)", () => play(timer === null));
  const end = button("end", "Converge", "to the last frame (End)", () => { play(false); go(film.n - 1); });
  const starts = choices.findIndex(([name]) => name === "start");
  const restart = starts < 0 ? null : button("restart", "New start", "begin from another start", () => anotherStart());
  const big = button("project", "Project", "large type on the whole screen (P)", () => project(!root.classList.contains("emt-projected")));
  const selects = choices.map(([name, values], c) => {
    const label = html("label", { textContent: name + " " }, bar);
    const select = html("select", { testid: "choice-" + name.replace(/\s+/g, "-"), onchange: () => choose(c, chosenOf(select)) }, label);
    values.forEach((value) => html("option", { textContent: value }, select));
    select.selectedIndex = chosen[c];
    return select;
  });
  const row = html("div", { className: "emt-row" }, root);
  const slider = html("input", { type: "range", min: 0, testid: "slider", oninput: () => { play(false); go(+slider.value); } }, row);
  const place = html("span", { className: "emt-place", testid: "place" }, row);
  const holder = html("div", {}, root);
  const tray = html("div", { className: "emt-tray" }, root);
  const words = html("p", { className: "emt-words", testid: "words" }, root);
  const caption = html("p", { className: "emt-caption" }, root);
  const handsOff = html("p", { className: "emt-caption", testid: "hands-off" }, root);
  words.setAttribute("aria-live", "polite");

  function by(steps) {
    play(false);
    if (hand) return steps > 0 && film.onward ? goOn() : steps > 0 ? go(frame + 1) : leave();
    if (frame + steps < 0 && before.has(key)) { const [film, at] = before.get(key); return load(film, at); }
    go(frame + steps);
  }

  function go(to) {
    to = Math.max(0, Math.min(film.n - 1, to));
    if (to === frame && !hand) return;
    frame = to;
    letGo();
    draw();
  }

  function play(on) {
    clearTimeout(timer);
    timer = null;
    if (on) {
      if (hand || frame >= film.n - 1) go(hand ? frame : 0);
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
    shot = shotOf(film, frame);
    show();
    const next = at(film.next, frame), label = at(film.label, frame);
    step.textContent = next ? "Step: " + next : "Again";
    off(back, frame === 0 && !before.has(key));
    off(step, film.n < 2);
    off(end, frame === film.n - 1);
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `${film.slider} ${frame} of ${film.n - 1}: ${label}`);
    place.textContent = `${label} (${frame} of ${film.n - 1})`;
    words.textContent = shot.words;
  }

  function show() {
    view.show(shot);
    put?.(hand?.places ?? shot.places, shot);
  }

  function load(newKey, at = 0) {
    key = newKey;
    film = filmOf(key);
    letGo();
    frame = Math.min(at, film.n - 1);
    root.setAttribute("aria-label", "Player: " + film.title);
    title.textContent = film.title + startOf();
    caption.textContent = film.caption;
    end.textContent = film.end;
    slider.max = film.n - 1;
    const room = (table, before) => `${before + Math.max(...table.t.map((text) => text.length))}ch`;
    step.style.minWidth = `max(10.5em, 2em + ${room(film.next, 6)})`; // else its neighbours move with its words
    place.style.minWidth = room(film.label, ` (${film.n - 1} of ${film.n - 1})`.length);
    slider.setAttribute("aria-label", film.slider);
    for (const part of [row, step, playing, end]) part.hidden = film.n < 2;
    handsOff.textContent = alone && film.handles.length ? "Switched off here: " + film.handles.map((h) => h.name).join(", ") + ". In the notebook, with its kernel, they follow your hand." : "";
    layout();
  }

  const isNarrow = () => film.panels.length > 1 && root.clientWidth > 0 && root.clientWidth < 0.62 * film.size[0];

  function layout() {
    stacked = isNarrow();
    view = picture(film, holder, stacked);
    const kept = hand && shot;
    draw(); // the axes first: handles stand in them
    put = alone || !film.handles.length ? (tray.replaceChildren(), null) : hands(film, view, tray, { move, drop, leave });
    if (kept) shot = kept;
    show();
  }

  // ---- choices

  const keyOf = (selection) => selection.join("/");
  const known = (key) => bank.has(key) || Boolean(texts()[key]);
  const offered = (key) => known(key) || texts()[key] === ""; // a page's film in a file of its own

  function filmOf(key) {
    if (!bank.has(key)) bank.set(key, parse(texts()[key]));
    return bank.get(key);
  }

  const chosenOf = (select) => (select.selectedOptions[0].dataset.random === undefined ? select.selectedIndex : select.value);

  function choose(c, value) {
    play(false);
    letGo();
    chosen[c] = value;
    const wanted = keyOf(chosen);
    clearTimeout(waiting);
    root.classList.toggle("emt-waiting", !known(wanted));
    if (known(wanted)) { load(wanted); markMissing(); return; }
    want({ want: wanted }, alone ? "This film is being fetched." : "The kernel is making this film.");
  }

  function want(message, said) {
    words.textContent = said;
    clearTimeout(waiting);
    waiting = setTimeout(() => { words.textContent = "The kernel has not answered: it is busy, or it has stopped. The film shown is the one before."; }, PATIENCE);
    model.send(message);
  }

  // Where random starts are offered, a new one is drawn: its number is its seed plus one.
  function anotherStart() {
    const values = choices[starts][1], select = selects[starts];
    if (!alone && values.some((value) => /^random \d+$/.test(value))) {
      const name = `random ${1000 + Math.floor(9000 * Math.random())}`;
      select.querySelector("[data-random]")?.remove();
      html("option", { textContent: name, selected: true }, select).dataset.random = "";
      return choose(starts, name);
    }
    const options = [...select.options], from = select.selectedIndex;
    const next = options.map((_, i) => (from + 1 + i) % options.length).find((i) => !options[i].disabled);
    select.selectedIndex = next;
    choose(starts, next);
  }

  const startOf = () => (starts >= 0 && /^random/.test(chosen[starts]) ? `, start ${chosen[starts]} (seed ${chosen[starts].slice(7) - 1})` : "");

  // Without a kernel, what was not computed beforehand is switched off, and says so.
  function markMissing() {
    if (!alone) return;
    selects.forEach((select, c) => {
      choices[c][1].forEach((value, i) => {
        const missing = !offered(keyOf(chosen.map((v, other) => (other === c ? i : v))));
        select.options[i].disabled = missing;
        select.options[i].textContent = missing ? value + " (needs the notebook)" : value;
      });
    });
    if (restart) off(restart, selects[starts].querySelectorAll("option:not(:disabled)").length < 2);
  }

  // ---- the hand: one request in flight, the newest place wins, nothing queues

  const before = new Map(); // key of a film that goes on from a hand -> [key, frame] of the one before
  let hand = null; // {places}: while the picture is not the film's own
  let asked = 0, inFlight = 0, newest = null, late = null, silent = null, spoken = null, onward = 0;

  function move(j, to) {
    play(false);
    hand ??= { places: [...shot.places] };
    const from = hand.places[j];
    film.handles.forEach((handle, other) => {
      if (handle.rides === j) hand.places[other] = hand.places[other].map((v, axis) => v + to[axis] - from[axis]);
    });
    hand.places[j] = to;
    shot = { ...shot, marks: new Map(shot.marks) };
    for (const [name, prop] of film.handles[j].carries) { // at once, without the kernel
      const props = shot.marks.get(name);
      if (props && to) shot.marks.set(name, { ...props, [prop]: [...to, ...props[prop].slice(2)] });
    }
    show();
    words.setAttribute("aria-live", "off");
    place.textContent = "by hand";
    step.textContent = film.onward ? "Step: on from here" : "Step: " + (at(film.next, frame) || "back to the film");
    for (const element of [back, step, end]) off(element, false);
    ask(j);
  }

  function ask(j) {
    if (inFlight) { newest = j; return; }
    newest = null;
    inFlight = ++asked;
    clearTimeout(late);
    clearTimeout(silent);
    late = setTimeout(() => root.classList.add("emt-late"), LATE);
    silent = setTimeout(() => {
      words.textContent = "The kernel has not answered yet: it is busy, or it has stopped. Marks and numbers are those of the place before.";
      inFlight = 0; // what is asked next is asked at once
    }, PATIENCE);
    model.send({ hand: inFlight, view: me, film: key, frame, held: j, places: hand.places });
  }

  function answered(reply) {
    if (reply.view === me) {
      if (reply.hand !== inFlight) return; // of a hand that has let go meanwhile
      inFlight = 0;
      clearTimeout(late);
      clearTimeout(silent);
      root.classList.remove("emt-late");
      if (newest !== null) ask(newest); // before drawing: the kernel computes while this page draws
    } else if (reply.film !== key || hand) return; // another view of this player
    if (reply.error) { words.textContent = reply.error; return; }
    frame = reply.frame;
    shot = shotFrom(film, reply);
    hand = inFlight ? hand : { places: shot.places };
    show();
    words.textContent = shot.words;
  }

  // Results are announced when the hand rests.
  function drop(after) {
    clearTimeout(spoken);
    spoken = setTimeout(() => {
      if (inFlight) return drop(100);
      words.setAttribute("aria-live", "polite");
      words.textContent = "";
      words.textContent = shot.words;
    }, after);
  }

  function letGo() {
    for (const waits of [late, silent, spoken]) clearTimeout(waits);
    hand = newest = null;
    inFlight = 0;
    root.classList.remove("emt-late");
    words.setAttribute("aria-live", "polite");
  }

  function leave() {
    letGo();
    draw();
  }

  function goOn() {
    const next = `${key}@${me}${++onward}`;
    before.set(next, [key, frame]);
    want({ want: next, onward: key, frame, places: hand.places }, "The kernel is making the film that goes on from here.");
    hand.wants = next;
  }

  // ---- for a class: large type, on the whole screen where the browser allows it

  function project(on) {
    root.classList.toggle("emt-projected", on);
    big.setAttribute("aria-pressed", on);
    if (on) root.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement === root) document.exitFullscreen();
    root.focus();
  }

  root.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) project(false); });

  // ---- messages and keys

  function answer(message) {
    if (message.hand) return answered(message);
    if (message.film) bank.set(message.key, parse(message.film));
    const here = message.key === keyOf(chosen) || message.key === hand?.wants;
    if (!here) return; // another choice was made meanwhile
    clearTimeout(waiting);
    if (message.error) words.textContent = message.error;
    else { root.classList.remove("emt-waiting"); load(message.key, hand?.wants ? 2 : 0); }
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || selects.includes(event.target)) return;
    const onSlider = event.target === slider, onButton = event.target.tagName === "BUTTON";
    const keys = {
      ArrowRight: () => by(1), ArrowLeft: () => by(-1), PageDown: () => by(1), PageUp: () => by(-1),
      p: () => project(!root.classList.contains("emt-projected")),
      Home: () => { play(false); go(0); }, End: () => { play(false); go(film.n - 1); },
      " ": onButton ? null : () => play(timer === null),
    };
    const act = onSlider && !/^( |p|Page.*)$/.test(event.key) ? null : keys[event.key];
    if (!act) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  });

  load(keyOf(chosen));
  markMissing();
  model.on("msg:custom", answer);
  const watch = new ResizeObserver(() => { if (stacked !== isNarrow()) layout(); });
  watch.observe(root);
  return () => { play(false); letGo(); clearTimeout(waiting); watch.disconnect(); model.off("msg:custom", answer); };
}

export default { render };
