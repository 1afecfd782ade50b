"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

// The theme of the system, or the one that the reader chose, if the browser stores it.
const theme = one("#theme"), page = document.documentElement;
const night = () => page.dataset.theme
  ? page.dataset.theme === "dark"
  : matchMedia("(prefers-color-scheme: dark)").matches;
const name = () => { theme.textContent = night() ? "Light" : "Dark"; };
try { if (localStorage.theme) page.dataset.theme = localStorage.theme; } catch { /* storage is blocked */ }
theme.hidden = false;
theme.addEventListener("click", () => {
  page.dataset.theme = night() ? "light" : "dark";
  try { localStorage.theme = page.dataset.theme; } catch { /* storage is blocked */ }
  name();
});
name();
