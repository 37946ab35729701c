// A quiz: radio buttons for each question, and a button that checks the answer and explains it.
export default widget("wb-quiz", "Quiz", ({ model, listen, root }) => {
  const own = `wb-${Math.random().toString(36).slice(2)}`; // radio buttons of one view share a name
  const views = model.get("questions").map(({ ask, choices }, number) => {
    const rows = choices.map((text, place) => {
      const id = `${own}-${number}-${place}`;
      const input = h("input", { type: "radio", name: `${own}-${number}`, value: place,
        "aria-describedby": id, onchange: () => mark() });
      const mood = h("span", { class: "wb-mood" });
      const why = h("p", { class: "wb-why", id, hidden: true });
      const line = h("div", { class: "wb-choice" }, h("label", {}, input, h("span", {}, text), mood), why);
      return { input, mood, why, line };
    });
    const button = h("button", { type: "button", "aria-label": `Check question ${number + 1}`,
      onclick: () => send(number) }, "Check");
    root.append(h("fieldset", {}, h("legend", {}, `${number + 1}. ${ask}`),
      ...rows.map(({ line }) => line), h("div", { class: "wb-bar" }, button)));
    return { rows, button };
  });
  root.prepend(h("p", { class: "wb-quiz-title" }, `Quiz of lesson ${model.get("lesson")}`));
  const chosen = ({ rows }) => rows.findIndex(({ input }) => input.checked);

  function send(number) {
    const choice = chosen(views[number]);
    if (choice >= 0) model.send({ do: "answer", question: number, choice });
  }

  function mark() {
    model.get("answers").forEach((given, number) => {
      const { rows, button } = views[number];
      const solved = given.some(([, right]) => right);
      for (const [place, right, why] of given) {
        const row = rows[place];
        row.mood.textContent = right ? "✓ right" : "✗ not right";
        row.why.textContent = why;
        row.why.hidden = false;
        row.line.classList.toggle("wb-solved", right);
      }
      for (const { input } of rows) input.disabled = solved;
      button.disabled = solved || chosen(views[number]) < 0;
    });
  }

  root.append(sayLine(model, listen));
  listen.on("change:answers", () => {
    model.get("answers").forEach((given, number) => {
      if (given.length) views[number].rows[given.at(-1)[0]].input.checked = true;
    });
    mark();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input[type=radio]")) return;
    send(views.findIndex(({ rows }) => rows.some(({ input }) => input === event.target)));
  });
});
