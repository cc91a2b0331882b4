// The form that takes a file. It works without this, too.
"use strict";

// A file that is dropped on the box around a file input is chosen.
for (const box of document.querySelectorAll("[data-drop]")) {
  const input = box.querySelector("input[type=file]");
  const mark = (event) => {
    event.preventDefault();
    box.classList.toggle("over", event.type === "dragover");
  };
  for (const name of ["dragover", "dragleave", "drop"]) box.addEventListener(name, mark);
  box.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
}

// A file of at least data-progress bytes: it is stored first, then read, and a bar shows how far that is.
async function readInSteps(form) {
  const headers = { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const body = new FormData(form);
  const stored = await fetch(form.action, { method: "POST", body, headers: { ...headers, Prefer: "respond-async" } });
  if (stored.status !== 202) throw new Error("not stored");
  const plan = stored.headers.get("Location");
  const bar = form.querySelector("progress");
  const timer = setInterval(async () => {
    const { progress } = await (await fetch(plan, { headers })).json();
    if (progress) [bar.max, bar.value] = [progress.of, progress.read];
  }, 700);
  headers["Content-Type"] = "application/json";
  await fetch(`${plan}/read`, { method: "POST", body: "{}", headers });
  clearInterval(timer);
  location.assign(plan);
}

for (const form of document.querySelectorAll("form[data-progress]")) {
  form.addEventListener("submit", (event) => {
    const file = form.elements.file.files[0];
    if (!file || file.size < Number(form.dataset.progress)) return;
    event.preventDefault();
    form.querySelector("button").disabled = true;
    form.querySelector("progress").parentElement.hidden = false;
    readInSteps(form).catch(() => form.submit()); // the page that follows says what is wrong
  });
}
