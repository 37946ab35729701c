// The prompt box: prompt, chips of words, settings, Generate, progress, advice and takes.
const letters = /[\p{L}\p{N}]/u;

function findWord(text, word) { // start of a whole-word match, whatever its case, or -1
  const lower = text.toLowerCase();
  word = word.toLowerCase();
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) {
    const before = text[at - 1] ?? " ", after = text[at + word.length] ?? " ";
    if (!letters.test(before) && !letters.test(after)) return at;
  }
  return -1;
}

function toggleWord(text, word) {
  const at = findWord(text, word);
  if (at < 0) return text.trim() ? `${text.trimEnd().replace(/,$/, "")}, ${word}` : word;
  const before = text.slice(0, at).replace(/[,\s]+$/, "");
  const after = text.slice(at + word.length).replace(/^[,\s]+/, "");
  const joined = /^\s*,/.test(text.slice(at + word.length)) || /,\s*$/.test(text.slice(0, at));
  return before && after ? before + (joined ? ", " : " ") + after : before + after;
}

function makeChips(model, input, changed) {
  const chips = [];
  const groups = Object.entries(model.get("chips")).filter(([, words]) => words.length)
    .map(([name, words]) => h("div", { class: "wb-chips", role: "group", "aria-label": name },
      h("span", { class: "wb-chips-name", "aria-hidden": "true" }, name),
      ...words.map((word) => {
        const chip = h("button", { type: "button", class: "wb-chip", "aria-pressed": "false",
          onclick: () => { input.value = toggleWord(input.value, word); changed(); } }, word);
        chips.push([chip, word]);
        return chip;
      })));
  const update = () => {
    for (const [chip, word] of chips)
      chip.setAttribute("aria-pressed", String(findWord(input.value, word) >= 0));
  };
  return { groups, update };
}

function makeFields(model, listen) {
  const inputs = new Map();
  const row = h("div", { class: "wb-fields" }, ...model.get("limits").map((field) => {
    const input = fieldInput(field, { "data-name": field.name });
    inputs.set(field.name, input);
    return h("label", {}, h("span", {}, field.label), input);
  }));
  listen.on("change:settings", () => {
    for (const [name, value] of Object.entries(model.get("settings")))
      if (inputs.has(name) && document.activeElement !== inputs.get(name))
        inputs.get(name).value = value ?? "";
  });
  listen.on("change:wrong", () => {
    for (const [name, input] of inputs)
      input.setAttribute("aria-invalid", String(name in model.get("wrong")));
  });
  // an invalid number field has an empty value; "?" makes the kernel report it
  const values = () => Object.fromEntries([...inputs].map(
    ([name, input]) => [name, input.validity.badInput ? "?" : input.value]));
  return { row, inputs, values };
}

export default widget("wb-prompt-box", "Prompt box", ({ model, listen, root }) => {
  const input = h("input", { type: "text", class: "wb-prompt", autocomplete: "off",
    spellcheck: "false", placeholder: model.get("example") });
  const go = h("button", { type: "submit", class: "wb-go" }, "Generate");
  let timer = 0;
  const changed = () => {
    chips.update();
    clearTimeout(timer);
    timer = setTimeout(() => model.send({ do: "explain", prompt: input.value,
      settings: fields.values() }), 350);
  };
  const chips = makeChips(model, input, changed);
  const fields = makeFields(model, listen);
  const dice = h("button", { type: "button", class: "wb-dice", onclick: () => {
    fields.inputs.get("seed").value = Math.floor(Math.random() * 100000);
  } }, "New seed");
  fields.row.append(dice);
  input.addEventListener("input", changed);
  for (const name of ["bars", "meter"]) fields.inputs.get(name)?.addEventListener("input", changed);

  const generate = (event) => {
    event.preventDefault();
    if (model.get("busy")) return;
    clearTimeout(timer);
    model.send({ do: "generate", prompt: input.value, settings: fields.values() });
  };
  const advice = h("ul", { class: "wb-advice", "aria-live": "polite", "aria-label": "Advice" });
  const form = h("form", { novalidate: true, onsubmit: generate },
    h("label", { class: "wb-prompt-label" }, h("span", {}, model.get("label")), input),
    ...chips.groups, fields.row,
    h("div", { class: "wb-bar" }, go, ...historyButtons(model, listen, root)));
  root.append(form, advice, progressBar(model, listen), sayLine(model, listen),
    makeCards(model, listen));

  listen.on("change:prompt", () => {
    if (document.activeElement !== input) input.value = model.get("prompt");
    chips.update();
  });
  listen.on("change:advice", () => {
    advice.replaceChildren(...model.get("advice").map((text) => h("li", {}, text)));
  });
  listen.on("change:busy", () => { go.disabled = Boolean(model.get("busy")); });
  return () => { clearTimeout(timer); };
});
