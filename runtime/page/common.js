"use strict";
/* What all pages share: elements, colours, charts. */

/* Okabe and Ito's colours, which the colour-blind tell apart; lines also differ by their dashes and marks. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DARK_COLOURS = ["#56b4e9", "#ff8f4a", "#2fd0a0", "#e8a3c8", "#f0c05a", "#8fb8ff"];
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3], [12, 4], [1, 5]];
const MARKS = ["circle", "rect", "triangle", "rectRot", "star", "cross"];

const charts = [];
const dark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function element(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (name in e && name !== "style") e[name] = value; else e.setAttribute(name, value);
  e.append(...children);
  return e;
}

function colour(number) {
  const list = dark.matches && !printing ? DARK_COLOURS : COLOURS;
  return list[number % list.length];
}

function themed(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

function card(title, note, ...children) {
  const parts = [element("h2", {}, title)];
  if (note) parts.push(element("p", { className: "note" }, note));
  const e = element("section", { className: "card" }, ...parts, ...children);
  document.getElementById("main").append(e);
  return e;
}

function show(value, digits = 4) {
  return value === null || value === undefined ? "–" : String(+value.toPrecision(digits));
}

/* Of a line of metrics.jsonl, a number of the test split: the mean over its sets by their examples; undefined where
   nothing was evaluated. */
function tested(line, key) {
  const sets = Object.values(line.sets || {}).filter((s) => typeof s[key] === "number");
  const examples = sets.reduce((sum, s) => sum + s.examples, 0);
  return examples ? sets.reduce((sum, s) => sum + s[key] * s.examples, 0) / examples : undefined;
}

/* What a kind of puzzle is scored by beside exact answers: its name where results are summed up, its key in
   metrics.jsonl, and its title. */
const SCORES = [
  ["valid", "valid_accuracy", "Valid"],
  ["score", "task_score", "Score of tasks"],
];

function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/* Faint lines stand behind others and are not in the legend. */
function hueOf(line) {
  return colour(line.number) + (line.faint ? "55" : "");
}

/* A line of a chart: {label, points: [{x, y}], number (of its colour)}. */
function dataset(line) {
  const hue = hueOf(line);
  const few = line.points.length <= 60;
  return {
    label: line.label, data: line.points, number: line.number, faint: line.faint, order: line.faint ? 1 : 0,
    borderColor: hue, backgroundColor: hue, borderWidth: line.faint ? 1 : 2,
    borderDash: DASHES[line.number % DASHES.length], pointStyle: MARKS[line.number % MARKS.length],
    pointRadius: line.radius ?? (few && !line.faint ? 3 : 0), pointHitRadius: 8, showLine: line.connected ?? true,
    tension: 0, spanGaps: true, clip: 6,
  };
}

function axis(title, options) {
  const grid = themed("line"), text = themed("faint");
  return { type: "linear", title: { display: true, text: title, color: text }, grid: { color: grid, borderColor: grid },
    ticks: { color: text, maxRotation: 0, ...(title === "step" ? { precision: 0 } : {}) }, ...options };
}

/* An axis of 1, 2, 4, …, each labelled: Chart.js would label powers of ten, their doubles and their halves alone. */
function doubling(values) {
  return { type: "logarithmic", min: values[0], max: values[values.length - 1],
    afterBuildTicks: (scale) => { scale.ticks = values.map((value) => ({ value })); },
    afterTickToLabelConversion: (scale) => { for (const tick of scale.ticks) tick.label = String(tick.value); } };
}

/* A card with a chart of lines; a text beside it says in words what it shows. */
function lineChart(title, note, lines, x, y, options = {}) {
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title + (note ? ": " + note : ""));
  const e = card(title, note, element("div", { className: "chart" }, canvas));
  const chart = new Chart(canvas, {
    type: "scatter",
    data: { datasets: lines.map(dataset) },
    options: {
      animation: false, maintainAspectRatio: false, interaction: { mode: "nearest", intersect: false },
      scales: { x: axis(x, options.x), y: axis(y, options.y) },
      plugins: { legend: { labels: { color: themed("text"), usePointStyle: true, boxWidth: 8, boxHeight: 8,
        filter: (item, data) => !data.datasets[item.datasetIndex].faint } } },
      onClick: options.onClick,
    },
    plugins: options.plugins || [],
  });
  charts.push(chart);
  return { card: e, chart };
}

/* After a change of the colours of the page. */
function repaint() {
  for (const chart of charts) {
    for (const d of chart.data.datasets) d.borderColor = d.backgroundColor = hueOf(d);
    for (const scale of Object.values(chart.options.scales)) {
      scale.title.color = scale.ticks.color = themed("faint");
      scale.grid.color = scale.grid.borderColor = themed("line");
    }
    chart.options.plugins.legend.labels.color = themed("text");
    chart.update("none");
  }
}

function numbers(head, rows) {
  return element("div", { className: "scroll" }, element("table", { className: "numbers" },
    element("thead", {}, element("tr", {}, ...head.map((h) => element("th", { scope: "col" }, h)))),
    element("tbody", {}, ...rows.map((r) => element("tr", {}, ...r.map((c) => element("td", {}, String(c))))))));
}

dark.addEventListener("change", repaint);
addEventListener("beforeprint", () => { printing = true; repaint(); });
addEventListener("afterprint", () => { printing = false; repaint(); });
