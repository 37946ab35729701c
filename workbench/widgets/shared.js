// What the widgets share: making elements, keys, files.
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

// A notebook's own shortcuts must not take the keys that are typed in a widget.
function begin(el, name, label) {
  const root = h("div", { class: `wb-box ${name}`, role: "group", "aria-label": label,
    "data-lm-suppress-shortcuts": "true" });
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);
  return root;
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
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Steps drawn" });
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
