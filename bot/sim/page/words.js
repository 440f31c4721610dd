// The words of the page, and small helpers to build elements. No sentence stands in a script.

let table = {};

export async function loadWords() {
  table = await (await fetch("/desk/words")).json();
}

/** The sentence of a key with its {placeholders} filled. */
export function t(key, values = {}) {
  const text = table[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export const has = (key) => key in table;

/** Put words into everything marked with data-t, data-label or data-placeholder. */
export function fillWords(root = document) {
  for (const e of root.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const e of root.querySelectorAll("[data-label]")) {
    e.setAttribute("aria-label", t(e.dataset.label));
    if (e.tagName === "BUTTON") e.title = t(e.dataset.label);
  }
  for (const e of root.querySelectorAll("[data-placeholder]")) e.placeholder = t(e.dataset.placeholder);
}

/** Make an element: el("p", {class: "hint"}, "text", child, …); null children are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A picture of somebody else's server; it vanishes if it cannot be had. */
export function picture(address, look = null) {
  return el("img", { class: look, src: address, alt: "", onerror: (event) => event.target.remove() });
}

/** A link that opens a new tab; anything but http(s) stays words. */
export function link(address, ...children) {
  if (!/^https?:\/\//i.test(address)) return el("span", {}, ...children);
  return el("a", { href: address, target: "_blank", rel: "noopener" }, ...children);
}

const hash = (text) => [...text].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) >>> 0, 7);

/** A square with initials: the last two characters of a Chinese name. */
export function avatar(kind, name, size = "") {
  const icons = { bot: "robot", app: "app", webhook: "robot", group: "people" };
  if (icons[kind]) return el("span", { class: `avatar ${kind} ${size}`, "aria-hidden": "true" }, icon(icons[kind]));
  const letters = [...name];
  const initials = /^[\x00-\x7f]+$/.test(name) ? name.slice(0, 2).toUpperCase() : letters.slice(-2).join("");
  return el("span", { class: `avatar t${hash(name) % 8} ${size}`, "aria-hidden": "true" }, initials);
}

// Times come as ISO strings of the users' zone; what is shown is cut out of them, so that the
// browser's own zone plays no part.
const parts = (iso) => {
  const [, y, m, d, time] = /^(\d+)-(\d+)-(\d+)T(\d\d:\d\d)/.exec(iso);
  const weekday = new Date(Date.UTC(+y, +m - 1, +d)).getUTCDay();
  return { y, m: +m, d: +d, t: time, w: t(`weekday.${weekday}`), day: `${y}-${m}-${d}` };
};

export const longTime = (iso) => t("date.long", parts(iso));
export const shortTime = (iso) => t("date.short", parts(iso));

/** For the list: the hour today, yesterday, or the day. */
export function listTime(iso, now) {
  if (!iso) return "";
  const then = parts(iso);
  const today = parts(now);
  if (then.day === today.day) return then.t;
  const days = (Date.parse(today.day) - Date.parse(then.day)) / 864e5;
  return days === 1 ? t("date.yesterday") : t("date.day", then);
}

/** For the conversation: today's hour, or date, weekday and hour. */
export function stampTime(iso, now) {
  const then = parts(iso);
  return then.day === parts(now).day ? t("date.today", then) : t("date.short", then);
}

export function sizeText(bytes) {
  if (bytes < 1024) return t("bytes_b", { n: bytes });
  if (bytes < 1024 * 1024) return t("bytes_k", { n: (bytes / 1024).toFixed(1) });
  return t("bytes_m", { n: (bytes / 1024 / 1024).toFixed(1) });
}
