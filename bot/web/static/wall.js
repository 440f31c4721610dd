// The wall on a screen: one group of tiles at a time, fresh figures every minute. Without this
// script the page shows all groups one below the other and reloads itself.
"use strict";

const SLIDE = 15000;
const FRESH = 60000;
const slides = document.querySelector(".slides");
const hold = document.querySelector("[data-hold]");
let at = 0;
let held = false;

function sections() {
  return [...slides.children];
}

// The tiles of a group fill the screen: as many columns as make them largest.
function fit(section) {
  const wall = section.querySelector(".wall");
  if (!wall || innerWidth <= 640) return;
  for (let columns = 3; columns <= 24; columns += 1) {
    wall.dataset.columns = columns;
    if (slides.scrollHeight <= slides.clientHeight) break;
  }
}

function show(index) {
  const all = sections();
  if (!all.length) return;
  at = (index + all.length) % all.length;
  all.forEach((section, number) => { section.hidden = number !== at; });
  fit(all[at]);
  document.querySelector("[data-place]").textContent = all.length > 1 ? `${at + 1} / ${all.length}` : "";
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "wall" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const name of [".slides", ".bar", "[data-note]"]) {
      const fresh = page.querySelector(name);
      if (fresh) document.querySelector(name).replaceChildren(...fresh.childNodes);
    }
    show(at);
  } catch {
    // The network is away: the last figures stay, and the next minute tries again.
  }
}

function turn(step) {
  show(at + step);
}

hold.hidden = false;
hold.addEventListener("click", () => {
  held = !held;
  hold.setAttribute("aria-pressed", String(held));
});
addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight") turn(1);
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "Escape") location.href = document.querySelector("[data-back]").href;
});
addEventListener("resize", () => show(at));
setInterval(() => { if (!held) turn(1); }, SLIDE);
setInterval(refresh, FRESH);
show(0);
