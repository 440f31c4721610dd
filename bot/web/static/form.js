// Forms: what is typed is kept while it is typed, fields come and go as they apply, photos are made
// smaller and sent one by one. Everything also works without this script.
"use strict";

const form = document.querySelector("form[data-keep]");
const address = form.getAttribute("action");
const saved = form.querySelector("[data-saved]");
const LONGEST = 1920; // pixels of a photo's longer side: sharp on paper, small on the way
const PAUSE = 1200;
let waiting = 0;
let sending = 0;

document.querySelector(".problems")?.focus();

function values() {
  const data = new FormData(form);
  for (const [name, value] of [...data]) {
    if (value instanceof File) data.delete(name);
  }
  return data;
}

async function keep() {
  const answer = await fetch(`${address}/draft`, { method: "POST", body: values() }).catch(() => null);
  if (!answer?.ok) return;
  const { draft, applies, said } = await answer.json();
  form.elements.draft.value = draft;
  saved.textContent = said;
  for (const field of form.querySelectorAll("[data-field]")) {
    const filled = [...field.querySelectorAll("input, select, textarea")].some((one) =>
      ["radio", "checkbox"].includes(one.type) ? one.checked : one.type !== "file" && one.value);
    field.hidden = !applies.includes(field.dataset.field) && !filled;
  }
}

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(keep, PAUSE);
}

form.addEventListener("input", (event) => { if (event.target.type !== "file") later(); });
form.addEventListener("change", (event) => { if (event.target.type !== "file") later(); });
form.addEventListener("submit", (event) => {
  clearTimeout(waiting);
  if (sending) event.preventDefault();
});

// A photo of twelve megapixels becomes some hundred kilobytes; what the browser cannot draw is
// sent as it is, and the server says what it thinks of it.
async function smaller(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    if (scale === 1 && file.size < 1 << 20) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, ".jpg")) : file;
  } catch {
    return file;
  }
}

function send(input, file, bar) {
  return new Promise((done) => {
    const data = new FormData();
    data.append("token", form.elements.token.value);
    data.append(input.name, file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", `${address}/photo`);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => done(request.response ?? {}));
    request.send(data);
  });
}

function shown(list, ids, item, id) {
  item.dataset.id = id;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "plain";
  remove.textContent = list.dataset.remove;
  remove.addEventListener("click", () => {
    item.remove();
    collect(list, ids);
    later();
  });
  item.append(remove);
}

function collect(list, ids) {
  ids.value = [...list.querySelectorAll("[data-id]")].map((item) => item.dataset.id).join(",");
}

async function add(input, list, ids, file) {
  const item = document.createElement("li");
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", file.name);
  item.append(bar);
  list.append(item);
  const small = await smaller(file);
  const { id, problem } = await send(input, small, bar);
  bar.remove();
  if (!id) {
    item.className = "note";
    item.setAttribute("role", "alert");
    item.textContent = problem ?? list.dataset.failed;
    return;
  }
  const image = document.createElement("img");
  image.src = `/photo/${id}`;
  image.alt = file.name;
  item.append(image);
  shown(list, ids, item, id);
  collect(list, ids);
}

for (const input of form.querySelectorAll("[data-photos]")) {
  const field = input.closest("[data-field]");
  const [list, ids] = [field.querySelector("[data-picked]"), field.querySelector("[data-ids]")];
  for (const item of list.children) shown(list, ids, item, item.dataset.id);
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    sending += 1;
    for (const file of files) await add(input, list, ids, file);
    sending -= 1;
    later();
  });
}

// Names of people and units are offered while they are typed.
for (const input of form.querySelectorAll("[data-suggest]")) {
  const list = document.createElement("datalist");
  list.id = `${input.id}-names`;
  input.after(list);
  input.setAttribute("list", list.id);
  let asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(asked);
    asked = setTimeout(async () => {
      const words = input.value.trim();
      if (!words) return;
      const where = `/suggest/${input.dataset.suggest}?q=${encodeURIComponent(words)}`;
      const answer = await fetch(where).catch(() => null);
      if (!answer?.ok) return;
      list.replaceChildren(...(await answer.json()).map((name) => new Option(name)));
    }, 250);
  });
}
