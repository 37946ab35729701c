// Plays the clips on a page: gapless loop through Web Audio, playhead, one clip at a time.
// The same text stands in every output; each run only takes up the clips that are new.
(() => {
  const shared = (window.workbenchClips ??= { ready: new WeakSet(), stop: null, context: null });
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("workbench-clips") : null;

  // A notebook's shortcuts must not take the keys of a focused control. JupyterLab leaves alone what
  // bears this mark at the time of the key; Ctrl+S and the like are the notebook's all the same.
  function notebookMayHave(event) {
    const text = /^([zyacxv]|Arrow\w+|Home|End|Backspace|Delete)$/i.test(event.key);
    return (event.ctrlKey || event.metaKey) && !event.getModifierState?.("AltGraph")
      && !(text && (!event.shiftKey || /^z$/i.test(event.key)));
  }
  shared.keys ??= (window.addEventListener("keydown", (event) => {
    let root = event.target.closest?.(".wb-box, .wb-clip");
    for (; root; root = root.parentElement?.closest(".wb-box, .wb-clip"))
      root.toggleAttribute("data-lm-suppress-shortcuts", !notebookMayHave(event));
  }, true), true);

  function context(rate) {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!shared.context) {
      // at the sound's own rate nothing is resampled, so the loop's ends meet to the sample
      try { shared.context = new Context({ sampleRate: Number(rate) }); }
      catch { shared.context = new Context(); }
    }
    return shared.context;
  }

  function bytesOf(dataUrl) {
    const text = atob(dataUrl.slice(dataUrl.indexOf(",") + 1));
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes.buffer;
  }

  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;

  function setUp(root) {
    const find = (selector) => root.querySelector(selector);
    const still = find("img.wb-svg"); // the picture itself takes the page's colours and the playhead
    if (still) {
      const url = still.getAttribute("src");
      const drawn = new DOMParser().parseFromString(
        decodeURIComponent(url.slice(url.indexOf(",") + 1)), "image/svg+xml").documentElement;
      still.replaceWith(window.document.importNode(drawn, true));
    }
    const audio = find("audio");
    if (!audio || !(window.AudioContext || window.webkitAudioContext)) return;
    audio.insertAdjacentHTML("beforebegin", '<div class="wb-controls">'
      + '<button type="button" class="wb-play">▶ Play</button>'
      + '<input type="range" class="wb-seek" min="0" step="0.01" value="0">'
      + '<span class="wb-time"></span>'
      + '<button type="button" class="wb-loop">Loop</button></div>');
    const play = find(".wb-play"), seek = find(".wb-seek");
    const loop = find(".wb-loop"), time = find(".wb-time"), svg = find(".wb-svg");
    const head = find(".wb-head");
    const duration = Number(root.dataset.duration);
    const left = Number(svg?.dataset.left), right = Number(svg?.dataset.right);
    seek.max = duration.toFixed(2);
    seek.setAttribute("aria-label", `Position in ${root.dataset.name}`);
    loop.setAttribute("aria-pressed", String(audio.loop));
    let buffer = null, source = null, origin = 0, position = 0, wanted = false;

    function show(seconds) {
      position = seconds;
      seek.value = seconds.toFixed(2);
      seek.setAttribute("aria-valuetext", `${seconds.toFixed(1)} of ${duration.toFixed(1)} seconds`);
      time.textContent = `${clock(seconds)} / ${clock(duration)}`;
      head?.setAttribute("visibility", "visible");
      head?.setAttribute("transform", `translate(${(right - left) * seconds / duration} 0)`);
    }

    function label(playing) {
      play.setAttribute("aria-label", (playing ? "Pause " : "Play ") + root.dataset.name);
      play.textContent = playing ? "❚❚ Pause" : "▶ Play";
    }

    function silence() {
      if (source) { source.onended = null; source.stop(); source.disconnect(); source = null; }
    }

    function pause() {
      wanted = false;
      silence();
      label(false);
      if (shared.stop === pause) shared.stop = null;
    }

    function now() {
      const audioContext = context(root.dataset.rate);
      const heard = audioContext.currentTime - (audioContext.outputLatency || 0) - origin;
      const played = Math.max(heard, 0);
      return source.loop ? played % duration : Math.min(played, duration);
    }

    function follow() {
      if (!source) return;
      if (!root.isConnected) return pause();
      show(now());
      requestAnimationFrame(follow);
    }

    function sound(from) {
      silence();
      const audioContext = context(root.dataset.rate);
      source = audioContext.createBufferSource();
      source.buffer = buffer;
      source.loop = loop.getAttribute("aria-pressed") === "true";
      source.onended = () => { pause(); show(0); };
      source.connect(audioContext.destination);
      origin = audioContext.currentTime - from;
      source.start(0, from);
      requestAnimationFrame(follow);
    }

    async function start() {
      wanted = true;
      if (shared.stop && shared.stop !== pause) shared.stop();
      shared.stop = pause;
      channel?.postMessage("playing");
      label(true);
      try {
        const audioContext = context(root.dataset.rate);
        await audioContext.resume();
        buffer ??= await audioContext.decodeAudioData(bytesOf(audio.src));
        if (wanted) sound(position >= duration - 0.02 ? 0 : position);
      } catch { fallBack(); }
    }

    function fallBack() { // this browser cannot decode it here; its own player may
      pause();
      find(".wb-controls").hidden = true;
      audio.hidden = false;
    }

    function move(seconds) {
      show(Math.min(Math.max(seconds, 0), duration));
      if (source) sound(position >= duration ? 0 : position);
    }

    play.addEventListener("click", () => (wanted ? pause() : start()));
    seek.addEventListener("input", () => move(Number(seek.value)));
    loop.addEventListener("click", () => {
      const on = loop.getAttribute("aria-pressed") !== "true";
      const at = source ? now() : position;
      loop.setAttribute("aria-pressed", String(on));
      audio.loop = on;
      if (source) sound(at);
    });
    svg?.addEventListener("click", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY);
      const x = point.matrixTransform(svg.getScreenCTM().inverse()).x;
      if (x >= left) move((x - left) / (right - left) * duration);
    });
    audio.addEventListener("play", () => {
      if (shared.stop && shared.stop !== pause) shared.stop();
      shared.stop = () => audio.pause();
    });
    audio.addEventListener("timeupdate", () => { if (!audio.hidden) show(audio.currentTime); });
    root.addEventListener("keydown", (event) => { // other notebooks listen further out
      if (!notebookMayHave(event)) event.stopPropagation();
    });
    channel?.addEventListener("message", () => { if (wanted) pause(); });
    audio.hidden = true;
    label(false);
    show(0);
    head?.setAttribute("visibility", "hidden");
  }

  for (const root of document.querySelectorAll(".wb-clip")) {
    if (shared.ready.has(root)) continue;
    shared.ready.add(root);
    setUp(root);
  }
})();
