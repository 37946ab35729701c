// The cells of the drum grid: nine rows, a column per sixteenth, one cell in the tab order.
const DRUMS = 9, CELL = 26; // pixels of a column
const ROWS = [5, 4, 3, 2, 8, 7, 6, 1, 0]; // cymbals above, bass drum below, as in drum scores

// counts: what is counted on each step of a bar; pulse: its steps on which the pulse falls.
function makeCells({ names, steps, counts, pulse, act }) {
  const size = counts.length; // steps of a bar
  const spoken = counts.map((name, step) => (/\d/.test(name) ? name
    : `${counts.slice(0, step).reverse().find((other) => /\d/.test(other))} ${name}`));
  const cells = new Map(); // step * DRUMS + drum → button
  const grid = h("div", { class: "wb-grid", role: "grid", "aria-label": "Drum grid" });
  const edge = (step) =>
    (step % size ? (pulse.includes(step % size) ? "wb-beat" : "") : "wb-bar-line");
  const bars = h("div", { class: "wb-row wb-head-row", role: "row" },
    h("span", { class: "wb-name", role: "columnheader" }, "keep"));
  for (let bar = 0; bar < steps / size; bar++)
    bars.append(h("span", { role: "columnheader", class: "wb-bar-head",
      style: `width: ${size * CELL}px` },
      h("button", { type: "button", class: "wb-keep-bar", "data-bar": bar,
        "aria-label": `Keep bar ${bar + 1}`, "aria-pressed": "false",
        onclick: () => act.keepBar(bar) }, `Bar ${bar + 1}`)));
  grid.append(bars, h("div", { class: "wb-row wb-counts", "aria-hidden": "true" },
    h("span", { class: "wb-name" }), ...Array.from({ length: steps }, (_, step) =>
      h("span", { class: edge(step) }, counts[step % size]))));
  for (const drum of ROWS) {
    const row = h("div", { class: "wb-row", role: "row" }, h("span",
      { class: "wb-name", role: "rowheader" },
      h("button", { type: "button", class: "wb-keep-row", "data-drum": drum,
        "aria-label": `Keep row ${names[drum]}`, "aria-pressed": "false",
        onclick: () => act.keepRow(drum) }, names[drum])));
    for (let step = 0; step < steps; step++) {
      const cell = h("button", { type: "button", class: "wb-cell", tabindex: -1,
        "data-step": step, "data-drum": drum, "aria-pressed": "false" });
      if (edge(step)) cell.classList.add(edge(step));
      cells.set(step * DRUMS + drum, cell);
      row.append(h("span", { role: "gridcell" }, cell));
    }
    grid.append(row);
  }
  let current = cells.get(ROWS[ROWS.length - 1]);
  current.tabIndex = 0;

  function focus(cell) {
    current.tabIndex = -1;
    current = cell;
    cell.tabIndex = 0;
    cell.focus();
  }

  const place = (cell) => [Number(cell.dataset.step), Number(cell.dataset.drum)];

  grid.addEventListener("click", (event) => {
    const cell = event.target.closest(".wb-cell");
    if (!cell) return;
    focus(cell);
    act.toggle(...place(cell));
  });
  grid.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".wb-cell");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const [step, drum] = place(cell), row = ROWS.indexOf(drum);
    const to = (s, r) => focus(cells.get(
      Math.min(Math.max(s, 0), steps - 1) * DRUMS + ROWS[Math.min(Math.max(r, 0), DRUMS - 1)]));
    const keys = {
      ArrowLeft: () => to(step - 1, row), ArrowRight: () => to(step + 1, row),
      ArrowUp: () => to(step, row - 1), ArrowDown: () => to(step, row + 1),
      Home: () => to(0, row), End: () => to(steps - 1, row),
      PageUp: () => to(step - size, row), PageDown: () => to(step + size, row),
      "+": () => act.louder(step, drum, 16), "=": () => act.louder(step, drum, 16),
      "-": () => act.louder(step, drum, -16), k: () => act.keepCell(step, drum),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  // offset: 128 + 100 · a hit's offset in steps; changed: cells of which the last job made others
  function show({ velocity, offset, kept, changed, stepTime }) {
    for (const [at, cell] of cells) {
      const loud = velocity[at], held = Boolean(kept[at]), other = Boolean(changed[at]);
      const late = loud ? (offset[at] - 128) / 100 : 0, time = Math.round(1000 * late * stepTime);
      const [step, drum] = place(cell);
      const name = `${names[drum]}, bar ${Math.floor(step / size) + 1} step ${step % size + 1}, `
        + `count ${spoken[step % size]}` + (loud ? `, velocity ${loud}` : "")
        + (time ? `, ${Math.abs(time)} ms ${time < 0 ? "early" : "late"}` : "")
        + (held ? ", kept" : "") + (other ? ", changed" : "");
      if (cell.getAttribute("aria-label") === name) continue;
      cell.setAttribute("aria-label", name);
      cell.title = name;
      cell.setAttribute("aria-pressed", String(loud > 0));
      cell.style.setProperty("--loud", `${Math.round(25 + 75 * loud / 127)}%`);
      cell.style.setProperty("--late", `${Math.round(late * 24)}px`);
      cell.classList.toggle("wb-held", held);
      cell.classList.toggle("wb-changed", other);
    }
    const all = (selector, test) => {
      for (const button of grid.querySelectorAll(selector))
        button.setAttribute("aria-pressed", String(test(button)));
    };
    const whole = [...Array(velocity.length).keys()];
    all(".wb-keep-bar", (button) => whole.every((at) =>
      Math.floor(at / DRUMS / size) !== Number(button.dataset.bar) || kept[at]));
    all(".wb-keep-row", (button) => whole.every((at) =>
      at % DRUMS !== Number(button.dataset.drum) || kept[at]));
  }

  let lit = -1;
  function light(step) { // the column that sounds; returns a cell of it where it is another one
    if (step === lit) return;
    for (let drum = 0; drum < DRUMS; drum++) {
      cells.get(lit * DRUMS + drum)?.classList.remove("wb-now");
      cells.get(step * DRUMS + drum)?.classList.add("wb-now");
    }
    lit = step;
    return cells.get(step * DRUMS);
  }
  const namesWidth = () => grid.querySelector(".wb-name").getBoundingClientRect().width;
  return { grid, size, steps, counts, pulse, show, light, namesWidth };
}
