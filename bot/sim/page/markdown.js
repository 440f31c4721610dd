// Markdown as the client renders it, in the dialect of the door it came through: "full" (smart
// bot), "basic" (webhook, app: no lists, tables, italics, code blocks; one level of quotes) and
// "plain". Everything becomes elements and text nodes; no HTML of a message is ever parsed.

import { el, link, t } from "./words.js";

const INLINE = {
  full: /(`[^`\n]+`)|\*\*(.+?)\*\*|!?\[([^\]\n]*)\]\(([^)\s]+)\)|\*([^*\n]+)\*|(https?:\/\/[^\s<>\u3000-\u303f\uff00-\uffef]+)/g,
  basic: /(`[^`\n]+`)|\*\*(.+?)\*\*|\[([^\]\n]*)\]\(([^)\s]+)\)|<font color="(info|comment|warning)">(.*?)<\/font>|<@([\w.@-]+)>|(https?:\/\/[^\s<>\u3000-\u303f\uff00-\uffef]+)/g,
  plain: /<a href="(https?:\/\/[^"]+)">(.*?)<\/a>|(https?:\/\/[^\s<>\u3000-\u303f\uff00-\uffef]+)/g,
};

/** The elements of a message text. */
export function markdown(text, dialect) {
  const box = el("div", { class: "md" });
  let rest = text;
  const think = dialect === "full" && /^\s*<think>([\s\S]*?)(<\/think>|$)/.exec(text);
  if (think) {
    box.append(el("details", {}, el("summary", {}, t("thinking")), el("p", {}, think[1].trim())));
    rest = text.slice(think[0].length);
  }
  box.append(...blocks(rest.replace(/\r\n?/g, "\n").split("\n"), dialect, 0));
  return box;
}

/** A plain text: addresses become links, mentions coloured; line breaks stay. */
export function plain(text, names = []) {
  const box = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(INLINE.plain)) {
    box.append(...mentions(text.slice(at, found.index), names));
    box.append(found[1] ? link(found[1], found[2]) : link(found[3], found[3]));
    at = found.index + found[0].length;
  }
  box.append(...mentions(text.slice(at), names));
  return box;
}

function mentions(text, names) {
  if (!names.length) return [text];
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.split(new RegExp(`([@\uff20](?:${escaped}))`)).map((part, index) =>
    index % 2 ? el("span", { class: "mention" }, part) : part);
}

function blocks(lines, dialect, depth) {
  const out = [];
  let paragraph = [];
  const flush = () => {
    const text = paragraph.join("\n").replace(/^\n+|\s+$/g, "");
    if (text) out.push(el("p", {}, ...inline(text, dialect)));
    paragraph = [];
  };
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    const block = special(lines, i, dialect, depth);
    if (block) {
      flush();
      if (block.node) out.push(block.node);
      i = block.next;
    } else if (!line.trim()) {
      flush();
      i += 1;
    } else {
      paragraph.push(line);
      i += 1;
    }
  }
  flush();
  return out;
}

/** A block that begins at line i, or null. */
function special(lines, i, dialect, depth) {
  const line = lines[i];
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading) return { node: el(`h${heading[1].length}`, {}, ...inline(heading[2], dialect)), next: i + 1 };
  if (/^\s*>/.test(line) && (dialect === "full" || depth === 0)) return quote(lines, i, dialect, depth);
  if (dialect !== "full") return null;
  if (/^\s*```/.test(line)) return fence(lines, i);
  if (/^\s*([-*_])\s*(\1\s*){2,}$/.test(line)) return { node: el("hr"), next: i + 1 };
  if (/^\s*\|.*\|\s*$/.test(line) && /^\s*\|[\s:|-]+\|\s*$/.test(lines[i + 1] ?? "")) return grid(lines, i, dialect);
  const item = /^\s*(?:([-*+])|(\d+)[.)])\s+/.exec(line);
  return item ? list(lines, i, dialect, Boolean(item[2])) : null;
}

function quote(lines, i, dialect, depth) {
  const inner = [];
  let next = i;
  while (next < lines.length && /^\s*>/.test(lines[next])) {
    inner.push(lines[next].replace(/^\s*>\s?/, ""));
    next += 1;
  }
  return { node: el("blockquote", {}, ...blocks(inner, dialect, depth + 1)), next };
}

function fence(lines, i) {
  const inner = [];
  let next = i + 1;
  while (next < lines.length && !/^\s*```/.test(lines[next])) inner.push(lines[next++]);
  return { node: el("pre", {}, el("code", {}, inner.join("\n"))), next: next + 1 };
}

function list(lines, i, dialect, ordered) {
  const pattern = ordered ? /^\s*(\d+)[.)]\s+(.*)$/ : /^\s*([-*+])\s+(.*)$/;
  const first = ordered ? pattern.exec(lines[i])[1] : null;
  const node = el(ordered ? "ol" : "ul", { start: first && first !== "1" ? first : null });
  let next = i;
  for (let found; next < lines.length && (found = pattern.exec(lines[next])); next += 1) {
    node.append(el("li", {}, ...inline(found[2], dialect)));
  }
  return { node, next };
}

function grid(lines, i, dialect) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const sides = cells(lines[i + 1]).map((cell) => (/^:-+:$/.test(cell) ? "center" : /-:$/.test(cell) ? "right" : null));
  const row = (line, tag) => el("tr", {}, ...cells(line).map((cell, n) => el(tag, { class: sides[n] }, ...inline(cell, dialect))));
  const body = el("tbody");
  let next = i + 2;
  while (next < lines.length && /^\s*\|.*\|\s*$/.test(lines[next])) body.append(row(lines[next++], "td"));
  const table = el("table", {}, el("thead", {}, row(lines[i], "th")), body);
  return { node: el("div", { class: "table", tabindex: "0" }, table), next };
}

function inline(text, dialect) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(INLINE[dialect] ?? INLINE.plain)) {
    if (found.index > at) out.push(text.slice(at, found.index));
    out.push(dialect === "full" ? span(found, dialect) : basicSpan(found, dialect));
    at = found.index + found[0].length;
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}

function span([whole, code, bold, words, address, italic, bare], dialect) {
  if (code) return el("code", {}, code.slice(1, -1));
  if (bold) return el("strong", {}, ...inline(bold, dialect));
  if (address) return link(address, ...(words ? inline(words, dialect) : [address]));
  if (italic) return el("em", {}, ...inline(italic, dialect));
  return bare ? link(bare, bare) : whole;
}

function basicSpan([whole, code, bold, words, address, colour, coloured, userid, bare], dialect) {
  if (code) return el("code", {}, code.slice(1, -1));
  if (bold) return el("strong", {}, ...inline(bold, dialect));
  if (address) return link(address, words || address);
  if (colour) return el("span", { class: colour }, ...inline(coloured, dialect));
  if (userid) return el("span", { class: "mention" }, `@${userid}`);
  return bare ? link(bare, bare) : whole;
}
