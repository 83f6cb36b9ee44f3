// The page of reviews: buttons, keys, a closer look, and of the last sights of a thing the clearest.
// What is answered is decided by the page's own part of the server.
(() => {
  "use strict";
  const BLOCKS_ACROSS = 40;
  const FLAT = 10;
  const HARDLY_WORSE = 0.05;
  const MOSTLY = 0.6;
  const MOST_REMEMBERED = 200;
  // A card is drawn anew with each picture of its camera; what was chosen at its spot stays.
  const remembered = new Map();
  let at = 0;

  const cards = () => [...document.querySelectorAll(".review")];
  const pairOf = (card) => card.querySelector(".review-pair");
  const shotsOf = (card) => [...card.querySelectorAll("svg[data-look]")];
  const shownOf = (card) => shotsOf(card).find((shot) => !shot.hasAttribute("hidden"));
  const viewsOf = (card) => pairOf(card).dataset.views.split("|");

  const remember = (card, what) => {
    const { spot } = pairOf(card).dataset;
    const known = remembered.get(spot);
    remembered.delete(spot);
    remembered.set(spot, { ...known, ...what });
    if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value);
  };

  // --- which picture, and how near ------------------------------------------------------------------
  const showLook = (card, sha256) => {
    for (const one of card.querySelectorAll("[data-look]")) one.toggleAttribute("hidden", one.dataset.look !== sha256);
    const image = shownOf(card)?.querySelector("image");
    if (image) image.setAttribute("href", image.dataset.href);
  };
  const showView = (card, number) => {
    const views = viewsOf(card);
    const view = views[Math.min(views.length - 1, Math.max(0, number))];
    for (const shot of pairOf(card).querySelectorAll("svg")) shot.setAttribute("viewBox", view);
    return views.indexOf(view);
  };
  const otherLook = (card, by) => {
    const looks = shotsOf(card).map((shot) => shot.dataset.look);
    const now = looks.indexOf(shownOf(card)?.dataset.look);
    const look = looks[Math.min(looks.length - 1, Math.max(0, now + by))];
    showLook(card, look);
    remember(card, { look });
  };
  const otherView = (card, by) => {
    const views = viewsOf(card);
    const now = views.indexOf(pairOf(card).querySelector("svg").getAttribute("viewBox"));
    remember(card, { view: showView(card, by === 0 ? (now + 1) % views.length : now + by) });
  };

  // --- the clearest: least of its boxes is hidden in blocks, each a fortieth of the width, of one colour -
  const isFlat = (sheet, left, top, side) => {
    const inner = Math.max(1, Math.floor(side / 2));
    const { data } = sheet.getImageData(Math.round(left + side / 4), Math.round(top + side / 4), inner, inner);
    const greens = Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 1]);
    return Math.max(...greens) - Math.min(...greens) < FLAT;
  };
  const hiddenShare = async (shot) => {
    const image = new Image();
    image.src = shot.querySelector("image").dataset.href;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    for (const other of shot.closest(".review-pair").querySelectorAll("svg")) other.style.aspectRatio = `${width} / ${height}`;
    const sheet = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    sheet.drawImage(image, 0, 0);
    const side = width / BLOCKS_ACROSS;
    let [blocks, flat] = [0, 0];
    for (const box of shot.querySelectorAll("rect.box")) {
      const [x, y, w, h] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)) / 100);
      for (let left = Math.floor((x * width) / side) * side; left < (x + w) * width; left += side) {
        for (let top = Math.floor((y * height) / side) * side; top < (y + h) * height; top += side) {
          blocks += 1;
          if (isFlat(sheet, left, top, side)) flat += 1;
        }
      }
    }
    return blocks ? flat / blocks : 1;
  };
  const prepare = async (card) => {
    const pair = pairOf(card);
    if (!pair || pair.dataset.prepared) return;
    pair.dataset.prepared = "yes";
    const known = remembered.get(pair.dataset.spot) ?? {};
    if (known.view) showView(card, known.view);
    const shots = shotsOf(card);
    const looks = shots.map((shot) => shot.dataset.look);
    if (looks.includes(known.look)) showLook(card, known.look);
    const shares = await Promise.all(shots.map((shot) => hiddenShare(shot).catch(() => 1)));
    if (!pair.isConnected || remembered.get(pair.dataset.spot)?.look) return;
    const least = Math.min(...shares);
    card.querySelector(".review-hidden").toggleAttribute("hidden", least < MOSTLY);
    if (least >= MOSTLY && known.view === undefined) showView(card, 1);
    showLook(card, looks[shares.findIndex((share) => share <= least + HARDLY_WORSE)]);
  };

  // --- answers and keys ---------------------------------------------------------------------------
  const step = (by) => {
    const all = cards();
    if (!all.length) return;
    at = Math.min(all.length - 1, Math.max(0, by === 0 ? at : at + by));
    all.forEach((card, index) => card.classList.toggle("is-at", index === at));
    if (by !== 0) all[at].scrollIntoView({ block: "nearest" });
  };
  const send = (button) => {
    const card = button.closest(".review");
    const picture = card ? shownOf(card)?.dataset.look : undefined;
    emitEvent("review", { answer: button.dataset.review, key: button.dataset.key, picture });
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-review]");
    if (button) return send(button);
    const card = event.target.closest(".review");
    const tool = event.target.closest("[data-other], [data-nearer], svg.review-shot");
    if (!card || !tool) return;
    if (tool.dataset.other) otherLook(card, Number(tool.dataset.other));
    else otherView(card, Number(tool.dataset.nearer ?? 0));
  });
  document.addEventListener("keydown", (event) => {
    if (!document.getElementById("reviews") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) return;
    const key = event.key.toLowerCase();
    const card = cards().find((one) => one.classList.contains("is-at"));
    if (key === "j" || key === "k") return step(card ? (key === "j" ? 1 : -1) : 0);
    if (key === "u") emitEvent("review", { answer: "undo", key: "" });
    if (card && key === "z") return otherView(card, 0);
    if (card && (key === "arrowleft" || key === "arrowright")) return otherLook(card, key === "arrowleft" ? 1 : -1);
    const answer = { c: "confirmed", r: "rejected" }[key];
    if (!answer || event.repeat) return;
    const button = card?.querySelector(`[data-review="${answer}"]`);
    if (!button) return step(0);
    send(button);
    setTimeout(() => step(0), 300); // the next one has come into its place
  });

  document.addEventListener("DOMContentLoaded", () => {
    const watch = new MutationObserver(() => cards().forEach(prepare));
    watch.observe(document.body, { childList: true, subtree: true });
    cards().forEach(prepare);
  });
})();
