// A loop whose sound may change while it plays. Only one clip or loop on a page is heard at a time:
// `window.workbenchClips` and the channel are shared with the clips' own player.
function makeSound(onChange) {
  const shared = (window.workbenchClips ??= { ready: new WeakSet(), stop: null, context: null });
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("workbench-clips") : null;
  let source = null, native = null, origin = 0, duration = 0;
  let asked = 0; // what was stopped, or followed by another, while it was decoded does not begin

  function context() {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!shared.context) {
      try { shared.context = new Context({ sampleRate: SOUND_RATE }); }
      catch { shared.context = new Context(); }
    }
    return shared.context;
  }

  function silence() {
    if (source) { source.stop(); source.disconnect(); source = null; }
    if (native) { native.pause(); URL.revokeObjectURL(native.src); native = null; }
  }

  function stop() {
    asked += 1;
    silence();
    if (shared.stop === stop) shared.stop = null;
    onChange(false);
  }

  function position() { // 0 to 1, or null when silent
    if (native) return native.currentTime / duration;
    if (!source) return null;
    const audio = context();
    return (Math.max(audio.currentTime - (audio.outputLatency || 0) - origin, 0) % duration) / duration;
  }

  async function play(bytes, seconds) { // goes on at the same place when another loop sounds
    const from = (position() ?? 0) * seconds, own = ++asked;
    if (shared.stop && shared.stop !== stop) shared.stop();
    channel?.postMessage("playing");
    shared.stop = stop;
    try {
      const audio = context();
      await audio.resume();
      const buffer = await audio.decodeAudioData(bytes.slice().buffer);
      if (own !== asked) return;
      silence();
      source = audio.createBufferSource();
      source.buffer = buffer;
      source.loop = true;
      source.connect(audio.destination);
      origin = audio.currentTime - from;
      source.start(0, from);
    } catch { // this browser cannot decode it here; its own player may
      if (own !== asked) return;
      silence();
      native = new Audio(URL.createObjectURL(new Blob([bytes], { type: "audio/ogg" })));
      native.loop = true;
      native.currentTime = from;
      native.play().catch(stop);
    }
    duration = seconds;
    onChange(true);
  }

  channel?.addEventListener("message", () => { if (source || native) stop(); });
  return { play, stop, position, get on() { return Boolean(source || native); },
    close() { stop(); channel?.close(); } };
}
