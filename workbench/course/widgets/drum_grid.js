// The drum-grid editor: cells, play, undo, clear, keep marks, "Fill in the rest".
export default widget("wb-drum-grid", "Drum grid editor", ({ model, listen, root }) => {
  let velocity = bytesOf(model.get("velocity")).slice(), kept = bytesOf(model.get("kept")).slice();
  const steps = velocity.length / DRUMS;
  let number = model.get("sent"), marking = false;

  function send(what, changes) { // shown at once; the kernel's answer confirms it
    const array = what === "set" ? velocity : kept;
    for (const [step, drum, value] of changes) array[step * DRUMS + drum] = value;
    cells.show(velocity, kept);
    model.send({ do: what, cells: changes, number: ++number });
    if (what === "set" && sound.on) model.send({ do: "play" });
  }

  function keepAll(test) {
    const places = [];
    for (let step = 0; step < steps; step++)
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
    keepBar: (bar) => keepAll((s) => Math.floor(s / STEPS) === bar),
  };
  const scroll = h("div", { class: "wb-scroll" });
  const cells = makeCells({ names: model.get("rows"), steps, act });
  scroll.append(cells.grid);

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
      const now = cells.light(Math.floor(at * steps));
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
  const tempo = h("input", { type: "number", min: 30, max: 300, step: 1, onchange: () =>
    model.send({ do: "tempo", bpm: tempo.validity.badInput ? "?" : tempo.value }) });
  root.append(h("div", { class: "wb-bar" }, play, ...historyButtons(model, listen, root), clear, mark,
    h("label", { class: "wb-tempo" }, h("span", {}, "Tempo (BPM)"), tempo)),
    scroll,
    h("p", { class: "wb-help" }, "Arrow keys move, Space sets a hit, + and − change its velocity, "
      + "K marks a cell to keep. The names of rows and bars mark all their cells."),
    form, progressBar(model, listen), sayLine(model, listen));

  listen.on("change:velocity change:kept change:sent", () => {
    if (model.get("sent") < number) return; // an answer to an earlier edit
    number = model.get("sent");
    velocity = bytesOf(model.get("velocity")).slice();
    kept = bytesOf(model.get("kept")).slice();
    cells.show(velocity, kept);
  });
  listen.on("change:tempo", () => { tempo.value = Number(model.get("tempo").toFixed(2)); });
  listen.on("change:wrong", () => {
    tempo.setAttribute("aria-invalid", String("tempo" in model.get("wrong")));
  });
  listen.on("change:tempo change:redos", () => { // an undone change is played, too
    if (sound.on) model.send({ do: "play" });
  });
  listen.on("change:prompt", () => {
    if (document.activeElement !== input) input.value = model.get("prompt");
  });
  listen.on("change:busy", () => { // an edit during the job would be lost
    const busy = Boolean(model.get("busy"));
    for (const part of [fill, clear, mark]) part.disabled = busy;
    cells.grid.inert = busy;
    if (!busy && sound.on) model.send({ do: "play" });
  });
  listen.message((message, buffers) => {
    if (message?.is === "sound") sound.play(bytesOf(buffers[0]), message.seconds);
  });
  return () => { sound.close(); };
});
