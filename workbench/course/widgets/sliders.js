// The figure under ipywidgets' sliders. It names their handles for screen readers: the label, and the
// value as the slider shows it.
export default widget("wb-figure-box", "Figure", ({ model, listen, root }) => {
  const picture = h("div", { class: "wb-drawn" });
  root.append(picture, sayLine(model, listen));
  listen.on("change:page", () => { picture.innerHTML = model.get("page"); });

  const watch = new MutationObserver(() => name());
  function name() {
    const sliders = root.closest(".wb-explore")?.querySelectorAll(".widget-hslider") ?? [];
    for (const slider of sliders) {
      const handle = slider.querySelector(".noUi-handle"), value = slider.querySelector(".widget-readout");
      if (!handle || !value) continue;
      const label = slider.querySelector(".widget-label")?.textContent ?? "";
      if (handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
      if (handle.getAttribute("aria-valuetext") !== value.textContent)
        handle.setAttribute("aria-valuetext", value.textContent);
    }
    return sliders.length;
  }
  let tries = 0; // the sliders' views may come later than this one
  const timer = setInterval(() => {
    const found = name();
    if (!found && (tries += 1) < 50) return;
    clearInterval(timer);
    if (found) watch.observe(root.closest(".wb-explore"), { subtree: true, childList: true,
      characterData: true, attributes: true, attributeFilter: ["aria-valuetext"] });
  }, 100);
  return () => { clearInterval(timer); watch.disconnect(); };
});
