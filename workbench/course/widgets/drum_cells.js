// The cells of the drum grid: nine rows, sixteen steps a bar, one cell in the tab order.
const STEPS = 16, DRUMS = 9;
const ROWS = [5, 4, 3, 2, 8, 7, 6, 1, 0]; // cymbals above, bass drum below, as in drum scores

function makeCells({ names, steps, act }) {
  const cells = new Map(); // step * DRUMS + drum → button
  const grid = h("div", { class: "wb-grid", role: "grid", "aria-label": "Drum grid" });
  const bars = h("div", { class: "wb-row wb-head-row", role: "row" },
    h("span", { class: "wb-name", role: "columnheader" }, "keep"));
  for (let bar = 0; bar < steps / STEPS; bar++)
    bars.append(h("span", { role: "columnheader", class: "wb-bar-head" },
      h("button", { type: "button", class: "wb-keep-bar", "data-bar": bar,
        "aria-label": `Keep bar ${bar + 1}`, "aria-pressed": "false",
        onclick: () => act.keepBar(bar) }, `Bar ${bar + 1}`)));
  grid.append(bars);
  for (const drum of ROWS) {
    const row = h("div", { class: "wb-row", role: "row" }, h("span",
      { class: "wb-name", role: "rowheader" },
      h("button", { type: "button", class: "wb-keep-row", "data-drum": drum,
        "aria-label": `Keep row ${names[drum]}`, "aria-pressed": "false",
        onclick: () => act.keepRow(drum) }, names[drum])));
    for (let step = 0; step < steps; step++) {
      const cell = h("button", { type: "button", class: "wb-cell", tabindex: -1,
        "data-step": step, "data-drum": drum, "aria-pressed": "false" });
      if (step % 4 === 0) cell.classList.add(step % STEPS ? "wb-beat" : "wb-bar-line");
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
      PageUp: () => to(step - STEPS, row), PageDown: () => to(step + STEPS, row),
      "+": () => act.louder(step, drum, 16), "=": () => act.louder(step, drum, 16),
      "-": () => act.louder(step, drum, -16), k: () => act.keepCell(step, drum),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  function show(velocity, kept) {
    for (const [at, cell] of cells) {
      const loud = velocity[at], held = Boolean(kept[at]);
      const [step, drum] = place(cell);
      const name = `${names[drum]}, bar ${Math.floor(step / STEPS) + 1} step ${step % STEPS + 1}`
        + (loud ? `, velocity ${loud}` : "") + (held ? ", kept" : "");
      if (cell.getAttribute("aria-label") === name) continue;
      cell.setAttribute("aria-label", name);
      cell.title = name;
      cell.setAttribute("aria-pressed", String(loud > 0));
      cell.style.setProperty("--loud", `${Math.round(25 + 75 * loud / 127)}%`);
      cell.classList.toggle("wb-held", held);
    }
    const all = (selector, test) => {
      for (const button of grid.querySelectorAll(selector))
        button.setAttribute("aria-pressed", String(test(button)));
    };
    const whole = [...Array(velocity.length).keys()];
    all(".wb-keep-bar", (button) => whole.every((at) =>
      Math.floor(at / DRUMS / STEPS) !== Number(button.dataset.bar) || kept[at]));
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
  return { grid, show, light, namesWidth };
}
