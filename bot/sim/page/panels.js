// What stands around the conversation: who I am, the clock, the guide and the platform's log.

import { act, read } from "./server.js";
import { avatar, el, has, longTime, shortTime, t } from "./words.js";

const $ = (selector) => document.querySelector(selector);

let hidden = null;
/** A short message at the bottom, for four seconds or until the next one. */
export function toast(text, lasting = false) {
  const box = $("#toast");
  box.textContent = text;
  box.classList.add("on");
  clearTimeout(hidden);
  if (!lasting) hidden = setTimeout(() => box.classList.remove("on"), 4000);
}

export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
}

export function wireDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
}

export function zoom(address) {
  $("#zoom img").src = address;
  openDialog($("#zoom"));
}

// Who I am

export function wirePersonas(state, become) {
  const dialog = $("#who");
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  const show = (people) => list.replaceChildren(...(people.length ? people.map((one) => personRow(one, state, pick)) : [el("li", { class: "none" }, t("me.none"))]));
  const pick = (one) => {
    dialog.close();
    become(one.userid);
  };
  $("#me").addEventListener("click", () => {
    input.value = "";
    show(state.me.personas);
    openDialog(dialog);
  });
  input.addEventListener("input", async () => {
    const asked = input.value.trim();
    const found = asked ? await read("people", { persona: state.me.person.userid, q: asked }) : state.me.personas;
    if (input.value.trim() === asked) show(found);
  });
}

function personRow(one, state, pick) {
  const note = [one.unit, one.position].filter(Boolean).join(" · ");
  const current = one.userid === state.me.person.userid ? "true" : null;
  const name = el("b", {}, one.name, one.label ? el("small", { class: "label" }, one.label) : null);
  const button = el("button", { type: "button", "aria-current": current, onclick: () => pick(one) }, avatar("person", one.name, "small"), el("span", {}, name, el("small", {}, note)));
  return el("li", {}, button);
}

/** The label of a persona ("支部书记"), or the position of anybody else. */
export function labelOf(me) {
  const known = me.personas.find((one) => one.userid === me.person.userid);
  return [known?.label ?? me.person.position, me.person.unit].filter(Boolean).join(" · ");
}

// The clock

let base = { iso: "1970-01-01T00:00:00+08:00", at: 0, movable: false };

/** The desk's time now, as ISO text of the users' zone. */
export function deskNow() {
  const moment = Date.parse(base.iso) + (performance.now() - base.at);
  return new Date(moment + 8 * 3600e3).toISOString().slice(0, 19) + "+08:00";
}

export function setClock(clock) {
  base = { iso: clock.now, at: performance.now(), movable: clock.movable };
  for (const button of document.querySelectorAll("[data-clock]")) button.hidden = !clock.movable;
  $("#clock-now").disabled = !clock.movable;
  $("#clock-now").title = clock.movable ? t("clock.hint") : t("clock.fixed");
  tick();
}

export function tick() {
  const now = deskNow();
  $("#clock-text").textContent = innerWidth > 720 ? longTime(now) : shortTime(now);
  $("#when-now").textContent = longTime(now);
}

export function wireClock() {
  const dialog = $("#when");
  const field = dialog.querySelector("input");
  const buttons = document.querySelectorAll("[data-clock], #when-form button");
  const rest = (on) => buttons.forEach((button) => (button.disabled = on));
  const move = async (to) => {
    toast(t("clock.moving"), true);
    rest(true);
    try {
      const clock = await act("clock", { to });
      setClock(clock);
      dialog.close();
      toast(t("clock.moved", { when: longTime(clock.now) }));
    } catch (error) {
      toast(error.message);
    }
    rest(false);
  };
  $("#clock-now").addEventListener("click", () => {
    field.value = deskNow().slice(0, 16);
    field.min = field.value;
    openDialog(dialog);
  });
  for (const button of document.querySelectorAll("[data-clock]")) button.addEventListener("click", () => move(button.dataset.clock));
  $("#when-form").addEventListener("submit", (event) => {
    event.preventDefault();
    move(field.value);
  });
  setInterval(tick, 1000);
}

/** Press one of the clock's buttons. */
export function moveClock(name) {
  document.querySelector(`[data-clock="${name}"]`).click();
}

// Guide and log

export function showSide(name) {
  $("#side").hidden = !name;
  $("#guide").hidden = name !== "guide";
  $("#platform").hidden = name !== "log";
  for (const button of document.querySelectorAll("#bar [data-side]")) button.setAttribute("aria-pressed", String(button.dataset.side === name));
  if (name === "log") refreshLog();
}

export function wireGuide(follow, words) {
  const steps = [];
  for (let n = 1; has(`guide.${n}.title`); n += 1) steps.push(n);
  $("#guide ol").replaceChildren(...steps.map((n) => {
    const fill = has(`guide.${n}.fill`) ? t(`guide.${n}.fill`, words) : "";
    const button = el("button", { type: "button", class: "step" }, el("span", { class: "no" }, String(n)), el("b", {}, t(`guide.${n}.title`)), el("p", {}, t(`guide.${n}.text`)), fill ? el("code", {}, fill) : null);
    button.addEventListener("click", () => {
      button.classList.add("done");
      if (innerWidth <= 1180) showSide("");
      const clock = has(`guide.${n}.clock`) ? t(`guide.${n}.clock`) : "";
      follow({ role: t(`guide.${n}.role`), spot: t(`guide.${n}.spot`), fill, clock });
    });
    return el("li", {}, button);
  }));
}

let pending = false;
/** Called for every line the platform writes; reads them at most twice a second. */
export function logGrew() {
  if ($("#platform").hidden || pending) return;
  pending = true;
  setTimeout(() => {
    pending = false;
    refreshLog();
  }, 500);
}

async function refreshLog() {
  const { lines, violations } = await read("log");
  const box = $("#violations");
  box.textContent = violations ? t("log.violations", { n: violations }) : t("log.clean");
  box.classList.toggle("bad", violations > 0);
  const rows = lines.map((line) => {
    const bad = line.door === "violation" || line.code !== 0;
    const door = t(`log.door.${line.door}`);
    return el("li", { class: bad ? "bad" : null }, el("span", {}, line.at.slice(11, 19)), el("code", {}, ...line.call.split(/(?<=[_/])/).flatMap((part) => [part, el("wbr")])), el("b", {}, line.code ? String(line.code) : door), line.note ? el("p", {}, line.note) : null);
  });
  $("#platform ul").replaceChildren(...(rows.length ? rows : [el("li", { class: "none" }, t("log.none"))]));
}
