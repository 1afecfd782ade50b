
// The paper: strokes of points (x, y) in 0..1, and the drawings before, for undo.
const STEP = 0.004, WIDTH = 0.055, PAUSE = 30, SPEAK = 700, IMPROVE = 2000;
const paper = one("#paper"), pen = paper.getContext("2d");
let strokes = [], before = [], pointer = null;

const at = (event) => {
  const box = paper.getBoundingClientRect();
  const inside = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
  return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
};
const paint = () => {
  const side = Math.round(paper.clientWidth * devicePixelRatio);
  if (paper.width !== side) paper.width = paper.height = side;
  pen.clearRect(0, 0, side, side);
  pen.strokeStyle = getComputedStyle(paper).color;
  pen.lineWidth = WIDTH * side;
  pen.lineCap = pen.lineJoin = "round";
  for (const stroke of strokes) {
    const points = stroke.map(([x, y]) => [x * side, y * side]);
    pen.beginPath();
    pen.moveTo(...points[0]);
    for (let i = 1; i < points.length - 1; i++) { // through the middles: no corners
      const [x, y] = points[i], [next, below] = points[i + 1];
      pen.quadraticCurveTo(x, y, (x + next) / 2, (y + below) / 2);
    }
    pen.lineTo(...points.at(-1));
    pen.stroke();
  }
};
const changed = () => {
  one("#hint").classList.toggle("gone", strokes.length > 0);
  one("#undo").disabled = !before.length;
  one("#clear").disabled = !strokes.length;
  paint();
  version++;
  setTimeout(ask, PAUSE);
};
paper.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0) return;
  event.preventDefault();
  pointer = event.pointerId;
  paper.setPointerCapture(pointer);
  before.push(strokes);
  strokes = [...strokes, [at(event)]];
  changed();
});
paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const stroke = strokes.at(-1), moves = event.getCoalescedEvents?.() ?? [];
  for (const move of moves.length ? moves : [event]) {
    const point = at(move), last = stroke.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= STEP) stroke.push(point);
  }
  changed();
});
for (const end of ["pointerup", "pointercancel"]) {
  paper.addEventListener(end, (event) => { if (event.pointerId === pointer) pointer = null; });
}
const undo = () => {
  if (pointer !== null || !before.length) return;
  strokes = before.pop();
  changed();
};
const clear = () => {
  if (pointer !== null || !strokes.length) return;
  before.push(strokes);
  strokes = [];
  changed();
};
one("#undo").addEventListener("click", undo);
one("#clear").addEventListener("click", clear);
document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase(), held = event.ctrlKey || event.metaKey;
  if (event.altKey || (held && key !== "z")) return;
  if (key === "z") undo();
  else if (key === "c") clear();
  else return;
  event.preventDefault();
});
new ResizeObserver(paint).observe(paper);
theme.addEventListener("click", paint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

// One question at a time: when its answer is there, the newest drawing is asked about.
let version = 0, answered = 0, asking = false;
async function ask() {
  if (asking) return;
  asking = true;
  while (answered !== version) {
    const asked = version;
    const answer = strokes.length ? await question({ strokes }) : null;
    if (answer?.again) { // another window asked at the same time
      await new Promise((resolve) => setTimeout(resolve, 3 * PAUSE));
      continue;
    }
    answered = asked;
    if (strokes.length || !answer) show(strokes.length ? answer : null);
  }
  asking = false;
}
async function question(drawing) {
  const began = performance.now();
  try {
    const response = await fetch("answer", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(drawing),
    });
    const answer = await response.json();
    if (response.status === 409) return { again: true };
    warn(response.ok ? "" : `No answer: ${answer.error}.`);
    if (response.ok) one("#time").textContent = `${Math.round(performance.now() - began)} ms`;
    return response.ok ? answer : undefined;
  } catch {
    warn("The server has ended. Start it again with: pipeline draw");
  }
}
function warn(text) {
  const problem = one("#problem");
  if (problem.textContent !== text) problem.textContent = text;
  problem.hidden = !text;
}

