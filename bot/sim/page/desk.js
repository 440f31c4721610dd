// The client: whose conversations, which one is open, what is typed; redrawn as events come in.

import { bubble, stamp } from "./bubbles.js";
import { deskNow, labelOf, logGrew, moveClock, setClock, showSide, toast, wireClock, wireDialogs, wireGuide, wirePersonas, zoom } from "./panels.js";
import { act, follow, read, upload } from "./server.js";
import { avatar, el, fillWords, listTime, loadWords, t } from "./words.js";

const $ = (selector) => document.querySelector(selector);
const PAGE = 60;
const LARGEST = 20 * 1024 * 1024;
const state = { me: null, places: new Map(), open: "", messages: [], quote: null, drafts: new Map() };

// Who I am

async function become(userid = "") {
  state.me = await read("me", userid ? { persona: userid } : {});
  state.places = new Map(state.me.places.map((place) => [place.key, place]));
  state.drafts.clear();
  const { person } = state.me;
  $("#corp").textContent = state.me.corp;
  $("#me .avatar").replaceWith(avatar("person", person.name));
  $("#me b").textContent = person.name;
  $("#me small").textContent = labelOf(state.me);
  setClock(state.me.clock);
  follow(person.userid, onEvent, onState);
  $("#filter").value = "";
  leave();
  drawPlaces();
}

function onEvent(event) {
  if (event.clock) setClock(event.clock);
  if (event.type === "message") arrived(event.message, event.place);
  if (event.type === "log") logGrew();
  if (event.type === "places") refreshPlaces();
  if (event.type === "lost" && event.place === state.open) note(t("error.lost"));
  if (event.type === "unanswered" && event.userid === state.me.person.userid) toast(t("error.unanswered"));
}

let down = false;
function onState(up) {
  if (!up && !down) toast(t("offline"));
  if (up && down) refreshPlaces().then(() => state.open && open(state.open, true));
  down = !up;
}

async function refreshPlaces() {
  const me = await read("me", { persona: state.me.person.userid });
  state.places = new Map(me.places.map((place) => [place.key, place]));
  drawPlaces();
}

// The list of conversations

// The two robots stay on top, like pinned chats; groups follow, the liveliest first.
const byLife = () => [...state.places.values()].sort((a, b) => a.order - b.order || b.last_number - a.last_number);

let drawing = 0;
/** Redraw soon: a broadcast to 305 groups is many events and one new list. */
function drawPlacesSoon() {
  drawing ||= setTimeout(drawPlaces, 50);
}

function drawPlaces() {
  clearTimeout(drawing);
  drawing = 0;
  const wanted = $("#filter").value.trim().toLowerCase();
  const sorted = byLife();
  const shown = sorted.filter((place) => place.title.toLowerCase().includes(wanted));
  const now = deskNow();
  $("#places").replaceChildren(...shown.map((place) => placeRow(place, now)));
  if (!shown.length) $("#places").append(el("p", { class: "none" }, t("list.none")));
  const unread = sorted.reduce((sum, place) => sum + place.unread, 0);
  document.title = unread ? `(${unread}) ${t("title")}` : t("title");
}

function placeRow(place, now) {
  const badge = place.unread ? el("span", { class: "badge" }, place.unread > 99 ? "99+" : String(place.unread)) : el("span");
  const current = place.key === state.open ? "true" : null;
  return el("button", { type: "button", "data-key": place.key, class: place.order ? null : "pinned", "aria-current": current, onclick: () => open(place.key) },
    avatar(place.spot, place.title), el("span", { class: "title" }, place.title), el("span", { class: "at" }, listTime(place.last_at, now)),
    el("span", { class: "last" }, place.last || noteOf(place)), badge);
}

function noteOf(place) {
  if (place.spot === "group") return t("list.members", { n: place.members });
  return place.spot === "app" ? t("list.app") : t("list.private");
}

// One conversation

async function open(key, again = false) {
  if (state.open && !again) state.drafts.set(state.open, $("#text").value);
  const changed = state.open !== key;
  state.open = key;
  const place = state.places.get(key);
  place.unread = 0;
  drawPlaces();
  const persona = state.me.person.userid;
  const messages = await read("messages", { persona, place: key });
  if (state.open !== key) return;
  state.messages = messages;
  $("#app").dataset.view = "room";
  $("#blank").hidden = true;
  $("#room").hidden = false;
  $("#room-title").textContent = place.title;
  $("#room-note").textContent = place.spot === "group" ? t("list.members", { n: place.members }) : noteOf(place);
  if (changed) prepareInput(place);
  drawLog();
  toBottom();
  if (place.spot === "bot") act("enter", { persona, place: key }).catch(() => {});
}

function leave() {
  state.open = "";
  state.messages = [];
  $("#app").dataset.view = "list";
  $("#room").hidden = true;
  $("#blank").hidden = false;
}

function prepareInput(place) {
  const [bot] = state.me.bot_names;
  $("#mention").hidden = place.spot !== "group" || !place.has_bot;
  $("#add-file").hidden = place.spot !== "bot";
  $("#text").placeholder = place.spot === "group" ? t("say.group", { bot }) : t("say.private");
  $("#text").value = state.drafts.get(place.key) ?? "";
  grow();
  setQuote(null);
  if (matchMedia("(hover: hover)").matches) $("#text").focus();
}

function hands() {
  const place = state.places.get(state.open);
  return {
    names: state.me.bot_names,
    inGroup: place.spot === "group",
    act: (message) => (key, choices) => click(message, key, choices),
    say: (text) => say(text),
    quote: setQuote,
    zoom,
  };
}

