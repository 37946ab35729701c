// The drum-grid editor: cells, play, undo, clear, keep marks, "Fill in the rest", groove tools.
export default widget("wb-drum-grid", "Drum grid editor", ({ model, listen, root }) => {
  let velocity, offset, kept, changed, cells, number = model.get("sent"), marking = false;
  const scroll = h("div", { class: "wb-scroll" });
  const stepTime = () => 15 / model.get("tempo"); // seconds

  function send(what, changes) { // shown at once; the kernel's answer confirms it
    const array = what === "set" ? velocity : kept;
    for (const [step, drum, value] of changes) array[step * DRUMS + drum] = value;
    if (what === "set") changed.fill(0);
    show();
    model.send({ do: what, cells: changes, number: ++number });
    if (what === "set" && sound.on) model.send({ do: "play" });
  }

  function load() {
    [velocity, offset, kept, changed] = ["velocity", "offset", "kept", "changed"]
      .map((name) => bytesOf(model.get(name)).slice());
    const steps = velocity.length / DRUMS, counts = model.get("counts");
    if (cells?.steps !== steps || cells.counts.join() !== counts.join()) {
      const focused = cells?.grid.contains(document.activeElement);
      cells = makeCells({ names: model.get("rows"), steps, counts, pulse: model.get("pulse"), act });
      cells.grid.inert = Boolean(model.get("busy"));
      scroll.replaceChildren(cells.grid);
      if (focused) cells.grid.querySelector("[tabindex='0']").focus();
    }
    show();
  }

  const show = () => cells.show({ velocity, offset, kept, changed, stepTime: stepTime() });

  function keepAll(test) {
    const places = [];
    for (let step = 0; step < cells.steps; step++)
      for (let drum = 0; drum < DRUMS; drum++) if (test(step, drum)) places.push([step, drum]);
    const on = places.every(([step, drum]) => kept[step * DRUMS + drum]) ? 0 : 1;
    send("keep", places.map((place) => [...place, on]));
  }

  const act = {
    toggle(step, drum) {
      if (marking) return act.keepCell(step, drum);
      send("set", [[step, drum, velocity[step * DRUMS + drum] ? 0 : 96]]);
    },
    louder(step, drum, by) {
      const now = velocity[step * DRUMS + drum];
      if (now) send("set", [[step, drum, Math.min(Math.max(now + by, 1), 127)]]);
    },
    keepCell: (step, drum) => keepAll((s, d) => s === step && d === drum),
    keepRow: (drum) => keepAll((s, d) => d === drum),
    keepBar: (bar) => keepAll((s) => Math.floor(s / cells.size) === bar),
  };

  const play = h("button", { type: "button", class: "wb-play", onclick: () =>
    (sound.on ? sound.stop() : model.send({ do: "play" })) }, "▶ Play");
  const sound = makeSound((on) => {
    play.textContent = on ? "■ Stop" : "▶ Play";
    if (on) follow();
    else cells.light(-1);
  });
  function bringIntoView(cell) { // the bar that sounds, beside the names that stay at the left
    const box = cell.getBoundingClientRect(), view = scroll.getBoundingClientRect();
    const left = view.left + cells.namesWidth();
    if (box.left < left - 1 || box.right > view.right + 1) scroll.scrollLeft += box.left - left - 4;
  }

  let following = false;
  function follow() {
    if (following) return;
    following = true;
    const frame = () => {
      const at = sound.position();
      following = at !== null && root.isConnected;
      if (!following) return sound.on && sound.stop();
      const now = cells.light(Math.floor(at * cells.steps));
      if (now) bringIntoView(now);
      requestAnimationFrame(frame);
    };
    frame();
  }

  const button = (name, label, action) =>
    h("button", { type: "button", class: name, onclick: action }, label);
  const clear = button("wb-clear", "Clear", () => model.send({ do: "clear" }));
  const mark = button("wb-mark", "Mark cells to keep", () => {
    marking = !marking;
    mark.setAttribute("aria-pressed", String(marking));
  });
  mark.setAttribute("aria-pressed", "false");
  const input = h("input", { type: "text", class: "wb-prompt", autocomplete: "off" });
  const fill = h("button", { type: "submit", class: "wb-go" }, "Fill in the rest");
  const form = h("form", { class: "wb-bar", onsubmit: (event) => {
    event.preventDefault();
    if (!model.get("busy")) model.send({ do: "fill", prompt: input.value });
  } }, h("label", { class: "wb-grow" }, h("span", {}, "Prompt"), input), fill);
  form.hidden = !model.get("can_fill");
  const typed = (input) => (input.validity.badInput ? "?" : input.value);
  const tempo = h("input", { type: "number", min: 30, max: 300, step: 1, onchange: () =>
    model.send({ do: "tempo", bpm: typed(tempo) }) });
  const bars = h("input", { type: "number", min: 1, max: 16, step: 1, onchange: () =>
    model.send({ do: "bars", bars: typed(bars) }) });
  const meter = h("select", { onchange: () => model.send({ do: "meter", meter: meter.value }) },
    ...model.get("meters").map((name) => h("option", { value: name }, name)));
  const field = (label, input) => h("label", { class: "wb-tempo" }, h("span", {}, label), input);
  const tools = makeTools({ model, listen, sound,
    prompt: () => input.value, cells: () => cells, stepTime });
  root.append(h("div", { class: "wb-bar" }, play, ...historyButtons(model, listen, root), clear, mark,
    field("Tempo (BPM)", tempo), field("Metre", meter), field("Bars", bars)),
    scroll,
    h("p", { class: "wb-help" }, "Arrow keys move, Space sets a hit, + and − change its velocity, "
      + "K marks a cell to keep. The names of rows and bars mark all their cells. A hit drawn to the "
      + "left or right in its cell is early or late."),
    form, tools.row, progressBar(model, listen), sayLine(model, listen));

  listen.on("change:velocity change:offset change:kept change:changed change:counts change:sent",
    () => {
      if (model.get("sent") < number) return; // an answer to an earlier edit
      number = model.get("sent");
      load();
    });
  const fields = () => {
    tempo.value = Number(model.get("tempo").toFixed(2));
    meter.value = model.get("meter");
    bars.value = cells.steps / cells.size;
    tools.bars(cells.steps / cells.size);
  };
  listen.on("change:tempo change:meter change:velocity", fields);
  listen.on("change:wrong", () => {
    for (const [name, input] of Object.entries({ tempo, bars, meter }))
      input.setAttribute("aria-invalid", String(name in model.get("wrong")));
  });
  listen.on("change:tempo change:redos", () => { // an undone change is played, too
    if (sound.on) model.send({ do: "play" });
  });
  listen.on("change:prompt", () => {
    if (document.activeElement !== input) input.value = model.get("prompt");
  });
  listen.on("change:busy", () => { // an edit during the job would be lost
    const busy = Boolean(model.get("busy"));
    for (const part of [fill, clear, mark, bars, meter, ...tools.parts]) part.disabled = busy;
    cells.grid.inert = busy;
    if (!busy && sound.on) model.send({ do: "play" });
  });
  listen.message((message, buffers) => {
    if (message?.is === "sound") sound.play(bytesOf(buffers[0]), message.seconds);
    if (message?.is === "fields") fields();
  });
  return () => { tools.end(); sound.close(); };
});
