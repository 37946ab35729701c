// The mixup lab: lanes of sound with their beats. Another lane continues at the same position. Plain
// mixup and BAM are mixed here, so λ acts while they play; BLM is decoded again when λ is let go.
export default widget("wb-mixup", "Mixup lab", ({ model, listen, root }) => {
  const sounds = new Map(), buttons = new Map();
  let wanted = null, playing = null;
  let sent = null, inKey = false; // the last λ that was sent; whether the sounds are in one key
  let together = true; // whether this browser plays several sounds at once

  const value = h("output", { class: "wb-level" });
  const lam = h("input", { type: "range", min: 0, max: 1, step: 0.05,
    oninput: () => { value.textContent = Number(lam.value).toFixed(2); sound.mixAt(gains()); },
    onchange: () => send() });
  const click = h("input", { type: "checkbox", onchange: () => { if (playing) ask(playing); } });
  const key = h("input", { type: "checkbox" });
  const keyLabel = h("label", {}, key, " transpose the second clip to the first one's key");
  const mix = h("button", { type: "button", class: "wb-mix", onclick: () => send() }, "Mix");
  const lanes = h("div", { class: "wb-lanes", role: "list", "aria-label": "Lanes" });
  const sound = makeSound((on) => { if (!on) playing = null; mark(); });

  function send() { // while the kernel mixes, the last λ waits
    if (model.get("busy")) return;
    sent = Number(lam.value);
    model.send({ do: "mix", lam: sent, in_key: key.checked });
  }

  function gains() { // of the clips and of the clicks; the power of the mixture is kept
    const share = Number(lam.value), norm = Math.hypot(share, 1 - share);
    return [share / norm, (1 - share) / norm, 1];
  }

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
    else model.send({ do: "play", lane, click: click.checked, parts: together });
  }

  function start(lane, known) {
    const own = wanted;
    sound.play(...known, known[0].length > 1 ? gains() : []).then(() => {
      if (own !== wanted) return;
      playing = lane;
      mark();
    }, () => { // the kernel mixes instead
      together = false;
      sounds.clear();
      ask(lane);
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
    const same = inKey === model.get("in_key");
    inKey = model.get("in_key");
    for (const [own, [parts]] of sounds) if (!same || parts.length === 1) sounds.delete(own);
    buttons.clear();
    lanes.replaceChildren(...model.get("lanes").map(makeLane));
    mark();
    if (playing && !buttons.has(playing)) halt();
    else if (playing && !sounds.has(name(playing))) ask(playing);
  });
  listen.on("change:lam", () => {
    if (sent !== null && Number(lam.value) !== sent) return; // it was moved meanwhile
    lam.value = model.get("lam");
    value.textContent = model.get("lam").toFixed(2);
  });
  listen.on("change:in_key change:keyed", () => {
    key.checked = model.get("in_key");
    keyLabel.hidden = !model.get("keyed");
  });
  listen.on("change:busy", () => {
    mix.disabled = Boolean(model.get("busy"));
    if (!model.get("busy") && sent !== null && sent !== Number(lam.value)) send();
  });
  listen.message((message, buffers) => {
    if (message?.is !== "sound") return;
    const own = `${message.lane}${message.click ? "+click" : ""}`;
    sounds.set(own, [buffers.map((part) => bytesOf(part).slice()), message.seconds]);
    if (own === wanted) start(message.lane, sounds.get(own));
  });
  return () => { sound.close(); };
});