// The answer.
const bars = all("#bars li"), names = bars.map((bar) => one(".class", bar).textContent);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
let speaking, improving;
function show(answer) {
  clearTimeout(improving);
  if (answer === undefined) return; // a failure: the last answer stays
  document.body.classList.toggle("empty", !answer);
  const shares = answer?.probabilities ?? names.map(() => 0);
  const [first, second] = answer?.between ?? [];
  const best = one("#best");
  best.textContent = answer ? names[first] : "?";
  best.style.setProperty("--length", best.textContent.length);
  one("#sure").textContent = answer ? percent(shares[first]) : "";
  one("#second").textContent = answer && shares[second] >= 0.05
    ? `or ${names[second]}, ${percent(shares[second])}` : "";
  showBars(shares, first);
  if (answer) showReasons(answer, first, second);
  else {
    one("#time").textContent = one("#compared").textContent = "";
    one("#between").textContent = "the pixels that matter most";
    for (const item of all("#alike li")) item.replaceChildren();
  }
  improving = answer?.complete === false // more training images will have been compared
    ? setTimeout(() => { version++; ask(); }, IMPROVE) : null;
  clearTimeout(speaking); // only what has settled is read out
  speaking = setTimeout(() => {
    one("#spoken").textContent = answer ? `${names[first]}, ${percent(shares[first])}` : "The paper is empty.";
  }, SPEAK);
}
function showBars(shares, first) {
  const limit = Number(one("#bars").dataset.shown);
  const order = shares.map((_, i) => i);
  if (order.length > limit) order.sort((a, b) => shares[b] - shares[a]);
  order.forEach((index, place) => {
    const bar = bars[index];
    bar.hidden = place >= limit;
    bar.style.order = place;
    bar.classList.toggle("first", index === first);
    bar.style.setProperty("--v", shares[index]);
    one(".share", bar).textContent = percent(shares[index]);
  });
}
function showReasons(answer, first, second) {
  draw(one("#seen"), answer.seen);
  draw(one("#under"), answer.seen);
  draw(one("#heat"), answer.saliency, heat);
  const between = one("#between"), bold = (text) => Object.assign(document.createElement("b"), { textContent: text });
  between.replaceChildren("the pixels that matter most between ", bold(names[first]), " and ", bold(names[second]));
  showAlike(answer.neighbours, first);
  one("#compared").textContent =
    `, of ${answer.compared.toLocaleString("en")}${answer.complete ? "" : " so far"}`;
}
function showAlike(neighbours, first) {
  const items = all("#alike li");
  neighbours.forEach((neighbour, place) => {
    const figure = document.createElement("figure"), canvas = document.createElement("canvas");
    const caption = document.createElement("figcaption");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Row ${neighbour.row} of the training file`);
    canvas.title = `row ${neighbour.row}`;
    draw(canvas, neighbour.picture);
    caption.textContent = names[neighbour.label];
    caption.classList.toggle("same", neighbour.label === first);
    figure.append(canvas, caption);
    items[place].replaceChildren(figure);
  });
}

// A picture of bytes on a canvas of as many pixels, which the page enlarges.
const colours = (levels) => levels.length === 1 ? [levels[0], levels[0], levels[0], 255] : [...levels, 255];
const heat = ([level]) => { // from violet to yellow
  const share = level / 255;
  return [80 + 290 * share, 20 + 205 * share ** 2, 160 - 100 * share, 1.7 * level];
};
function draw(canvas, { height, width, channels, levels }, colour = colours) {
  const bytes = Uint8Array.from(atob(levels), (character) => character.charCodeAt(0));
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    pixels.data.set(colour(bytes.subarray(i * channels, (i + 1) * channels)), 4 * i);
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
document.body.classList.add("empty");
changed();
