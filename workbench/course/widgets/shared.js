// Shared by the widgets: elements, the frame, the connection, undo, files.
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Wraps `build` in the frame that all widgets share: label, keys, the message that the kernel has
// stopped, clean-up. build({ model, listen, root }) may return a function that cleans up.
function widget(name, label, build) {
  return { async render({ model, el }) {
    // without a kernel, in a page or a notebook, the static copy beside it is shown instead
    if (!await isLive(model)) return;
    const listen = listener(model);
    const still = `.wb-fallback[data-of="${model.get("key")}"] { display: none !important; }`;
    const root = h("div", { class: `wb-box ${name}`, role: "group", "aria-label": label },
      h("style", {}, still));
    wireClips(root); // marks elements whose keys are not for the notebook's shortcuts
    root.addEventListener("keydown", (event) => {
      if (root.hasAttribute("data-lm-suppress-shortcuts")) event.stopPropagation();
    });
    el.append(root);
    const link = connect(model, listen, root);
    const end = build({ model: link, listen, root });
    return () => { end?.(); link.end(); listen.off(); };
  } };
}

const GONE = "The kernel was restarted: run this cell again.";
const BUSY = "The kernel is busy with another cell. The widget responds when that cell has finished.";
const SLOW = "No response yet. Either the kernel is busy with another cell, or it was restarted; then "
  + "run this cell again.";
const PATIENCE = 1500; // milliseconds
const ENDED = ["restarting", "autorestarting", "terminating", "dead"]; // a kernel's status

// Whether the kernel that made the widget still runs. Only the full model knows.
async function isLive(model) {
  try {
    return (await model.widget_manager.get_model(model.get("key"))).comm_live !== false;
  } catch {
    return true; // a front end with another manager: its answers to messages will show
  }
}

// The model, with every message acknowledged: the kernel answers at once, or the widget shows why not.
// JupyterLab and Notebook report the kernel's status themselves.
function connect(model, listen, root) {
  const manager = model.widget_manager, session = manager?.context?.sessionContext;
  const line = h("p", { class: "wb-gone", role: "alert", hidden: true });
  let sent = 0, timer = 0, gone = false;
  root.prepend(line);
  const tell = (text) => {
    if (line.textContent !== text) line.textContent = text;
    line.hidden = !text;
    root.classList.toggle("wb-is-gone", gone);
  };
  const lose = () => {
    clearTimeout(timer);
    gone = true;
    tell(GONE);
  };
  const look = async () => { if (!await isLive(model)) lose(); };
  const signals = [
    [(session ?? manager?.kernel)?.statusChanged, (_, now) => { if (ENDED.includes(now)) lose(); }],
    [session?.kernelChanged, lose], // another kernel, or none
  ].filter(([signal]) => signal);
  for (const [signal, action] of signals) signal.connect(action);
  model.on("comm_live_update", look);
  listen.message((message) => {
    if (message?.is !== "received" || message.ping !== sent) return;
    clearTimeout(timer);
    if (!gone) tell("");
  });
  const late = () => tell(manager?.kernel?.status === "busy" ? BUSY : SLOW);
  return {
    get: (name) => model.get(name),
    set: (name, value) => model.set(name, value),
    save_changes: () => model.save_changes(),
    send(content, callbacks, buffers) {
      if (gone) return tell(GONE);
      sent += 1;
      clearTimeout(timer);
      timer = setTimeout(late, PATIENCE);
      try {
        model.send({ ...content, ping: sent }, callbacks, buffers);
      } catch { // its connection was closed
        lose();
      }
    },
    end() {
      clearTimeout(timer);
      model.off("comm_live_update", look);
      for (const [signal, action] of signals) signal.disconnect(action);
    },
  };
}

// Listeners on the model that go when the view goes.
function listener(model) {
  const all = [];
  return {
    on(names, action) {
      for (const name of names.split(" ")) { model.on(name, action); all.push([name, action]); }
      action();
    },
    message(action) { model.on("msg:custom", action); all.push(["msg:custom", action]); },
    off() { for (const [name, action] of all) model.off(name, action); },
  };
}

function progressBar(model, listen) {
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const stop = h("button", { type: "button", class: "wb-stop",
    onclick: () => model.send({ do: "stop" }) }, "Stop");
  const count = h("span", { class: "wb-count" });
  const row = h("div", { class: "wb-progress", hidden: true }, bar, count, stop);
  listen.on("change:busy change:progress", () => {
    const [step, total] = model.get("progress");
    row.hidden = !model.get("busy");
    bar.max = total || 1;
    bar.value = step;
    count.textContent = `${step} of ${total}`;
  });
  return row;
}

// Undo and Redo, by button and by Ctrl+Z outside of text fields.
function historyButtons(model, listen, root) {
  const button = (what, label) => h("button", { type: "button", class: `wb-${what}`,
    onclick: () => model.send({ do: what }) }, label);
  const undo = button("undo", "Undo"), redo = button("redo", "Redo");
  listen.on("change:undos change:redos change:busy", () => {
    const busy = Boolean(model.get("busy"));
    undo.disabled = busy || !model.get("undos");
    redo.disabled = busy || !model.get("redos");
  });
  root.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
    if (event.target.matches("input:not([type=checkbox], [type=range]), textarea, select")) return;
    event.preventDefault();
    // not by the buttons: they wait until the kernel has confirmed the last change
    if (!model.get("busy")) model.send({ do: key === "y" || event.shiftKey ? "redo" : "undo" });
  });
  return [undo, redo];
}

// A number field. Seeds exceed the integers that JavaScript represents exactly: they are text.
const numberInput = ({ low, high, step }, more = {}) => h("input", high > Number.MAX_SAFE_INTEGER
  ? { type: "text", inputmode: "numeric", autocomplete: "off", ...more }
  : { type: "number", min: low, max: high, step, ...more });

// A field of a form: a number, one of several choices with a blank one before them, or letters. It is
// wide enough for what is shown while it is blank.
function fieldInput(field, more = {}) {
  if (field.choices.length) {
    return h("select", more, ...["", ...field.choices].map((name) =>
      h("option", { value: name }, name || field.blank)));
  }
  const hint = { ...more, placeholder: field.blank,
    style: `min-width: calc(${field.blank.length}ch + 52px)` };
  return field.letters ? h("input", { type: "text", autocomplete: "off", ...hint })
    : numberInput(field, hint);
}

function sayLine(model, listen) {
  const line = h("p", { class: "wb-say", role: "status", "aria-live": "polite" });
  listen.on("change:say", () => { line.textContent = model.get("say"); });
  return line;
}

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset ?? 0, view.byteLength);

function saveFile(name, view) {
  const url = URL.createObjectURL(new Blob([bytesOf(view)]));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
