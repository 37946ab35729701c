// The mixup lab: lanes of sound with their beats. Another lane continues at the same position.
export default widget("wb-mixup", "Mixup lab", ({ model, listen, root }) => {
  const sounds = new Map(), buttons = new Map();
  let wanted = null, playing = null;

  const value = h("output", { class: "wb-level" });
  const lam = h("input", { type: "range", min: 0, max: 1, step: 0.05,
    oninput: () => { value.textContent = Number(lam.value).toFixed(2); } });
  const click = h("input", { type: "checkbox", onchange: () => { if (playing) ask(playing); } });
  const key = h("input", { type: "checkbox" });
  const keyLabel = h("label", {}, key, " transpose the second clip to the first one's key");
  const mix = h("button", { type: "button", class: "wb-mix", onclick: () =>
    model.send({ do: "mix", lam: Number(lam.value), in_key: key.checked }) }, "Mix");
  const lanes = h("div", { class: "wb-lanes", role: "list", "aria-label": "Lanes" });
  const sound = makeSound((on) => { if (!on) playing = null; mark(); });

  const name = (lane) => `${lane}${click.checked ? "+click" : ""}`;
  function mark() {
    for (const [lane, button] of buttons) {
      button.textContent = lane === playing ? "■ Stop" : "▶ Play";
      button.setAttribute("aria-pressed", String(lane === playing));
    }
  }

  function ask(lane) {
    wanted = name(lane);
    const known = sounds.get(wanted);
    if (known) start(lane, known);
    else model.send({ do: "play", lane, click: click.checked });
  }

  function start(lane, known) {
    const own = wanted;
    sound.play(...known).then(() => {
      if (own !== wanted) return;
      playing = lane;
      mark();
    });
  }

  function halt() {
    wanted = null; // a sound that has not arrived yet must not start
    sound.stop();
  }

  function makeLane(lane) {
    const play = h("button", { type: "button", class: "wb-play", "aria-pressed": "false",
      "aria-label": `Play ${lane.title}`,
      onclick: () => (playing === lane.name ? halt() : ask(lane.name)) }, "▶ Play");
    buttons.set(lane.name, play);
    const picture = h("div");
    picture.innerHTML = lane.svg;
    return h("div", { class: "wb-lane", role: "listitem", "data-lane": lane.name },
      h("div", { class: "wb-lane-head" }, play, h("div", { class: "wb-lane-words" },
        h("span", { class: "wb-lane-title" }, lane.title),
        h("span", { class: "wb-level" }, lane.text))), picture);
  }

  root.append(
    h("label", { class: "wb-slide" }, h("span", {}, "λ, share of the first clip"), lam, value),
    h("div", { class: "wb-bar" }, h("label", {}, click, " click on the beats"), keyLabel, mix),
    sayLine(model, listen), lanes);

  listen.on("change:lanes", () => {
    halt();
    sounds.clear();
    buttons.clear();
    lanes.replaceChildren(...model.get("lanes").map(makeLane));
  });
  listen.on("change:lam", () => {
    lam.value = model.get("lam");
    value.textContent = model.get("lam").toFixed(2);
  });
  listen.on("change:in_key change:keyed", () => {
    key.checked = model.get("in_key");
    keyLabel.hidden = !model.get("keyed");
  });
  listen.on("change:busy", () => { mix.disabled = Boolean(model.get("busy")); });
  listen.message((message, buffers) => {
    if (message?.is !== "sound") return;
    const own = `${message.lane}${message.click ? "+click" : ""}`;
    sounds.set(own, [bytesOf(buffers[0]).slice(), message.seconds]);
    if (own === wanted) start(message.lane, sounds.get(own));
  });
  return () => { sound.close(); };
});
