// What Swagger UI leaves out.
"use strict";

// It is dark if the root has this class. Like the other pages, it follows the system.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Screen readers need a name of each part and of the select, headings without a gap, and no link inside a button.
function mend() {
  for (const [part, name] of [[".information-container", "About"], [".schemes-server-container", "Server"]]) {
    const element = document.querySelector(part);
    element?.setAttribute("role", "region");
    element?.setAttribute("aria-label", name);
  }
  document.getElementById("servers")?.setAttribute("aria-label", "Server");
  for (const heading of document.querySelectorAll("h3.opblock-tag, section.models > h4")) heading.setAttribute("aria-level", "2");
  for (const link of document.querySelectorAll(".opblock-summary-control a[href]")) link.removeAttribute("href");
}
new MutationObserver(mend).observe(document, {childList: true, subtree: true});
