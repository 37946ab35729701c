// Filter and search over the entries of a page. An entry is shown if it is of the chosen kind and
// contains every search word; screen readers announce the count.
(() => {
  const form = document.querySelector(".finder");
  if (!form) return;
  const entries = [...document.querySelectorAll(".entry")];
  const counted = new Set(entries.map((entry) => entry.dataset.key));
  const count = form.querySelector("output");

  function show() {
    const kind = form.elements.kind.value;
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const entry of entries) {
      const fits = (!kind || entry.dataset.kind.split(" ").includes(kind))
        && words.every((word) => entry.dataset.words.includes(word));
      entry.hidden = !fits;
      if (fits) shown.add(entry.dataset.key);
    }
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = !group.querySelector(".entry:not([hidden])");
    }
    count.textContent = `${shown.size} of ${counted.size} ${count.dataset.what}`;
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") form.reset();
  });
  form.hidden = false;
  show();
})();
