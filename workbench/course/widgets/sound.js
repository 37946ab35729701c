// A loop whose sound may change while it plays. Only one clip or loop on a page plays at a time:
// `window.workbenchClips` and the channel are shared with the clips' own player.
function makeSound(onChange) {
  const shared = (window.workbenchClips ??= { ready: new WeakSet(), stop: null, context: null });
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("workbench-clips") : null;
  let source = null, native = null, origin = 0, duration = 0;
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
    if (source) { source.stop(); source.disconnect(); source = null; }
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
    if (!source) return null;
    const audio = context();
    return (Math.max(audio.currentTime - (audio.outputLatency || 0) - origin, 0) % duration) / duration;
  }

  async function play(bytes, seconds) { // continues at the same position when another loop starts
    const from = (position() ?? 0) * seconds, own = ++latest;
    if (shared.stop && shared.stop !== stop) shared.stop();
    channel?.postMessage("playing");
    shared.stop = stop;
    try {
      const audio = context();
      await audio.resume();
      const buffer = await audio.decodeAudioData(bytes.slice().buffer);
      if (own !== latest) return;
      silence();
      source = audio.createBufferSource();
      source.buffer = buffer;
      source.loop = true;
      source.connect(audio.destination);
      origin = audio.currentTime - from;
      source.start(0, from);
    } catch { // where Web Audio cannot decode it, the audio element may
      if (own !== latest) return;
      silence();
      native = new Audio(URL.createObjectURL(new Blob([bytes], { type: "audio/ogg" })));
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

  channel?.addEventListener("message", () => { if (source || native) stop(); });
  return { play, stop, position, clicks, get on() { return Boolean(source || native); },
    close() { stop(); channel?.close(); } };
}