function drawLog() {
  const now = deskNow();
  const rows = [];
  if (state.messages.length >= PAGE) rows.push(el("button", { type: "button", class: "older", onclick: older }, t("older")));
  if (!state.messages.length) rows.push(el("p", { class: "none" }, t("nothing_yet")));
  state.messages.forEach((message, index) => rows.push(...row(message, state.messages[index - 1], now)));
  $("#log").replaceChildren(...rows);
}

const row = (message, previous, now) => [stamp(message, previous, now), bubble(message, hands())].filter(Boolean);

async function older() {
  const before = state.messages[0].number;
  const found = await read("messages", { persona: state.me.person.userid, place: state.open, before });
  const log = $("#log");
  const below = log.scrollHeight - log.scrollTop;
  state.messages = [...found, ...state.messages];
  drawLog();
  if (found.length < PAGE) $(".older")?.remove();
  log.scrollTop = log.scrollHeight - below;
}

function arrived(message, place) {
  const here = place.key === state.open;
  if (here) {
    place.unread = 0;
    act("read", { persona: state.me.person.userid, place: place.key }).catch(() => {});
  }
  state.places.set(place.key, place);
  drawPlacesSoon();
  if (!here) return;
  const log = $("#log");
  const near = log.scrollHeight - log.scrollTop - log.clientHeight < 160;
  const index = state.messages.findIndex((one) => one.number === message.number);
  if (index >= 0) {
    state.messages[index] = message;
    log.querySelector(`[data-number="${message.number}"]`)?.replaceWith(bubble(message, hands()));
  } else if (!state.messages.length || message.number > state.messages.at(-1).number) {
    if (!state.messages.length) log.replaceChildren();
    log.append(...row(message, state.messages.at(-1), deskNow()));
    state.messages.push(message);
  }
  if (near || message.mine) toBottom();
}

function toBottom() {
  const log = $("#log");
  log.scrollTop = log.scrollHeight;
  for (const image of log.querySelectorAll("img")) if (!image.complete) image.addEventListener("load", () => (log.scrollTop = log.scrollHeight), { once: true });
}

function note(text) {
  $("#log").append(el("p", { class: "note" }, text));
  toBottom();
}

// Speaking

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    toast(error.message);
    return false;
  }
  return true;
}

const click = (message, key, choices) => attempt(() => act("click", { persona: state.me.person.userid, number: message.number, key, choices }));

async function say(text) {
  const place = state.places.get(state.open);
  const body = { persona: state.me.person.userid, place: place.key, text, quote: state.quote?.number ?? 0 };
  if (!(await attempt(() => act("say", body)))) return;
  setQuote(null);
  const [bot] = state.me.bot_names;
  const called = state.me.bot_names.some((name) => text.includes(`@${name}`) || text.includes(`\uff20${name}`));
  if (place.spot === "group" && place.has_bot && !called && /^\s*[/\uff0f]/.test(text)) note(t("say.unheard", { bot }));
}

function setQuote(message) {
  state.quote = message;
  $("#quoted").hidden = !message;
  if (message) {
    $("#quoted span").textContent = `${message.name}: ${message.text || message.card?.main_title?.title || ""}`;
    $("#text").focus();
  }
}

async function attach(file) {
  if (!file) return;
  if (file.size > LARGEST) {
    toast(t("error.too_large"));
    return;
  }
  const place = state.places.get(state.open);
  const text = $("#text").value.trim();
  const fields = { persona: state.me.person.userid, place: place.key, text: file.type.startsWith("image/") ? text : "" };
  if (!(await attempt(() => upload(fields, file)))) return;
  if (fields.text) $("#text").value = "";
  if (place.spot === "group" && !text) note(t("say.group_picture", { bot: state.me.bot_names[0] }));
}

function grow() {
  const box = $("#text");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
  $("#say .primary").disabled = !box.value.trim();
}

function mention() {
  const box = $("#text");
  const call = `@${state.me.bot_names[0]} `;
  if (!box.value.startsWith(call)) box.value = call + box.value;
  box.focus();
  grow();
}

function wireInput() {
  const box = $("#text");
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("#say").requestSubmit();
  });
  $("#say").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    grow();
    say(text);
  });
  $("#mention").addEventListener("click", mention);
  for (const kind of ["image", "file"]) {
    $(`#add-${kind}`).addEventListener("click", () => $(`#${kind}-input`).click());
    $(`#${kind}-input`).addEventListener("change", (event) => {
      attach(event.target.files[0]);
      event.target.value = "";
    });
  }
  $("#quoted button").addEventListener("click", () => setQuote(null));
  $("#back").addEventListener("click", () => {
    state.drafts.set(state.open, box.value);
    leave();
    drawPlaces();
  });
  $("#filter").addEventListener("input", drawPlaces);
}

// A step of the guide: be somebody, open a conversation, have the words ready.
async function step({ role, spot, fill, clock }) {
  const persona = state.me.personas.find((one) => one.role === role);
  if (persona && persona.userid !== state.me.person.userid) await become(persona.userid);
  const place = byLife().find((one) => one.spot === spot && one.has_bot);
  if (place) await open(place.key);
  if (clock) {
    moveClock(clock);
    return;
  }
  $("#text").value = fill;
  grow();
  $("#text").focus();
}

async function start() {
  await loadWords();
  fillWords();
  wireDialogs();
  wireClock();
  wireInput();
  for (const button of document.querySelectorAll("[data-side]")) button.addEventListener("click", () => showSide(button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.side));
  await become();
  const [bot] = state.me.bot_names;
  $("#mention span").textContent = t("say.mention", { bot });
  $("#mention").title = t("say.mention_label", { bot });
  wirePersonas(state, become);
  wireGuide(step, { bot, ...state.me.guide });
  showSide(innerWidth > 1180 ? "guide" : "");
  document.documentElement.dataset.ready = "true";
}

start();
