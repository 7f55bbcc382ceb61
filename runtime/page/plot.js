/* Curves of training of one or several runs, from their metrics.jsonl. */

const CURVES = [
  ["lm_loss", "Loss of the answer", "mean over the slots", {}],
  ["exact_accuracy", "Exact, in training", "share of the examples that halted whose every cell is right",
    { min: 0, max: 1 }],
  ["accuracy", "Cells, in training", "share of right cells of the examples that halted", { min: 0, max: 1 }],
  ["halt_accuracy", "Halting, in training", "share of examples of which the halt head knew whether they were right",
    { min: 0, max: 1 }],
  ["mean_segments", "Segments, in training", "of the examples that halted", { min: 0 }],
  ["lr", "Learning rate", "", {}],
  ["examples_per_second", "Speed", "examples a second", { min: 0 }],
];
const TESTED = [
  ["exact_accuracy", "Exact, test split", { min: 0, max: 1 }],
  ...SCORES.map(([, key, title]) => [key, title + ", test split", { min: 0, max: 1 }]),
  ["cell_accuracy", "Cells, test split", { min: 0, max: 1 }],
  ["mean_segments", "Segments, test split", { min: 0 }],
];

function curves(runs, title, note, y, value) {
  const lines = runs.map((r, number) => ({ label: r.name, number,
    points: r.lines.map((l) => ({ x: l.step, y: value(l) })).filter((p) => typeof p.y === "number") }));
  if (lines.some((l) => l.points.length)) lineChart(title, note, lines, "step", "", { y });
}

function testCurves(runs) {
  const sets = [...new Set(runs.flatMap((r) => r.lines.flatMap((l) => Object.keys(l.sets || {}))))];
  for (const set of sets)
    for (const [key, title, y] of TESTED)
      curves(runs, title, sets.length > 1 ? set : "", y, (l) => l.sets && l.sets[set] && l.sets[set][key]);
}

function lastOf(run, value) {
  return run.lines.map(value).filter((v) => typeof v === "number").pop();
}

function percent(share) {
  return share === undefined ? "–" : (100 * share).toFixed(2) + "%";
}

function plotPage(data) {
  const number = (run, key) => show(lastOf(run, (l) => l[key]));
  const share = (run, key) => percent(lastOf(run, (l) => l[key]));
  const test = (run, key) => percent(lastOf(run, (l) => tested(l, key)));
  const scores = SCORES.filter(([, key]) => data.runs.some((r) => lastOf(r, (l) => tested(l, key)) !== undefined));
  card("Where they stand", null,
    numbers(["run", "step", "seconds", "loss", "cells", "exact", "segments", "cells, test split", "exact, test split",
      ...scores.map(([name]) => name + ", test split")],
      data.runs.map((r) => [r.name, number(r, "step"), number(r, "seconds"), number(r, "lm_loss"), share(r, "accuracy"),
        share(r, "exact_accuracy"), number(r, "mean_segments"), test(r, "cell_accuracy"), test(r, "exact_accuracy"),
        ...scores.map(([, key]) => test(r, key))])))
    .classList.add("wide");
  testCurves(data.runs);
  for (const [key, title, note, y] of CURVES) curves(data.runs, title, note, y, (l) => l[key]);
  return ["Training", data.runs.map((r) => r.name).join(" · ")];
}
