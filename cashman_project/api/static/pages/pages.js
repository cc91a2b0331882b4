// What makes the pages more convenient. Each page works without it.
"use strict";

// A suggestion that is chosen fills other inputs of its form: <option value="Bakery" data-category="Groceries">. What
// somebody has typed or chosen in another input stays.
function fillFromSuggestion(event) {
  const input = event.target;
  const options = input.list ? [...input.list.options] : [];
  const option = options.find((one) => one.value === input.value);
  if (!option || !input.form) return;
  for (const [name, value] of Object.entries(option.dataset)) {
    const other = input.form.elements.namedItem(name);
    if (other && (other.value === "" || other.value === other.dataset.filled)) {
      other.value = value;
      other.dataset.filled = value;
    }
  }
}

document.addEventListener("input", fillFromSuggestion);

// A form that somebody opens: the cursor goes into its first input.
for (const summary of document.querySelectorAll("details.tool > summary")) {
  summary.addEventListener("click", () => {
    setTimeout(() => {
      if (!summary.parentElement.open) return;
      const input = summary.parentElement.querySelector("input:not([type=hidden], [type=radio]), select, textarea");
      if (input) input.focus();
    });
  });
}

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

// A menu closes when somebody clicks elsewhere or presses Escape.
for (const menu of document.querySelectorAll("details.choices")) {
  document.addEventListener("click", (event) => {
    if (!menu.querySelector("summary").contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
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

// Buttons that copy the text of an element.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch { // the browser has no clipboard for pages without HTTPS
      getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    button.textContent = button.dataset.copied;
  });
}
