"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

// The theme: the system's until somebody chooses, then kept where the browser allows it.
const theme = one("#theme"), page = document.documentElement;
const night = () => page.dataset.theme
  ? page.dataset.theme === "dark"
  : matchMedia("(prefers-color-scheme: dark)").matches;
const name = () => { theme.textContent = night() ? "Light" : "Dark"; };
try { if (localStorage.theme) page.dataset.theme = localStorage.theme; } catch { /* not allowed */ }
theme.hidden = false;
theme.addEventListener("click", () => {
  page.dataset.theme = night() ? "light" : "dark";
  try { localStorage.theme = page.dataset.theme; } catch { /* not allowed */ }
  name();
});
name();

// Tables sort by a click on a column's head, numbers as numbers.
const key = (row, column) => {
  const cell = row.cells[column], value = cell.dataset.value ?? cell.textContent.trim();
  return value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
};
const compare = (a, b) => typeof a === "number" && typeof b === "number"
  ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
for (const button of all(".sortable .sort")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = one("tbody", head.closest("table"));
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of all("th", head.parentNode)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((a, b) =>
      compare(key(a, head.cellIndex), key(b, head.cellIndex)) * (down ? -1 : 1));
    body.append(...rows);
  });
}

// Curves: a box shows or hides a run's.
const showCurve = (box) => {
  for (const curve of all(`#compared .show-${box.dataset.curve}`)) {
    curve.style.display = box.checked ? "" : "none";
  }
};
const boxes = all("[data-curve]");
for (const box of boxes) {
  box.addEventListener("change", () => showCurve(box));
  showCurve(box);
}
for (const button of all("[data-check]")) {
  button.addEventListener("click", () => {
    for (const box of boxes) {
      box.checked = button.dataset.check === "all";
      showCurve(box);
    }
  });
}

// The histogram holds every class, one is shown.
const classes = one("#class");
const showClass = () => {
  for (const bars of all("#histogram [class^=show-]")) {
    bars.style.display = bars.classList.contains(`show-${classes.value}`) ? "" : "none";
  }
};
if (classes) {
  classes.addEventListener("change", showClass);
  showClass();
}

// Errors by pair, and a cell's digits beneath the matrix.
const cards = all("#gallery figure"), pair = one("#pair");
const isOf = (card, truth, predicted) => one("b", card).textContent === truth
  && (one("em", card) ?? one("b", card)).textContent === predicted;
if (pair) {
  pair.addEventListener("change", () => {
    const { truth, predicted } = pair.selectedOptions[0].dataset;
    for (const card of cards) card.hidden = truth !== undefined && !isOf(card, truth, predicted);
    const shown = cards.filter((card) => !card.hidden).length;
    one("#shown").textContent = truth !== undefined ? `${shown} of ${cards.length}` : "";
  });
}
const matrix = one("#matrix");
if (matrix) {
  for (const choice of all("#kind input")) {
    choice.addEventListener("change", () => showCounts(choice.value === "counts"));
  }
  const heads = all("thead th", matrix).map((head) => head.textContent);
  for (const cell of all("button", matrix)) {
    const row = cell.closest("tr"), truth = one("th", row).textContent;
    const predicted = heads[cell.closest("td").cellIndex - 1], count = cell.textContent;
    const what = truth === predicted ? `${truth}, found as such` : `${truth} taken for ${predicted}`;
    cell.setAttribute("aria-label", `${what}: ${count}`);
    cell.addEventListener("click", () => {
      for (const other of all("button", matrix)) other.setAttribute("aria-pressed", other === cell);
      showCell(truth, predicted, what, count);
    });
  }
}
function showCounts(counts) {
  for (const row of all("tbody tr", matrix)) {
    const cells = all("button", row);
    for (const cell of cells) cell.dataset.count ??= cell.textContent;
    for (const cell of cells) {
      const count = cell.dataset.count;
      cell.textContent = counts ? count : (100 * count / row.dataset.support).toFixed(1);
    }
  }
}
function showCell(truth, predicted, what, count) {
  const found = [...all("#examples figure"), ...cards].filter((card) => isOf(card, truth, predicted));
  const title = document.createElement("h3"), digits = document.createElement("div");
  const part = found.length < Number(count) ? `the ${found.length} least sure of ${count}` : count;
  title.textContent = `${what}: ${part}`;
  digits.className = "gallery";
  for (const card of found) {
    const copy = card.cloneNode(true);
    copy.hidden = false;
    digits.append(copy);
  }
  one("#cell").replaceChildren(title, digits);
}
