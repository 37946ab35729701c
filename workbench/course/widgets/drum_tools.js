// The groove tools of the drum grid, and the pad on which a rhythm is tapped.
function makeTools({ model, listen, sound, prompt, cells, stepTime }) {
  const has = (tool) => model.get("tools").includes(tool);
  const use = (tool, more = {}) => {
    if (!model.get("busy")) model.send({ do: "groove", tool, prompt: prompt(), ...more });
  };
  const button = (label, action) => h("button", { type: "button", onclick: action }, label);
  const options = (names, chosen = 0) => names.map((name, i) =>
    h("option", { value: i, selected: i === chosen }, name));
  const bar = h("select", { "aria-label": "Bar that becomes a fill" });
  const drum = h("select", { "aria-label": "Drum to add" }, ...options(model.get("rows"), 4));
  const groove = h("select", { "aria-label": "Loop whose groove is taken" },
    ...options(model.get("grooves")));
  const value = (select) => Number(select.value);
  const pair = (...parts) => h("span", { class: "wb-pair" }, ...parts);
  const pad = makePad({ sound, cells, stepTime, done: (onsets) => use("tap", { onsets }),
    closed: () => tap.focus() });
  const tap = button("Tap", () => pad.open());
  const row = h("div", { class: "wb-tools", role: "group", "aria-label": "Groove tools" },
    h("div", { class: "wb-bar" }, ...[
      ["humanise", button("Humanise", () => use("humanise"))],
      ["fill", pair(button("Fill bar", () => use("fill", { bar: value(bar) })), bar)],
      ["add", pair(button("Add drum", () => use("add", { drum: value(drum) })), drum)],
      ["transfer", pair(button("Transfer groove of",
        () => use("transfer", { groove: value(groove) })), groove)],
      ["tap", tap],
    ].filter(([tool]) => has(tool)).map(([, part]) => part)), pad.box);
  row.hidden = !model.get("tools").length;
  return {
    row,
    parts: [...row.querySelectorAll(".wb-bar :is(button, select)")],
    bars(count) { // the last bar at first: fills end phrases
      if (bar.length === count) return;
      bar.replaceChildren(...options(Array.from({ length: count }, (_, i) => i + 1), count - 1));
    },
    end: () => pad.close(),
  };
}

// Taps by any key or by pointer while a metronome counts one bar in and then the loop.
function makePad({ sound, cells, stepTime, done, closed }) {
  let clock = null, onsets = [], frame = 0, opened = 0;
  const count = h("span", { class: "wb-tapped", role: "status" });
  const pad = h("button", { type: "button", class: "wb-pad" }, "Tap here, or any letter or Space");
  const finish = h("button", { type: "button", onclick: () => end(true) }, "Use taps");
  const cancel = h("button", { type: "button", onclick: () => end(false) }, "Cancel");
  const box = h("div", { class: "wb-bar wb-taps", hidden: true, role: "group",
    "aria-label": "Tap a rhythm" }, pad, count, finish, cancel);
  const bar = () => cells().size * stepTime(), loop = () => cells().steps * stepTime();

  function hit(event) {
    if (!clock) return;
    const at = clock.at(event.timeStamp) - bar();
    if (at < -bar() / 2) return; // still counting in
    onsets.push(at);
    pad.classList.add("wb-hit");
    setTimeout(() => pad.classList.remove("wb-hit"), 80);
  }
  pad.addEventListener("pointerdown", hit);
  pad.addEventListener("click", (event) => { // of a screen reader: without a pointer or a key
    if (!event.detail) hit(event);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return end(false);
    if (event.target !== pad || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length > 1 && event.key !== "Enter") return; // Tab, arrows
    event.preventDefault();
    if (!event.repeat) hit(event);
  });

  async function open() {
    const own = ++opened;
    onsets = [];
    count.textContent = "";
    finish.disabled = true;
    box.hidden = false;
    pad.focus();
    const { size, steps, pulse } = cells(), times = [], accents = [];
    for (let step = 0; step < size + steps; step++) {
      if (!pulse.includes(step % size)) continue;
      times.push(step * stepTime());
      accents.push(step % size === 0);
    }
    const started = await sound.clicks(times, accents);
    if (own !== opened || box.hidden) return started.stop();
    clock = started;
    follow();
  }

  function follow() {
    if (!clock || !box.isConnected) return end(false);
    const { size, pulse } = cells();
    const at = clock.at(performance.now()) - bar(), step = Math.floor(at / stepTime());
    if (at >= loop() + stepTime() / 2) return end(true);
    const beats = pulse.filter((place) => place <= step + size).length;
    const text = step < 0 ? `Count-in: ${Math.max(beats, 0) || "…"}`
      : `${onsets.length} tap${onsets.length === 1 ? "" : "s"}`;
    if (count.textContent !== text) count.textContent = text;
    finish.disabled = !onsets.length;
    cells().light(step < 0 ? -1 : step);
    frame = requestAnimationFrame(follow);
  }

  function close() {
    opened += 1;
    cancelAnimationFrame(frame);
    clock?.stop();
    clock = null;
    box.hidden = true;
    cells()?.light(-1);
  }

  function end(use) {
    const focused = box.contains(document.activeElement);
    close();
    if (focused) closed();
    if (use && onsets.length) done(onsets);
  }
  return { box, open, close };
}
