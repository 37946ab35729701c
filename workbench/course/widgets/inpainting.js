// The inpainting widget: drag over bars of a piano roll, or over half seconds of a waveform, to
// choose what is regenerated.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"];
const BAR = 56, HEIGHT = 180, HEAD = 18;
const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
// tracks differ by colour and by the fill of their notes: solid, hollow, half transparent
const look = (track) => {
  const colour = COLOURS[track % COLOURS.length], way = track % 3;
  return { fill: way === 1 ? "none" : colour, "fill-opacity": way === 2 ? 0.45 : 1, stroke: colour };
};

function makeRoll(model, listen) {
  const roll = h("div", { class: "wb-roll", tabindex: "0", role: "group",
    "aria-label": "Chosen range. Arrow keys move it; with Shift they move its end." });
  let mark = null, lines = [0, 4];
  const x = (beat) => { // beats to pixels: every bar is equally wide
    let bar = lines.length - 2;
    while (bar > 0 && lines[bar] > beat) bar -= 1;
    return (bar + (beat - lines[bar]) / (lines[bar + 1] - lines[bar])) * BAR;
  };
  const choose = (first, last) => {
    const bars = lines.length - 1;
    first = Math.max(0, Math.min(first, bars - 1));
    model.set("hole", [first, Math.max(first + 1, Math.min(last, bars))]);
    model.save_changes();
  };
  const draw = () => {
    const song = model.get("song");
    lines = song.lines;
    const sound = song.unit === "second";
    const bars = lines.length - 1, pitches = song.notes.map((note) => note[2]);
    const low = Math.min(...pitches, 60) - 2, high = Math.max(...pitches, 62) + 2;
    const y = (pitch) => HEAD + (high - pitch) / (high - low) * (HEIGHT - HEAD);
    const picture = svg("svg", { width: bars * BAR, height: HEIGHT, role: "img",
      "aria-label": sound ? `${song.title}: ${lines.at(-1).toFixed(1)} seconds of sound`
        : `${song.title}: ${bars} bars, ${song.notes.length} notes` });
    for (let bar = 0; bar <= bars; bar += 1) {
      picture.append(svg("line", { class: "wb-line", x1: bar * BAR, x2: bar * BAR, y1: 0, y2: HEIGHT }));
      if (bar < bars) picture.append(svg("text", { x: bar * BAR + 3, y: 12 },
        sound ? `${lines[bar]} s` : String(bar + 1)));
    }
    const middle = (HEAD + HEIGHT) / 2, tall = (HEIGHT - HEAD) / 2 - 4;
    if (sound) picture.append(svg("path", { class: "wb-peaks", d: song.peaks.map((peak, i) => {
      const half = Math.max(0.5, peak * tall);
      return `M${((i + 0.5) / song.peaks.length * bars * BAR).toFixed(1)} ${middle - half}v${2 * half}`;
    }).join("") }));
    const thick = Math.max(2, Math.min(6, (HEIGHT - HEAD) / (high - low)));
    for (const [time, length, pitch, track] of song.notes)
      picture.append(svg("rect", { x: x(time), y: y(pitch), height: thick,
        width: Math.max(2, x(Math.min(time + length, lines.at(-1))) - x(time) - 1), ...look(track) }));
    mark = svg("rect", { class: "wb-hole", y: 1, height: HEIGHT - 2 });
    picture.append(mark);
    let from = null;
    const barAt = (event) => Math.floor((event.clientX - picture.getBoundingClientRect().left) / BAR);
    picture.addEventListener("pointerdown", (event) => {
      from = barAt(event);
      picture.setPointerCapture(event.pointerId);
      choose(from, from + 1);
    });
    picture.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = barAt(event);
      choose(Math.min(from, to), Math.max(from, to) + 1);
    });
    picture.addEventListener("pointerup", () => { from = null; });
    roll.replaceChildren(picture);
    place();
  };
  const place = () => {
    const [first, last] = model.get("hole");
    mark?.setAttribute("x", first * BAR);
    mark?.setAttribute("width", (last - first) * BAR);
  };
  roll.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const [first, last] = model.get("hole");
    if (event.shiftKey) choose(first, last + by);
    else if (first + by >= 0 && last + by <= lines.length - 1) choose(first + by, last + by);
    roll.scrollLeft = Math.max(0, (model.get("hole")[0] - 2) * BAR);
  });
  listen.on("change:song", draw);
  listen.on("change:hole", place);
  const at = (cell) => Number(model.get("song").lines[cell].toFixed(2));
  const near = (value) => model.get("song").lines.reduce((best, line, i, all) =>
    (Math.abs(line - value) < Math.abs(all[best] - value) ? i : best), 0);
  return { roll, choose, at, near };
}

function makeTracks(model, listen) {
  const row = h("div", { class: "wb-tracks", role: "group", "aria-label": "Tracks to regenerate" });
  listen.on("change:song change:chosen", () => {
    row.hidden = !model.get("song").tracks.length;
    const chosen = model.get("chosen");
    row.replaceChildren(...model.get("song").tracks.map((name, track) => {
      const box = h("input", { type: "checkbox", checked: chosen.includes(track), onchange: () => {
        const now = model.get("chosen").filter((other) => other !== track);
        model.set("chosen", (box.checked ? [...now, track] : now).sort((a, b) => a - b));
        model.save_changes();
      } });
      const sign = svg("svg", { width: 18, height: 10, "aria-hidden": "true" },
        svg("rect", { x: 1, y: 2, width: 16, height: 6, ...look(track) }));
      return h("label", {}, box, sign, name);
    }));
  });
  return row;
}

