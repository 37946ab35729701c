// A listening test in one page: plays clips, stores the answers and submits them.
// Every click stores the answers in localStorage; with a server they are also sent there.
(() => {
  "use strict";
  const test = JSON.parse(document.getElementById("test").textContent);
  const trials = new Map(test.trials.map((trial) => [trial.name, trial]));
  const server = document.body.dataset.server; // "" where the page is a file
  const SHELF = `workbench-listening-${test.test}`;
  const FORMAT = "workbench listening answers 1";
  const find = (selector) => document.querySelector(selector);
  const say = (text) => { find("#say").textContent = text; };

  // ------------------------------------------------------------ storage
  let keeps = true;
  function shelf() {
    try { return JSON.parse(localStorage.getItem(SHELF)) || {}; }
    catch { return {}; } // storage is disabled, or holds other data
  }
  function keep() {
    try { localStorage.setItem(SHELF, JSON.stringify({ ...shelf(), [state.token]: state })); }
    catch { keeps = false; }
  }
  let state = null; // one rater: {rater, token, started, order, swapped, at, answers, unsent, finished}

  // ------------------------------------------------------------ chance
  const random = () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;
  const hex = () => [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  function shuffled(list) {
    const made = [...list];
    for (let i = made.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [made[i], made[j]] = [made[j], made[i]];
    }
    return made;
  }

  /** Practice first, the check about half-way, the rest shuffled: as far as possible, a prompt does
   *  not occur twice in a row, and the same clips are far apart. */
  function drawOrder() {
    const of = (kind) => test.trials.filter((trial) => trial.kind === kind);
    const same = (a, b) => a.clips.every((clip) => b.clips.includes(clip));
    let best = null, fewest = Infinity;
    for (let i = 0; i < 300 && fewest > 0; i++) {
      const order = shuffled(of("test"));
      let faults = 0;
      order.forEach((trial, at) => {
        if (at && order[at - 1].prompt === trial.prompt) faults += 1;
        const near = order.slice(Math.max(0, at - Math.floor(order.length / 3)), at);
        if (near.some((other) => same(trial, other))) faults += 10;
      });
      if (faults < fewest) [best, fewest] = [order, faults];
    }
    best.splice(Math.floor(best.length / 2), 0, ...of("check"));
    return [...of("practice"), ...best].map((trial) => trial.name);
  }

  // ------------------------------------------------------------ a trial's questions
  function questions(trial) {
    if (trial.kind === "check") {
      return [{ name: "tones", question: "How many tones do you hear?", choices: numbered(test.points) }];
    }
    if (test.design === "ab") {
      const [first, second] = state.swapped[trial.name] ? [1, 0] : [0, 1];
      return [{ name: "preference", question: test.question,
                choices: [{ value: first, label: "A" }, { value: second, label: "B" }] }];
    }
    return test.scales.map((scale) => ({ ...scale, choices: numbered(test.points) }));
  }
  const numbered = (points) =>
    Array.from({ length: points }, (_, i) => ({ value: i + 1, label: String(i + 1) }));
  const answerOf = (name) => (state.answers[name] ??= { values: {}, heard: [], seconds: 0 });
  const done = (name) =>
    questions(trials.get(name)).every((q) => q.name in (state.answers[name]?.values ?? {}));

  /** One row per answer, as in files and on the server. */
  function rows(names = state.order) {
    return names.flatMap((name) => Object.entries(state.answers[name]?.values ?? {}).map(
      ([scale, value]) => ({
        trial: name, scale, value, place: state.order.indexOf(name),
        seconds: Math.round(state.answers[name].seconds * 10) / 10,
        swapped: Boolean(state.swapped[name]),
      })));
  }
  const record = (names) => ({
    format: FORMAT, test: test.test, rater: state.rater, token: state.token,
    started: state.started, saved: new Date().toISOString(), finished: state.finished, answers: rows(names),
  });

  // ------------------------------------------------------------ sound
  const urls = new Map();
  function urlOf(clip) {
    if (!urls.has(clip)) {
      const bytes = Uint8Array.from(atob(test.sounds[clip]), (c) => c.charCodeAt(0));
      urls.set(clip, URL.createObjectURL(new Blob([bytes], { type: "audio/mpeg" })));
    }
    return urls.get(clip);
  }
  let players = [];
  function player(clip, index, letter, name) {
    const root = document.createElement("div");
    root.className = "player";
    const button = document.createElement("button");
    const bar = document.createElement("progress");
    const heard = document.createElement("span");
    const audio = new Audio(urlOf(clip));
    const label = letter ? `clip ${letter}` : "the clip";
    button.type = "button";
    button.className = "play";
    bar.max = 1; bar.value = 0;
    bar.setAttribute("aria-label", `Position in ${label}`);
    heard.className = "heard";
    const show = () => {
      button.textContent = `${audio.paused ? "▶ Play" : "❚❚ Pause"} ${label}`;
      heard.textContent = answerOf(name).heard[index] ? "✓ played" : "not played yet";
    };
    button.addEventListener("click", () => {
      if (!audio.paused) return audio.pause();
      for (const other of players) if (other !== audio) other.pause();
      audio.play().catch(() => say(`${label} cannot be played by this browser. ` +
        "Try another browser, or skip it with “Next”."));
    });
    for (const event of ["play", "pause"]) audio.addEventListener(event, show);
    audio.addEventListener("timeupdate", () => { bar.value = audio.currentTime / (audio.duration || 1); });
    const wasHeard = (how) => { answerOf(name).heard[index] = how; keep(); show(); };
    audio.addEventListener("ended", () => { bar.value = 1; wasHeard(true); });
    audio.addEventListener("error", () => wasHeard("unplayable"));
    root.append(button, bar, heard);
    players.push(audio);
    show();
    return root;
  }

  // ------------------------------------------------------------ the views
  function view(name) {
    for (const id of ["welcome", "trial", "end"]) find(`#${id}`).hidden = id !== name;
  }
  const silence = () => { for (const audio of players) audio.pause(); };

  function welcome() {
    view("welcome");
    const list = find("#resume");
    list.replaceChildren();
    for (const kept of Object.values(shelf())) {
      const button = document.createElement("button");
      button.type = "button";
      const count = kept.order.filter((name) => name in kept.answers).length;
      button.textContent = kept.finished
        ? `${kept.rater}: finished; review or download again`
        : `Continue as ${kept.rater} (${count} of ${kept.order.length} started)`;
      button.addEventListener("click", () => {
        state = kept;
        state.finished ? end() : showTrial();
        send();
      });
      const item = document.createElement("li");
      item.append(button);
      list.append(item);
    }
    find("#again").hidden = !list.children.length;
  }

  async function begin(event) {
    event.preventDefault();
    const rater = find("#name").value.trim().replace(/\s+/g, " ");
    if (!rater) { say("Enter a name first; it can be any name that nobody else uses."); find("#name").focus(); return; }
    const order = drawOrder();
    const fresh = {
      rater, token: hex(), started: new Date().toISOString(), order, at: 0, answers: {},
      swapped: Object.fromEntries(order.map((name) => [name, random() < 0.5])),
      unsent: [], finished: false,
    };
    if (server) {
      try {
        const reply = await post("join", { test: test.test, rater, token: fresh.token });
        if (!reply.ok) { say(await reply.text()); find("#name").focus(); return; }
      } catch { say("The server does not respond. Wait a moment and try again."); return; }
    }
    state = fresh;
    keep();
    say(keeps ? "" : "This browser stores nothing: do not close or reload this page, and download your answers at the end.");
    showTrial();
  }

  let since = 0;
  function clockIn() { // seconds spent on a trial, over all visits
    if (state && since) answerOf(state.order[state.at]).seconds += (performance.now() - since) / 1000;
    since = performance.now();
  }

  function showTrial() {
    view("trial");
    silence();
    players = [];
    since = performance.now();
    const name = state.order[state.at], trial = trials.get(name), box = find("#box");
    const kinds = { practice: "Practice, not counted", check: "A short check", test: "" };
    find("#where").textContent = `${state.at + 1} of ${state.order.length}` +
      (kinds[trial.kind] ? ` · ${kinds[trial.kind]}` : "");
    find("#how-far").max = state.order.length;
    find("#how-far").value = state.at;
    box.replaceChildren();
    if (trial.prompt) {
      const words = document.createElement("p");
      words.className = "words";
      words.append("Prompt: ", Object.assign(document.createElement("q"), { textContent: trial.prompt }));
      box.append(words);
    }
    const two = trial.clips.length > 1;
    const order = two && state.swapped[name] ? [1, 0] : trial.clips.map((_, i) => i);
    order.forEach((index, place) => {
      box.append(player(trial.clips[index], index, two ? "AB"[place] : "", name));
    });
    for (const question of questions(trial)) box.append(field(question, name));
    find("#back").disabled = state.at === 0;
    find("#next").textContent = state.at + 1 < state.order.length ? "Next" : "Finish";
    find("#where").focus();
  }

  function field(question, name) {
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = question.question;
    set.dataset.scale = question.name;
    set.append(legend);
    const ends = [question.low, question.high];
    const row = document.createElement("div");
    row.className = "choices";
    if (ends[0]) row.append(Object.assign(document.createElement("span"), { textContent: ends[0] }));
    for (const choice of question.choices) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: question.name, value: choice.value });
      input.checked = answerOf(name).values[question.name] === choice.value;
      const end = choice.value === 1 ? ends[0] : choice.value === test.points ? ends[1] : "";
      if (end) input.setAttribute("aria-label", `${choice.label}, ${end}`);
      input.addEventListener("change", () => {
        answerOf(name).values[question.name] = choice.value;
        keep();
        say("");
      });
      label.append(input, choice.label);
      row.append(label);
    }
    if (ends[1]) row.append(Object.assign(document.createElement("span"), { textContent: ends[1] }));
    set.addEventListener("keydown", (event) => { // a digit rates, while one of its points has focus
      const hit = set.querySelector(`input[value="${CSS.escape(event.key)}"]`);
      if (!hit || event.ctrlKey || event.metaKey || event.altKey) return;
      hit.click();
      hit.focus();
    });
    set.append(row);
    return set;
  }

  function next(event) {
    event.preventDefault();
    const name = state.order[state.at], answer = answerOf(name);
    const unheard = trials.get(name).clips.findIndex((_, i) => !answer.heard[i]);
    const unplayable = answer.heard.includes("unplayable");
    if (unheard >= 0 && !unplayable) {
      say("Listen to the end first: play the clips that are not played yet.");
      find(".play").focus();
      return;
    }
    const open = [...document.querySelectorAll("#box fieldset")].find((set) => !set.querySelector(":checked"));
    if (open && !unplayable) {
      say(`Not answered yet: ${open.querySelector("legend").textContent}`);
      open.querySelector("input").focus();
      return;
    }
    say("");
    leave();
    if (state.at + 1 < state.order.length) { state.at += 1; keep(); showTrial(); }
    else { state.finished = true; keep(); end(); }
    send();
  }

  function leave() {
    clockIn();
    const name = state.order[state.at];
    if (server) {
      if (!state.unsent.includes(name)) state.unsent.push(name);
      find("#sent").textContent = "Sending…";
    }
    keep();
  }

  function back() { leave(); state.at -= 1; keep(); showTrial(); send(); }

  function end() {
    view("end");
    silence();
    since = 0;
    const missing = state.order.filter((name) => !done(name)).length;
    find("#thanks").textContent = `Thank you, ${state.rater}. ` +
      (missing ? `${missing} of ${state.order.length} trials have no answer.` : "All trials are answered.");
    find("#hand-in").textContent = server ? "" : "Download your answers and send the file to your instructor.";
    find("#end h2").focus();
  }

  // ------------------------------------------------------------ handing over
  function download() {
    const file = new Blob([JSON.stringify(record(), null, 1)], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `answers-${test.test}-${state.rater.replace(/[^\p{L}\p{N}]+/gu, "-")}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`Saved as ${link.download}.`);
  }

  const post = (where, what) => fetch(`${server}/${where}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what),
  });

  let sending = false;
  async function send() { // answers that could not be sent are sent with the next ones
    if (!server || !state || sending || !(state.unsent.length || state.finished)) return;
    sending = true;
    const mine = state, sent = new Map(mine.unsent.map((name) => [name, JSON.stringify(mine.answers[name])]));
    let trouble = "";
    try {
      const reply = await post("answers", record([...sent.keys()]));
      if (reply.ok) { // answers that changed meanwhile are sent again
        mine.unsent = mine.unsent.filter((name) => sent.get(name) !== JSON.stringify(mine.answers[name]));
        keep();
      } else trouble = await reply.text();
    } catch { trouble = "The server does not respond; your answers are stored here and sent later."; }
    sending = false;
    find("#sent").textContent = trouble || (mine.unsent.length ? "Sending…" : "All your answers were received.");
    if (trouble) say(trouble);
    if (mine.unsent.length) setTimeout(send, trouble ? 3000 : 0);
  }

  find("#begin").addEventListener("submit", begin);
  find("#trial").addEventListener("submit", next);
  find("#back").addEventListener("click", back);
  find("#save").addEventListener("click", download);
  find("#download").addEventListener("click", download);
  find("#change").addEventListener("click", () => { state.finished = false; keep(); showTrial(); });
  find("#others").addEventListener("click", () => { state = null; find("#name").value = ""; say(""); welcome(); });
  window.addEventListener("pagehide", () => { if (state && !state.finished) { clockIn(); keep(); } });
  welcome();
})();
