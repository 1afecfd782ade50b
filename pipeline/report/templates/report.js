// A click on a column's header sorts the table; numbers are sorted by value.
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

// A checkbox shows or hides the curves of a run.
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

// The histogram contains all classes and shows one.
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

// Errors of one pair of classes; the images of a cell beside the confusion matrix.
const cards = all("#gallery figure"), pair = one("#pair");
const isOf = (card, label, predicted) => one("b", card).textContent === label
  && (one("em", card) ?? one("b", card)).textContent === predicted;
if (pair) {
  pair.addEventListener("change", () => {
    const { label, predicted } = pair.selectedOptions[0].dataset;
    for (const card of cards) card.hidden = label !== undefined && !isOf(card, label, predicted);
    const shown = cards.filter((card) => !card.hidden).length;
    one("#shown").textContent = label !== undefined ? `${shown} of ${cards.length}` : "";
  });
}
const matrix = one("#matrix");
if (matrix) {
  for (const choice of all("#kind input")) {
    choice.addEventListener("change", () => showCounts(choice.value === "counts"));
  }
  const heads = all("thead th", matrix).map((head) => head.textContent);
  for (const cell of all("button", matrix)) {
    const row = cell.closest("tr"), label = one("th", row).textContent;
    const predicted = heads[cell.closest("td").cellIndex - 1], count = cell.textContent;
    const what = label === predicted ? `${label}, correct` : `${label} predicted as ${predicted}`;
    cell.setAttribute("aria-label", `${what}: ${count}`);
    cell.addEventListener("click", () => {
      for (const other of all("button", matrix)) other.setAttribute("aria-pressed", other === cell);
      showCell(label, predicted, what, count);
    });
  }
  const worst = all("td.off button", matrix).sort((a, b) => b.textContent - a.textContent)[0];
  (worst ?? one("button", matrix)).click();
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
function showCell(label, predicted, what, count) {
  const found = [...all("#examples figure"), ...cards].filter((card) => isOf(card, label, predicted));
  const title = document.createElement("h3"), images = document.createElement("div");
  const part = found.length < Number(count) ? `the ${found.length} least confident of ${count}` : count;
  title.textContent = `${what}: ${part}`;
  images.className = "gallery";
  for (const card of found) {
    const copy = card.cloneNode(true);
    copy.hidden = false;
    images.append(copy);
  }
  one("#cell").replaceChildren(title, images);
}
