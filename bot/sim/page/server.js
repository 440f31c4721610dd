// Talking to the desk: reads, actions, and the stream of what happens.

import { t } from "./words.js";

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || t("error.refused"));
  return body;
}

export async function read(path, query = {}) {
  return answer(await fetch(`/desk/${path}?${new URLSearchParams(query)}`));
}

export async function act(path, body) {
  const headers = { "Content-Type": "application/json", "X-Desk": "1" };
  return answer(await fetch(`/desk/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function upload(fields, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file, file.name);
  return answer(await fetch("/desk/attach", { method: "POST", headers: { "X-Desk": "1" }, body: form }));
}

let source = null;

/** Follow the desk as one person; `onState(false)` while the connection is down. */
export function follow(persona, onEvent, onState) {
  source?.close();
  source = new EventSource(`/desk/events?${new URLSearchParams({ persona })}`);
  source.onmessage = (event) => onEvent(JSON.parse(event.data));
  source.onopen = () => onState(true);
  source.onerror = () => onState(false);
}
