// A board that follows what happens: its content is fetched anew now and then, unless the reader is
// busy in it or looks elsewhere; the place on the page stays. Without this script the page reloads.
"use strict";

const main = document.getElementById("main");

async function renew() {
  const held = document.activeElement;
  if (document.hidden || (held !== main && main.contains(held))) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  if (fresh) main.replaceChildren(...fresh.childNodes);
}

setInterval(renew, Number(document.currentScript.dataset.seconds) * 1000);
