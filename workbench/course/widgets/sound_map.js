// A map of clips: hover to read, click to play, a list for the keyboard. Only one sound on a page
// plays at a time: `window.workbenchClips` is shared with the clips' own player.
(() => {
  const shared = (window.workbenchClips ??= { ready: new WeakSet(), stop: null, context: null });
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("workbench-clips") : null;

  // Replaces the images by SVG and the legend by buttons, and adds the list.
  function build(root) {
    for (const image of root.querySelectorAll("img.wb-picture")) {
      const url = image.getAttribute("src");
      const drawn = document.importNode(new DOMParser().parseFromString(
        decodeURIComponent(url.slice(url.indexOf(",") + 1)), "image/svg+xml").documentElement, true);
      if (image.alt) {
        drawn.setAttribute("role", "img");
        drawn.setAttribute("aria-label", `${image.alt}; the list below names them`);
      } else drawn.setAttribute("aria-hidden", "true");
      image.replaceWith(drawn);
    }
    for (const name of root.querySelectorAll(".wb-legend > span")) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.kind = name.dataset.kind;
      button.setAttribute("aria-pressed", "true");
      button.append(...name.childNodes);
      name.replaceWith(button);
    }
    root.querySelector(".wb-legend").setAttribute("aria-label", "Show or hide");
    const say = root.querySelector(".wb-say");
    say.textContent = "Hover over a point to read its caption, click it to play it, or choose from the list.";
    say.insertAdjacentHTML("afterend", JSON.parse(root.querySelector(".wb-live").textContent));
  }

  function setUp(root) {
    build(root);
    const list = root.querySelector("select"), say = root.querySelector(".wb-say");
    const play = root.querySelector(".wb-play"), audio = root.querySelector("audio");
    const options = new Map([...list.options].map((option) => [option.value, option]));
    const words = (option) => `${option.parentElement.label}: ${option.textContent}`;
    const stop = () => audio.pause();

    function ring(number) {
      for (const svg of root.querySelectorAll(".wb-views svg")) {
        const mark = svg.querySelector(`[data-clip="${number}"]`);
        const circle = svg.querySelector(".wb-ring");
        circle.setAttribute("transform", mark.getAttribute("transform"));
        circle.setAttribute("visibility", "visible");
      }
    }

    function choose(number) {
      const option = options.get(number);
      if (!option) return;
      audio.pause();
      list.value = number;
      ring(number);
      say.textContent = words(option);
      audio.src = `data:audio/ogg;base64,${option.dataset.sound}`;
      audio.setAttribute("aria-label", words(option));
      audio.hidden = false;
      play.disabled = false;
      play.setAttribute("aria-label", `Play ${words(option)}`);
    }

    function sound() {
      if (audio.paused) {
        audio.currentTime = 0;
        audio.play().catch(() => { say.textContent = "This browser cannot play Ogg Vorbis."; });
      } else stop();
    }

    audio.addEventListener("play", () => {
      if (shared.stop && shared.stop !== stop) shared.stop();
      shared.stop = stop;
      channel?.postMessage("playing");
      play.textContent = "■ Stop";
    });
    audio.addEventListener("pause", () => {
      if (shared.stop === stop) shared.stop = null;
      play.textContent = "▶ Play";
    });
    channel?.addEventListener("message", stop);
    play.addEventListener("click", sound);
    list.addEventListener("change", () => choose(list.value));
    list.addEventListener("dblclick", sound);
    root.addEventListener("keydown", (event) => {
      // keys that the clips' player marks are not for the notebook's shortcuts
      if (root.hasAttribute("data-lm-suppress-shortcuts")) event.stopPropagation();
      if (event.target === list && (event.key === "Enter" || event.key === " ") && list.value) {
        event.preventDefault();
        sound();
      }
    });
    for (const svg of root.querySelectorAll(".wb-views svg")) {
      svg.addEventListener("pointerover", (event) => {
        const option = options.get(event.target.dataset?.clip);
        if (option) say.textContent = words(option);
      });
      svg.addEventListener("click", (event) => {
        const number = event.target.dataset?.clip;
        if (number !== undefined) { choose(number); sound(); }
      });
    }
    for (const button of root.querySelectorAll(".wb-legend button")) {
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        for (const mark of root.querySelectorAll(`.wb-views .wb-kind${button.dataset.kind}`))
          mark.style.display = on ? "" : "none";
      });
    }
  }

  for (const root of document.querySelectorAll(".wb-map")) {
    if (shared.ready.has(root)) continue;
    shared.ready.add(root);
    setUp(root);
  }
})();
