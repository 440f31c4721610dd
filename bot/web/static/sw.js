// Keeps the pages that work without a network, and what they are dressed in. Nothing else.
"use strict";

const PAGES = "zbt-pages-1";
const DRESS = "zbt-dress-1";
const STYLES = ["site", "forms", "tables", "boards"].map((name) => `/static/${name}.css`);
const FILES = [...STYLES, "/static/mark.svg", "/static/offline.js"];
const PATIENCE = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(DRESS).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const keep = (names) => names.filter((name) => name !== PAGES && name !== DRESS);
  const drop = caches.keys().then((names) => Promise.all(keep(names).map((name) => caches.delete(name))));
  event.waitUntil(drop.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (FILES.includes(url.pathname)) event.respondWith(dress(request));
  else if (request.mode === "navigate" && url.pathname.startsWith("/form/")) event.respondWith(page(request));
});

// What pages are dressed in: the network first, so that a new version is seen at once.
async function dress(request) {
  const cache = await caches.open(DRESS);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(request, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw error;
  }
}

// A page: from the network if it answers in time, else the copy that the page itself has kept.
async function page(request) {
  const kept = await (await caches.open(PAGES)).match(request.url);
  if (!kept) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, null));
  try {
    return (await Promise.race([fetch(request), late])) || kept;
  } catch {
    return kept;
  }
}