function makeVersions(model, listen) {
  const list = h("div", { class: "wb-cards", role: "list", "aria-label": "Versions" });
  const card = (name, { title, html }, ...parts) => {
    const player = h("div");
    player.innerHTML = html;
    const node = h("div", { class: name, role: "listitem" }, player, ...parts);
    wireClips(player);
    return node;
  };
  listen.on("change:cards change:original", () => {
    const own = model.get("original");
    list.replaceChildren(...(own.html ? [card("wb-original", own)] : []),
      ...model.get("cards").map((version) => card("wb-card", version,
        h("div", { class: "wb-actions", role: "group", "aria-label": version.title },
          h("button", { type: "button", "aria-label": `Keep version ${version.key + 1}`,
            onclick: () => model.send({ do: "keep", key: version.key }) }, "Keep")))));
  });
  return list;
}

export default widget("wb-inpainting", "Inpainting", ({ model, listen, root }) => {
  const sound = makeSound(() => {});
  const title = h("p", { class: "wb-song" });
  const file = h("input", { type: "file" }), fileName = h("span");
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const bytes = chosen.size > 21e6 ? chosen.slice(0, 21e6) : chosen; // refused as too large
    model.send({ do: "upload", name: chosen.name }, undefined, [await bytes.arrayBuffer()]);
    file.value = "";
  });
  const { roll, choose, at, near } = makeRoll(model, listen);
  const from = h("input", { type: "number" }), to = h("input", { type: "number" });
  const fromName = h("span"), toName = h("span");
  const sounding = () => model.get("song").unit === "second";
  const typed = () => (sounding() ? choose(near(Number(from.value)), near(Number(to.value)))
    : choose(Number(from.value) - 1, Number(to.value)));
  from.addEventListener("change", typed);
  to.addEventListener("change", typed);
  const inputs = new Map(model.get("limits").map((field) => [field.name,
    fieldInput(field)]));
  const values = () => Object.fromEntries([...inputs].map(
    ([name, input]) => [name, input.validity.badInput ? "?" : input.value]));
  const prompt = h("input", { type: "text", class: "wb-prompt", autocomplete: "off",
    spellcheck: "false" });
  const follow = h("input", { type: "checkbox", onchange: () => {
    model.set("follow", follow.checked);
    model.save_changes();
    if (!follow.checked) sound.stop();
  } });
  const go = h("button", { type: "button", class: "wb-go",
    onclick: () => model.send({ do: "fill", settings: values(), prompt: prompt.value }) }, "Fill");
  const save = h("button", { type: "button", onclick: () => model.send({ do: "download" }) });
  root.append(
    title, h("div", { class: "wb-row" }, h("label", {}, fileName, file),
      ...historyButtons(model, listen, root), save),
    roll, makeTracks(model, listen),
    h("div", { class: "wb-row" },
      h("label", {}, fromName, from), h("label", {}, toName, to),
      ...model.get("limits").map((field) => h("label", {}, h("span", {}, field.label),
        inputs.get(field.name))),
      ...(model.get("can_follow") ? [h("label", { class: "wb-check" }, follow,
        h("span", {}, "Play while generating"))] : []),
      ...(model.get("can_ask") ? [h("label", { class: "wb-ask" }, h("span", {}, "Prompt"),
        prompt)] : []), go),
    progressBar(model, listen), sayLine(model, listen), makeVersions(model, listen));

  listen.on("change:song", () => {
    const unit = model.get("song").unit;
    title.textContent = model.get("song").title;
    [fromName.textContent, toName.textContent] = [`From ${unit}`, `to ${unit}`];
    fileName.textContent = sounding() ? "Open a sound file" : "Open a MIDI file";
    for (const input of [from, to]) {
      input.min = sounding() ? 0 : 1;
      input.step = sounding() ? 0.5 : 1;
    }
  });
  listen.on("change:hole change:song", () => {
    const [first, last] = model.get("hole");
    if (document.activeElement !== from) from.value = sounding() ? at(first) : first + 1;
    if (document.activeElement !== to) to.value = sounding() ? at(last) : last;
  });
  listen.on("change:suffixes", () => { file.accept = model.get("suffixes"); });
  listen.on("change:saved_as", () => { save.textContent = `↓ .${model.get("saved_as")}`; });
  listen.on("change:prompt", () => {
    if (document.activeElement !== prompt) prompt.value = model.get("prompt");
  });
  listen.on("change:settings", () => {
    for (const [name, value] of Object.entries(model.get("settings")))
      if (inputs.has(name) && document.activeElement !== inputs.get(name))
        inputs.get(name).value = value ?? "";
  });
  listen.on("change:wrong", () => {
    for (const [name, input] of inputs)
      input.setAttribute("aria-invalid", String(name in model.get("wrong")));
  });
  listen.on("change:busy", () => {
    const busy = Boolean(model.get("busy"));
    go.disabled = busy;
    if (!busy && sound.on) sound.stop();
  });
  listen.message((message, buffers) => {
    if (message?.is === "file") saveFile(message.name, buffers[0]);
    if (message?.is === "sound" && follow.checked) sound.play(bytesOf(buffers[0]), message.seconds);
  });
  return () => { sound.close(); };
});
