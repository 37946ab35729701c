// The denoising film: a slider over its frames, each with picture and sound.
export default widget("wb-film", "Denoising film", ({ model, listen, root }) => {
  const frames = model.get("frames"), sounds = new Map();
  let timer = 0;

  const picture = h("div", { class: "wb-picture" });
  const text = h("output", { class: "wb-level", "aria-live": "polite" });
  const slider = h("input", { type: "range", min: 0, max: frames.length - 1, step: 1 });
  const play = h("button", { type: "button", class: "wb-play", onclick: () =>
    (sound.on ? sound.stop() : ask()) }, "▶ Play");
  const run = h("button", { type: "button", class: "wb-run", onclick: () =>
    (timer ? halt() : roll()) }, "Play film");
  const sound = makeSound((on) => { play.textContent = on ? "■ Stop" : "▶ Play"; });

  const index = () => Number(slider.value);
  function ask() {
    const known = sounds.get(index());
    if (known) sound.play(...known);
    else model.send({ do: "play", frame: index() });
  }

  function show() {
    picture.innerHTML = frames[index()].svg;
    text.textContent = frames[index()].text;
    slider.setAttribute("aria-valuetext", frames[index()].text);
    if (sound.on) ask();
  }

  function choose(value) {
    slider.value = value;
    show();
    model.set("frame", index());
    model.save_changes();
  }

  function halt() {
    clearInterval(timer);
    timer = 0;
    run.textContent = "Play film";
  }

  function roll() {
    choose(0);
    run.textContent = "Pause film";
    timer = setInterval(() => {
      if (!root.isConnected || index() >= frames.length - 1) return halt();
      choose(index() + 1);
    }, 500);
  }

  slider.addEventListener("input", () => { halt(); choose(index()); });
  root.append(h("div", { class: "wb-film-title" }, model.get("title") || "No prompt"), picture,
    h("label", { class: "wb-slide" }, h("span", {}, "Sampling step"), slider), text,
    h("div", { class: "wb-bar" }, play, run), sayLine(model, listen));
  listen.on("change:frame", () => {
    const value = model.get("frame");
    if (value !== index() || !picture.firstChild) { slider.value = value; show(); }
  });
  listen.message((message, buffers) => {
    if (message?.is !== "sound") return;
    sounds.set(message.frame, [bytesOf(buffers[0]).slice(), message.seconds]);
    if (message.frame === index()) sound.play(...sounds.get(message.frame));
  });
  return () => { halt(); sound.close(); };
});
