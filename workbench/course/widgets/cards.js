// The takes of a prompt box: each a clip's player with its buttons.
function makeCards(model, listen) {
  const list = h("div", { class: "wb-cards", role: "list", "aria-label": "Takes" });
  const shown = new Map();

  function makeCard({ key, title, html, files }) {
    const send = (what, more = {}) => model.send({ do: what, key, ...more });
    const keep = h("button", { type: "button", class: "wb-keep", "aria-pressed": "false",
      "aria-label": `Keep take ${key}`,
      onclick: () => send("keep", { on: keep.getAttribute("aria-pressed") !== "true" }) }, "Keep");
    const vary = h("button", { type: "button", class: "wb-vary", "aria-label": `Vary take ${key}`,
      onclick: () => send("vary") }, "Vary");
    const file = (kind) => h("button", { type: "button", class: `wb-${kind}`,
      "aria-label": `Download take ${key} as .${kind}`,
      onclick: () => send("download", { kind }) }, `↓ .${kind}`);
    const player = h("div");
    player.innerHTML = html;
    const node = h("div", { class: "wb-card", role: "listitem", "data-key": key }, player,
      h("div", { class: "wb-actions", role: "group", "aria-label": title }, keep,
        ...(model.get("can_vary") ? [vary] : []), ...files.map(file)));
    wireClips(player);
    return { node, keep, vary };
  }

  listen.on("change:cards", () => {
    const cards = model.get("cards");
    const keys = new Set(cards.map((card) => card.key));
    for (const [key, { node }] of shown) if (!keys.has(key)) { node.remove(); shown.delete(key); }
    cards.forEach((card, place) => {
      if (!shown.has(card.key)) shown.set(card.key, makeCard(card));
      const { node } = shown.get(card.key);
      if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
    });
  });
  listen.on("change:kept_keys change:busy change:cards", () => {
    const kept = model.get("kept_keys"), busy = Boolean(model.get("busy"));
    for (const [key, { node, keep, vary }] of shown) {
      keep.setAttribute("aria-pressed", String(kept.includes(key)));
      keep.textContent = kept.includes(key) ? "✓ Kept" : "Keep";
      node.classList.toggle("wb-is-kept", kept.includes(key));
      vary.disabled = busy;
    }
  });
  listen.message((message, buffers) => {
    if (message?.is === "file") saveFile(message.name, buffers[0]);
  });
  return list;
}
