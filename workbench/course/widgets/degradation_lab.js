// The degradation lab: choose a degradation and its strength, play it, and measure it.
export default widget("wb-spoil", "Degradation lab", ({ model, listen, root }) => {
  const kind = h("select", { "aria-label": "Degradation" },
    ...model.get("kinds").map((name) => h("option", { value: name }, name)));
  const words = h("output", { class: "wb-level" });
  const strength = h("input", { type: "range", min: 0, max: 1, step: 0.05 });
  const play = h("button", { type: "button", class: "wb-play", onclick: () => (sound.on
    ? sound.stop() : model.send({ do: "play", ...settings() })) }, "▶ Play");
  const measure = h("button", { type: "button", class: "wb-measure", onclick: () =>
    model.send({ do: "measure", ...settings() }) }, "Measure");
  const sound = makeSound((on) => { play.textContent = on ? "■ Stop" : "▶ Play"; });
  const table = h("table", { "aria-label": "Measurements" });

  const settings = () => ({ kind: kind.value, strength: Number(strength.value) });
  function tell() {
    const step = Math.round(Number(strength.value) * 20);
    words.textContent = model.get("levels")[kind.value][step];
    strength.setAttribute("aria-valuetext", words.textContent);
  }
  const number = (value) => (Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1));

  function draw() {
    const names = model.get("names"), rows = model.get("rows");
    const most = names.map((_, i) => Math.max(...rows.map((row) => Math.abs(row.values[i])), 1e-9));
    const head = h("tr", {}, h("th", { scope: "col" }, "sound"),
      ...names.map((name) => h("th", { scope: "col" }, name)));
    const body = rows.map((row) => h("tr", {},
      h("th", { scope: "row" }, row.kind ? `${row.kind}: ${row.what}` : row.what),
      ...row.values.map((value, i) => h("td", {}, h("span", { class: "wb-bar-of",
        style: `width:${(100 * Math.abs(value)) / most[i]}%` }), number(value)))));
    table.replaceChildren(h("thead", {}, head), h("tbody", {}, ...body));
  }

  kind.addEventListener("change", tell);
  strength.addEventListener("input", tell);
  root.append(
    h("div", { class: "wb-bar" }, kind,
      h("label", { class: "wb-slide" }, h("span", {}, "Strength"), strength), words),
    h("div", { class: "wb-bar" }, play, measure), sayLine(model, listen),
    h("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": "Measurements" },
      table));
  listen.on("change:kind", () => { kind.value = model.get("kind"); tell(); });
  listen.on("change:strength", () => { strength.value = model.get("strength"); tell(); });
  listen.on("change:rows", draw);
  listen.on("change:busy", () => { measure.disabled = Boolean(model.get("busy")); });
  listen.message((message, buffers) => {
    if (message?.is === "sound") sound.play(bytesOf(buffers[0]).slice(), message.seconds);
  });
  return () => { sound.close(); };
});
