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
