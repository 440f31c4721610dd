// Template cards of all five types. `act(key, choices)` reports a click; until it is answered the
// message is `pending` and the card stands still.

import { el, icon, link, picture, t } from "./words.js";

/** The element of a card; `picked` is what this person chose last (null: nothing yet). */
export function card(data, { act, say, picked, pending }) {
  const inner = el("div", { class: "in" });
  const form = el("form", { class: "card", "data-type": data.card_type }, cover(data), inner);
  const send = (key) => act(key, chosen(form));
  form.addEventListener("submit", (event) => event.preventDefault());
  inner.append(...[menu(data, send), source(data), title(data), beside(data), emphasis(data), cited(data), sub(data), upright(data), rows(data)].filter(Boolean));
  inner.append(...questions(data, picked));
  const buttons = buttonRow(data, send, picked);
  if (buttons) inner.append(buttons);
  const foot = footer(data, say);
  if (foot) form.append(foot);
  if (pending) rest(form, picked);
  return form;
}

function rest(form, picked) {
  form.setAttribute("aria-busy", "true");
  for (const control of form.querySelectorAll("button, select, input")) {
    control.disabled = true;
    if (control.dataset.key && control.dataset.key === picked?.key) control.textContent = t("card.sending");
  }
}

function chosen(form) {
  const choices = {};
  for (const select of form.querySelectorAll("select")) if (select.value) choices[select.name] = [select.value];
  for (const group of form.querySelectorAll(".ticks")) {
    choices[group.dataset.key] = [...group.querySelectorAll("input:checked")].map((input) => input.value);
  }
  return choices;
}

const cover = (data) => (data.card_image ? picture(data.card_image.url, "cover") : null);

function menu(data, send) {
  const actions = data.action_menu?.action_list;
  if (!actions) return null;
  const list = actions.map((one) => el("button", { type: "button", onclick: () => send(one.key) }, one.text));
  const label = data.action_menu.desc || t("card.menu");
  return el("details", { class: "menu" }, el("summary", { "aria-label": label, title: label }, icon("more")), el("div", {}, ...list));
}

function source(data) {
  const { icon_url: address, desc, desc_color: colour = 0 } = data.source ?? {};
  if (!desc) return null;
  return el("div", { class: `source c${colour}` }, address ? picture(address) : null, desc);
}

function title(data) {
  const { title: head, desc } = data.main_title ?? {};
  if (!head && !desc) return null;
  return el("div", {}, head ? el("div", { class: "title" }, head) : null, desc ? el("div", { class: "desc" }, desc) : null);
}

function emphasis(data) {
  const { title: big, desc } = data.emphasis_content ?? {};
  return big ? el("div", {}, el("div", { class: "big" }, big), desc ? el("small", {}, desc) : null) : null;
}

function cited(data) {
  const quote = data.quote_area;
  if (!quote) return null;
  const inner = [quote.title ? el("b", {}, quote.title) : null, quote.quote_text];
  const box = el("div", { class: "cited" }, ...inner);
  return quote.type === 1 ? link(quote.url, box) : box;
}

function beside(data) {
  const area = data.image_text_area;
  if (!area) return null;
  const words = el("div", {}, el("b", {}, area.title ?? ""), el("small", {}, area.desc ?? ""));
  const box = el("div", { class: "beside" }, picture(area.image_url), words);
  return area.type === 1 ? link(area.url, box) : box;
}

const sub = (data) => (data.sub_title_text ? el("div", { class: "sub" }, data.sub_title_text) : null);

function upright(data) {
  const items = data.vertical_content_list ?? [];
  if (!items.length) return null;
  return el("div", { class: "upright" }, ...items.map((one) => el("p", {}, el("b", {}, one.title), one.desc ?? "")));
}

function rows(data) {
  const items = data.horizontal_content_list ?? [];
  if (!items.length) return null;
  const value = (one) => {
    if (one.type === 1) return link(one.url, one.value || one.url);
    if (one.type === 2) return el("a", { href: `/desk/media/${encodeURIComponent(one.media_id)}` }, one.value || t("card.attachment"));
    return one.value ?? "";
  };
  return el("dl", {}, ...items.flatMap((one) => [el("dt", {}, one.keyname), el("dd", {}, value(one))]));
}

function questions(data, picked) {
  const selects = [data.button_selection, ...(data.select_list ?? [])].filter(Boolean);
  const asked = selects.map((one) => selectBox(one, picked));
  if (data.checkbox) asked.push(ticks(data.checkbox, picked));
  return asked;
}

function selectBox(question, picked) {
  const now = picked?.choices?.[question.question_key]?.[0] ?? question.selected_id ?? "";
  const options = question.option_list.map((one) => el("option", { value: one.id, selected: one.id === now }, one.text));
  if (!now) options.unshift(el("option", { value: "" }, t("card.choose")));
  const box = el("select", { name: question.question_key, disabled: Boolean(question.disable) }, ...options);
  const name = question.title || t("card.choose");
  box.setAttribute("aria-label", name);
  return el("label", { class: "ask" }, question.title ? el("span", {}, question.title) : null, box);
}

function ticks(question, picked) {
  const now = picked?.choices?.[question.question_key];
  const type = question.mode === 1 ? "checkbox" : "radio";
  const rows = question.option_list.map((one) => {
    const on = now ? now.includes(one.id) : Boolean(one.is_checked);
    const input = el("input", { type, name: question.question_key, value: one.id, checked: on, disabled: Boolean(question.disable) });
    return el("label", {}, input, one.text);
  });
  return el("div", { class: "ticks", "data-key": question.question_key }, ...rows);
}

function buttonRow(data, send, picked) {
  const fixed = data.replace_text;
  const submit = data.submit_button;
  if (fixed) return el("div", { class: "buttons" }, el("button", { type: "button", disabled: true }, fixed));
  if (submit) {
    return el("div", { class: "buttons" }, el("button", { type: "button", class: "s1", "data-key": submit.key, onclick: () => send(submit.key) }, submit.text));
  }
  const list = data.button_list ?? [];
  if (!list.length) return null;
  return el("div", { class: "buttons" }, ...list.map((one) => {
    const look = `s${one.style ?? 1}`;
    if (one.type === 1) return el("a", { href: one.url, target: "_blank", rel: "noopener", class: look }, one.text);
    const mark = picked?.key === one.key ? t("card.chosen") : null;
    return el("button", { type: "button", class: look, title: mark, "data-key": one.key, onclick: () => send(one.key) }, one.text);
  }));
}

function footer(data, say) {
  const jumps = (data.jump_list ?? []).map((one) => {
    if (one.type === 3) return el("button", { type: "button", onclick: () => say(one.question) }, one.title, el("span", {}, "\u203a"));
    return one.type === 1 ? link(one.url, el("span", {}, one.title), el("span", {}, "\u203a")) : null;
  }).filter(Boolean);
  const action = data.card_action;
  if (action?.type === 1 && !jumps.length) {
    const whole = link(action.url, el("span", {}, t("details")), el("span", {}, "\u203a"));
    whole.classList.add("whole");
    return whole;
  }
  return jumps.length ? el("div", { class: "jumps" }, ...jumps) : null;
}
