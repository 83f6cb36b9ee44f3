"use strict";
// Brings the parts marked data-live up to date without moving the page, and sends forms in place.
// Without this script everything works by loading pages.

const EVERY_MS = 2000;

async function refresh() {
  const response = await fetch(location.pathname, { cache: "no-store" });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next && next.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
      part.innerHTML = next.innerHTML;
    }
  }
  markRead();
}

function refreshPictures() {
  for (const picture of document.querySelectorAll("img[data-picture]")) {
    const box = picture.getBoundingClientRect();
    if (box.bottom < 0 || box.top > innerHeight || !picture.complete) continue;
    picture.src = picture.src.split("?")[0] + "?t=" + Date.now();
  }
}

function markRead() {
  const form = document.querySelector("form[data-mark-read]");
  if (form && document.visibilityState === "visible") {
    fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  }
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  event.submitter?.blur();
  await fetch(event.target.action, { method: "POST", body });
  await refresh();
  refreshPictures();
});

markRead();
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  refresh().catch(() => {});
  refreshPictures();
}, EVERY_MS);
