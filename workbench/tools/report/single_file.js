// Opens the executed notebooks that are packed in this file, in a frame over the index. The address
// selects what is shown: #lesson=NAME, #lesson=NAME&PLACE, or anything else for the index.
(() => {
  const packed = new Map();
  for (const node of document.querySelectorAll("script[data-lesson]")) packed.set(node.dataset.lesson, node);
  const names = [...packed.keys()];
  const plotly = document.querySelector("script[data-plotly]");
  const index = document.querySelectorAll("body > header, body > main, body > footer, body > .skip");
  const title = document.title;
  const box = document.createElement("section");
  box.id = "lesson";
  box.hidden = true;
  box.setAttribute("aria-label", "Executed notebook");
  document.body.append(box);
  let open = null;
  let scrolled = 0;

  async function unpack(node) {
    const bytes = Uint8Array.from(atob(node.textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  function link(text, target) {
    const made = document.createElement("a");
    made.href = target;
    made.textContent = text;
    return made;
  }

  function bar(name) {
    const nav = document.createElement("nav");
    nav.setAttribute("aria-label", "Lessons");
    const here = document.createElement("strong");
    here.textContent = packed.get(name).dataset.title;
    const section = `nb-${name.split("_")[0]}`; // what lessons link to has none
    nav.append(link("← Report", document.getElementById(section) ? `#${section}` : "#notebooks"), here);
    const at = names.indexOf(name);
    if (at > 0) nav.append(link("Previous", `#lesson=${names[at - 1]}`));
    if (at + 1 < names.length) nav.append(link("Next", `#lesson=${names[at + 1]}`));
    return nav;
  }

  function scroll(frame, place) {
    const page = frame.contentDocument;
    const target = place && page.getElementById(place);
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
    else if (place === "") frame.contentWindow.scrollTo(0, 0);
  }

  async function show() {
    const found = location.hash.match(/^#lesson=([\w/-]+)(?:&(.*))?$/);
    const name = found && packed.has(found[1]) ? found[1] : null;
    const place = name && decodeURIComponent(found[2] || "");
    if (open === null && name !== null) scrolled = window.scrollY;
    for (const part of index) part.inert = name !== null;
    document.documentElement.style.overflow = name === null ? "" : "hidden";
    box.hidden = name === null;
    if (name === null) {
      open = null;
      box.replaceChildren();
      document.title = title;
      const target = document.getElementById(location.hash.slice(1));
      target ? target.scrollIntoView() : window.scrollTo(0, scrolled);
      return;
    }
    document.title = packed.get(name).dataset.title;
    if (open === name) {
      const frame = box.querySelector("iframe");
      if (frame) scroll(frame, place);
      return;
    }
    open = name;
    box.replaceChildren(bar(name));
    let page = "";
    try {
      page = await unpack(packed.get(name));
      const wanted = '<script src="plotly.min.js"></' + "script>";
      if (plotly && page.includes(wanted)) {
        const script = await unpack(plotly);
        page = page.replace(wanted, () => `<script>${script}</` + "script>");
      }
    } catch (error) {
      box.append(`This browser cannot unpack the notebook (${error.message}); a newer one can.`);
      return;
    }
    if (open !== name) return; // another lesson was asked for meanwhile
    const frame = document.createElement("iframe");
    frame.title = packed.get(name).dataset.title;
    frame.addEventListener("load", () => {
      scroll(frame, place);
      frame.focus();
    });
    frame.srcdoc = page;
    box.append(frame);
  }

  window.addEventListener("hashchange", show);
  show();
})();
