// Bubbles of a conversation: one element per message, replaced whole when the message changes.

import { card } from "./cards.js";
import { markdown, plain } from "./markdown.js";
import { avatar, el, icon, link, sizeText, stampTime, t } from "./words.js";

const GAP = 5 * 60 * 1000;

/** A time line before a message, if five minutes or more lie before it; else null. */
export function stamp(message, previous, now) {
  if (previous && Date.parse(message.at) - Date.parse(previous.at) < GAP) return null;
  return el("div", { class: "stamp" }, stampTime(message.at, now));
}

/** The row of a message. `hands`: {names, inGroup, act, say, quote, zoom}. */
export function bubble(message, hands) {
  const kind = message.author === "person" ? "person" : message.author;
  const robot = kind !== "person";
  const name = el("div", { class: "name" }, message.name, robot ? el("span", { class: "tag" }, t("robot")) : null);
  const body = el("div", { class: "body" }, hands.inGroup && !message.mine ? name : null, ...content(message, hands));
  if (message.quote) body.append(el("div", { class: "quote" }, message.quote));
  const wide = robot ? "wide" : "";
  const quote = message.recalled ? null : el("button", { type: "button", class: "do", "aria-label": t("say.quote"), title: t("say.quote"), onclick: () => hands.quote(message) }, icon("quote"));
  return el("div", { class: `msg ${message.mine ? "mine" : ""} ${wide}`, "data-number": message.number }, avatar(kind, message.name, "small"), body, quote);
}

function content(message, hands) {
  if (message.recalled) return [el("div", { class: "gone" }, t("recalled"))];
  switch (message.kind) {
    case "card":
      return [card(message.card, { act: hands.act(message), say: hands.say, picked: message.picked, pending: message.pending })];
    case "image":
      return message.media.map((media) => shot(media, hands));
    case "news":
      return [el("div", { class: "card" }, ...message.articles.map(article))];
    case "file":
    case "video":
      return message.media.map(fileBox);
    default:
      return [words(message, hands), ...message.media.map((media) => shot(media, hands))];
  }
}

function words(message, hands) {
  const growing = !message.finished;
  if (message.dialect === "plain") {
    const called = message.mentions.map((name) => el("span", { class: "mention" }, `@${name} `));
    return el("div", { class: "bubble plain" }, plain(message.text, hands.names), ...called);
  }
  const box = el("div", { class: "bubble" }, markdown(message.text, message.dialect));
  if (growing) (box.querySelector(".md > p:last-child") ?? box).append(el("span", { class: "cursor", role: "img", "aria-label": t("typing") }));
  return box;
}

function shot(media, hands) {
  const address = `/desk/media/${media.id}`;
  const image = el("img", { src: address, alt: t("picture.alt"), loading: "lazy" });
  return el("button", { type: "button", class: "shot", "aria-label": t("picture.open"), onclick: () => hands.zoom(address) }, image);
}

function fileBox(media) {
  const ending = (/\.([A-Za-z0-9]{1,5})$/.exec(media.name)?.[1] ?? "").toLowerCase();
  const colours = { xlsx: "xls", xls: "xls", csv: "xls", docx: "doc", doc: "doc", pdf: "pdf" };
  const sign = el("span", { class: `kind ${colours[ending] ?? ""}`, "aria-hidden": "true" }, ending.toUpperCase() || "\u2026");
  const label = el("span", { class: "label" }, el("b", {}, media.name), el("small", {}, sizeText(media.size)));
  return el("a", { class: "filebox", href: `/desk/media/${media.id}`, download: media.name }, sign, label);
}

function article(one) {
  const inner = el("div", {}, el("b", {}, one.title), one.description ? el("small", {}, one.description) : null);
  const whole = link(one.url, inner);
  whole.classList.add("article");
  return whole;
}
