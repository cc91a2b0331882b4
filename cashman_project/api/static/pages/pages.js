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
