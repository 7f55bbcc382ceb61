/* Curves of training of one or several runs, from their metrics.jsonl. */

const CURVES = [
  ["lm_loss", "Loss of the answer", "mean over the slots", {}],
  ["exact_accuracy", "Exact, in training", "share of the examples that halted whose every cell is right", { min: 0, max: 1 }],
  ["accuracy", "Cells, in training", "share of right cells of the examples that halted", { min: 0, max: 1 }],
  ["halt_accuracy", "Halting, in training", "share of examples of which the halt head knew whether they were right", { min: 0, max: 1 }],
  ["mean_segments", "Segments, in training", "of the examples that halted", { min: 0 }],
  ["lr", "Learning rate", "", {}],
  ["examples_per_second", "Speed", "examples a second", { min: 0 }],
];
const TESTED = [["exact_accuracy", "Exact, test split"], ["cell_accuracy", "Cells, test split"], ["mean_segments", "Segments, test split"]];

function runCurves(runs, seconds) {
  const x = (line) => seconds ? line.seconds / 60 : line.step;
  const across = seconds ? "minutes of training" : "step";
  for (const [key, title, note, y] of CURVES) {
    const lines = runs.map((r, k) => ({ label: r.name, number: k,
      points: r.lines.filter((l) => typeof l[key] === "number").map((l) => ({ x: x(l), y: l[key] })) }));
    if (lines.some((l) => l.points.length)) lineChart(title, note, lines, across, "", { y });
  }
  const sets = [...new Set(runs.flatMap((r) => r.lines.flatMap((l) => Object.keys(l.sets || {}))))];
  for (const set of sets)
    for (const [key, title] of TESTED) {
      const lines = runs.map((r, k) => ({ label: r.name, number: k,
        points: r.lines.filter((l) => l.sets && l.sets[set] && typeof l.sets[set][key] === "number")
          .map((l) => ({ x: x(l), y: l.sets[set][key] })) }));
      if (lines.some((l) => l.points.length))
        lineChart(title, sets.length > 1 ? set : "", lines, across, "", { y: key === "mean_segments" ? { min: 0 } : { min: 0, max: 1 } });
    }
}

function lastOf(run, key) {
  for (let i = run.lines.length - 1; i >= 0; i--) if (typeof run.lines[i][key] === "number") return run.lines[i][key];
  return null;
}

function plotPage(data) {
  const rows = data.runs.map((r) => [r.name, ...["step", "seconds", "lm_loss", "accuracy", "exact_accuracy", "mean_segments"]
    .map((key) => show(lastOf(r, key)))]);
  const e = card("Where they stand", null, numbers(["run", "step", "seconds", "loss", "cells", "exact", "segments"], rows));
  e.classList.add("wide");
  runCurves(data.runs, false);
  return ["Training", data.runs.map((r) => r.name).join(" · ")];
}
