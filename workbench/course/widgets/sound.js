// A loop whose sound may change while it plays. Only one clip or loop on a page plays at a time:
// `window.workbenchClips` and the channel are shared with the clips' own player.
function makeSound(onChange) {
  const shared = (window.workbenchClips ??= { ready: new WeakSet(), stop: null, context: null });
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("workbench-clips") : null;
  let layers = [], native = null, origin = 0, duration = 0; // layer: a source and its gain
  let latest = 0; // number of the last request; an older one does not start after its decoding

  function context() {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!shared.context) {
      try { shared.context = new Context({ sampleRate: SOUND_RATE }); }
      catch { shared.context = new Context(); }
    }
    return shared.context;
  }

  function silence() {
    for (const { source, level } of layers) { source.stop(); level.disconnect(); }
    layers = [];
    if (native) { native.pause(); URL.revokeObjectURL(native.src); native = null; }
  }

  function stop() {
    latest += 1;
    silence();
    if (shared.stop === stop) shared.stop = null;
    onChange(false);
  }

  function position() { // 0 to 1, or null when silent
    if (native) return native.currentTime / duration;
    if (!layers.length) return null;
    const audio = context();
    return (Math.max(audio.currentTime - (audio.outputLatency || 0) - origin, 0) % duration) / duration;
  }

  // Continues at the same position when another loop starts. bytes: one sound, or several of one
  // length that sound together, each at its gain.
  async function play(bytes, seconds, gains = []) {
    const from = (position() ?? 0) * seconds, own = ++latest;
    const sounds = Array.isArray(bytes) ? bytes : [bytes];
    if (shared.stop && shared.stop !== stop) shared.stop();
    channel?.postMessage("playing");
    shared.stop = stop;
    try {
      const audio = context();
      await audio.resume();
      const buffers = await Promise.all(
        sounds.map((sound) => audio.decodeAudioData(sound.slice().buffer)));
      if (own !== latest) return;
      silence();
      const at = audio.currentTime + (sounds.length > 1 ? 0.01 : 0); // all begin at one sample
      layers = buffers.map((buffer, i) => {
        const source = audio.createBufferSource(), level = audio.createGain();
        source.buffer = buffer;
        source.loop = true;
        level.gain.value = gains[i] ?? 1;
        source.connect(level).connect(audio.destination);
        source.start(at, from);
        return { source, level };
      });
      origin = at - from;
    } catch (error) { // where Web Audio cannot decode it, the audio element may
      if (own !== latest) return;
      if (sounds.length > 1) throw error; // it plays one sound only
      silence();
      native = new Audio(URL.createObjectURL(new Blob(sounds, { type: "audio/ogg" })));
      native.loop = true;
      native.currentTime = from;
      native.play().catch(stop);
    }
    duration = seconds;
    onChange(true);
  }

  // Clicks of a metronome at times in seconds, from the first one on; the loop stops. Returns the
  // time of a moment on the page's clock in seconds after the first click, and a way to stop.
  async function clicks(times, accents) {
    stop();
    const audio = context();
    await audio.resume();
    const start = audio.currentTime + 0.15;
    const origin = performance.now() + 1000 * (0.15 + (audio.outputLatency || 0));
    const tones = times.map((time, i) => {
      const tone = audio.createOscillator(), gain = audio.createGain();
      tone.frequency.value = accents[i] ? 1760 : 1175;
      gain.gain.setValueAtTime(accents[i] ? 0.35 : 0.2, start + time);
      gain.gain.exponentialRampToValueAtTime(0.001, start + time + 0.05);
      tone.connect(gain).connect(audio.destination);
      tone.start(start + time);
      tone.stop(start + time + 0.06);
      return tone;
    });
    return { at: (moment) => (moment - origin) / 1000, stop() { for (const tone of tones) tone.stop(); } };
  }

  function mixAt(gains) { // while it plays, without a click
    layers.forEach(({ level }, i) => level.gain.setTargetAtTime(gains[i] ?? 1, context().currentTime, 0.02));
  }

  channel?.addEventListener("message", () => { if (layers.length || native) stop(); });
  return { play, mixAt, stop, position, clicks, get on() { return Boolean(layers.length || native); },
    close() { stop(); channel?.close(); } };
}
