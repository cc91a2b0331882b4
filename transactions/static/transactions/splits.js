// The page of a split, which works without it.
"use strict";

// A split: what is left to assign follows what is typed, and lines come and go.
for (const form of document.querySelectorAll("form[data-split]")) {
  const digits = Number(form.dataset.digits);
  const scale = 10 ** digits;
  const total = Math.round(Number(form.dataset.split) * scale);
  const write = (units, useGrouping) => new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: digits, numberingSystem: "latn", useGrouping,
  }).format(units / scale);
  const lines = () => [...form.querySelectorAll("[data-part]:not([hidden])")];
  const amount = (line) => line.querySelector("[name$='.amount']");

  // Returns the amount in the smallest unit, however it is typed; NaN if it is no amount.
  const read = (text) => {
    const marked = text.match(/^(.*)[.,](\d*)\D*$/);
    const isFraction = marked && marked[2].length <= digits;
    const [whole, fraction] = isFraction ? [marked[1], marked[2]] : [text, ""];
    return Number(whole.replace(/\D/g, "") + fraction.padEnd(digits, "0"));
  };

  const left = () => lines().reduce((rest, line) => rest - read(amount(line).value), total);

  const refresh = () => {
    const rest = left();
    const shown = form.querySelector("[data-left]");
    shown.textContent = Number.isSafeInteger(rest) ? write(rest, true) : "—";
    shown.closest("p").classList.toggle("wrong", rest !== 0);
    for (const line of lines()) amount(line).placeholder = rest > 0 ? write(rest, false) : "";
    for (const button of form.querySelectorAll(".remove")) button.hidden = lines().length < 3;
    form.querySelector(".another").hidden = lines().length >= Number(form.dataset.most);
  };

  const show = (line, isShown) => {
    line.hidden = line.disabled = !isShown;
    for (const input of isShown ? [] : line.querySelectorAll("input, textarea")) input.value = "";
  };

  // A line for each part that is there, two at least, and one for what is left: the others wait until they are asked for.
  const isEmpty = (line) => [...line.querySelectorAll("input, textarea")].every((input) => input.value === "");
  const spare = left() > 0 ? 1 : 0;
  for (const line of lines().filter(isEmpty).slice(spare).reverse()) if (lines().length > 2) show(line, false);

  form.addEventListener("input", refresh);
  form.addEventListener("click", (event) => {
    if (event.target.matches(".remove")) {
      show(event.target.closest("[data-part]"), false);
      amount(lines()[0]).focus();
    } else if (event.target.matches(".another")) {
      const all = [...form.querySelectorAll("[data-part]")];
      let line = all.find((one) => one.hidden);
      if (!line) {
        line = all.at(-1).cloneNode(true);
        const rename = (text) => text.replace(/^parts\.\d+/, `parts.${all.length}`);
        for (const input of line.querySelectorAll("input, textarea")) input.id = input.name = rename(input.name);
        for (const label of line.querySelectorAll("label")) label.htmlFor = rename(label.htmlFor);
        all.at(-1).after(line);
      }
      show(line, false);
      show(line, true);
      form.querySelector(".hint").before(line);
      amount(line).focus();
    } else return;
    refresh();
  });
  refresh();
}
