// A prediction: radio buttons for the choices and for the confidence, and a button that keeps both.
export default widget("wb-prediction", "Prediction", ({ model, listen, root }) => {
  const choices = model.get("choices"), levels = model.get("confidences");
  const own = `wb-${Math.random().toString(36).slice(2)}`; // radio buttons of one view share a name
  const radio = (group, value, label) => {
    const input = h("input", { type: "radio", name: `${own}-${group}`, value, onchange: () => mark() });
    const note = h("span", { class: "wb-note" });
    return { input, note, line: h("label", {}, input, h("span", {}, label), note) };
  };
  const answers = choices.map((text, place) => radio("choice", place, text));
  const sure = levels.map((percent, place) =>
    radio("sure", percent, place ? `${percent} %` : `a guess (${percent} %)`));
  const keep = h("button", { type: "button", class: "wb-go", onclick: () => send() }, "Predict");
  const chosen = (radios) => radios.find(({ input }) => input.checked)?.input.value;

  function send() {
    const choice = chosen(answers), confidence = chosen(sure);
    if (choice !== undefined && confidence !== undefined)
      model.send({ do: "predict", choice: Number(choice), confidence: Number(confidence) });
  }

  function mark() {
    const decided = model.get("right") >= 0;
    for (const { input } of [...answers, ...sure]) input.disabled = decided;
    keep.disabled = decided || chosen(answers) === undefined || chosen(sure) === undefined;
    keep.textContent = model.get("choice") >= 0 ? "Change my prediction" : "Predict";
    answers.forEach(({ note, line }, place) => {
      const right = model.get("right") === place;
      note.textContent = right ? "✓ what the run gave" : "";
      line.classList.toggle("wb-right", right);
    });
  }

  root.append(
    h("fieldset", {}, h("legend", {}, `Your prediction (${model.get("number")})`),
      ...answers.map(({ line }) => line)),
    h("fieldset", { class: "wb-sure" }, h("legend", {}, "How sure are you?"),
      ...sure.map(({ line }) => line)),
    h("div", { class: "wb-bar" }, keep), sayLine(model, listen));
  listen.on("change:choice change:confidence change:right", () => {
    if (model.get("choice") >= 0) {
      answers[model.get("choice")].input.checked = true;
      const level = sure.find(({ input }) => Number(input.value) === model.get("confidence"));
      if (level) level.input.checked = true;
    }
    mark();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input[type=radio]")) send();
  });
});
