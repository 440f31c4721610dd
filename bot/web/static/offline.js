// A form that is filled in where there is no network: answers are kept on the phone while they are
// typed, photos are made small, and what was handed in waits until it can be sent.
"use strict";

const PAGES = "zbt-pages-1";
const SIDE = 1600; // pixels of the longer side of a photo
const KEPT_DAYS = 14;
const form = document.getElementById("offline");
const net = document.getElementById("net");
const key = `zbt:${location.pathname}${location.search}`;

// --- the words on top ---

function say(state, count) {
  net.dataset.state = state;
  net.textContent = (net.dataset[state] || "").replace("{count}", String(count || ""));
}

// --- answers, kept while they are typed ---

function answers() {
  const kept = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "token") kept[name] = value;
  }
  return kept;
}

function remember() {
  try {
    localStorage.setItem(key, JSON.stringify({ at: Date.now(), answers: answers() }));
  } catch {
    say("full");
  }
}

function restore() {
  const found = JSON.parse(localStorage.getItem(key) || "null");
  if (!found || Date.now() - found.at > KEPT_DAYS * 86400000) return false;
  let changed = false;
  for (const [name, value] of Object.entries(found.answers)) {
    const fields = form.elements.namedItem(name);
    if (!fields || fields.type === "hidden" || fields.readOnly) continue;
    if (fields.value !== value) {
      fields.value = value; // a list of radio buttons checks the right one
      changed = true;
    }
  }
  return changed;
}

// --- fields that apply only with some answers ---

function fold() {
  for (const box of form.querySelectorAll("[data-folded-by]")) {
    const chosen = form.elements.namedItem(box.dataset.foldedBy);
    box.hidden = !chosen || !box.dataset.unless.split("|").includes(chosen.value);
  }
}

// --- what waits to be sent: one IndexedDB store ---

function store(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("zbt", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("waiting", { autoIncrement: true });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("waiting", mode);
      const request = work(transaction.objectStore("waiting"));
      transaction.oncomplete = () => { opening.result.close(); resolve(request.result); };
      transaction.onabort = () => reject(transaction.error);
    };
  });
}

async function waiting() {
  const keys = await store("readonly", (s) => s.getAllKeys());
  const values = await store("readonly", (s) => s.getAll());
  return keys.map((id, at) => ({ id, ...values[at] }));
}

// --- photos ---

async function small(file) {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob || file), "image/jpeg", 0.85));
  } catch {
    return file; // the server says what is no photo
  }
}

async function collected() {
  const fields = [];
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") fields.push([name, value]);
    else if (value.size) fields.push([name, await small(value), value.name.replace(/\.[^.]*$/, ".jpg")]);
  }
  return { url: location.pathname + location.search, key, fields, at: Date.now() };
}

// --- sending ---

async function send(entry, token) {
  const body = new FormData();
  for (const [name, value, file] of entry.fields) {
    if (name === "token" && token) body.append(name, token);
    else if (file) body.append(name, value, file);
    else body.append(name, value);
  }
  return fetch(entry.url, { method: "POST", body, credentials: "same-origin" });
}

// What became of it: "done", "wrong" (to be mended on the page), "later" or "expired".
async function deliver(entry) {
  let answer;
  try {
    answer = await send(entry);
    if (answer.status === 403) {
      const token = await freshToken(entry.url);
      if (!token) return ["expired", null];
      answer = await send(entry, token);
    }
  } catch {
    return ["later", null];
  }
  if (answer.status === 403) return ["expired", null];
  if (answer.status >= 500) return ["later", null];
  const html = await answer.text();
  return [answer.headers.get("X-Form") === "done" ? "done" : "wrong", html];
}

async function freshToken(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) return "";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const field = page.querySelector('input[name="token"]');
  return field ? field.value : "";
}

let busy = false;

async function flush() {
  if (busy) return;
  busy = true;
  try {
    for (const entry of await waiting()) {
      say("sending");
      const [state, html] = await deliver(entry);
      if (state === "later" || state === "expired") {
        say(state === "expired" ? "expired" : "queued", (await waiting()).length);
        return;
      }
      await store("readwrite", (s) => s.delete(entry.id));
      if (state === "done") forget(entry);
      if (entry.key === key) show(html, state);
      else if (state === "done") say("sent");
    }
    const left = (await waiting()).length;
    if (left) say("queued", left);
  } finally {
    busy = false;
  }
}

function forget(entry) {
  localStorage.removeItem(entry.key);
  if ("caches" in window) caches.open(PAGES).then((cache) => cache.delete(entry.url));
}

function show(html, state) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const main = page.querySelector("main");
  if (state === "done") {
    document.querySelector("main").replaceChildren(...main.childNodes);
    window.scrollTo(0, 0);
    return;
  }
  const fresh = page.getElementById("offline");
  if (!fresh) {
    document.querySelector("main").replaceChildren(...main.childNodes);
    return;
  }
  form.replaceChildren(...fresh.childNodes);
  fold();
  const wrong = form.querySelector(".wrong, .doubt");
  if (wrong) wrong.scrollIntoView({ block: "center" });
  say("online");
}

// --- beginning ---

form.addEventListener("input", () => { fold(); remember(); });
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector('button[type="submit"]');
  button.disabled = true;
  try {
    const entry = await collected();
    await store("readwrite", (s) => s.add(entry));
    if (navigator.onLine) await flush();
    else say("queued", (await waiting()).length);
  } catch {
    say("full");
  } finally {
    button.disabled = false;
  }
});
window.addEventListener("online", () => { say("online"); flush(); });
window.addEventListener("offline", () => say("offline"));

async function keepPage() {
  await navigator.serviceWorker.register("/sw.js");
  await navigator.serviceWorker.ready;
  await (await caches.open(PAGES)).add(location.pathname + location.search);
}

const restored = restore();
fold();
say(navigator.onLine ? (restored ? "restored" : "online") : "offline");
if ("serviceWorker" in navigator && navigator.onLine) keepPage().catch(() => {});
if (navigator.onLine) flush();
