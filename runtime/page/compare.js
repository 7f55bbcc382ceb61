/* Variants that were trained under one budget: what they cost, what they reached, and their curves over the seeds. */

/* "97.1 ± 0.4" of {mean, sd}; "–" where there is none. */
function spreadText(spread, scale, decimals) {
  if (!spread || spread.mean === null) return "–";
  const text = (scale * spread.mean).toFixed(decimals);
  return spread.sd === null ? text : `${text} ± ${(scale * spread.sd).toFixed(decimals)}`;
}

function shortNumber(value) {
  const step = value < 999.5 ? 0 : Math.min(5, Math.floor(Math.log10(value) / 3 + 1e-9));
  return show(value / 1000 ** step, 3) + ["", "k", "M", "G", "T", "P"][step];
}

/* The mean of the curves at each step that all of them have. */
function meanCurve(curves) {
  const at = new Map();
  for (const curve of curves)
    for (const p of curve) {
      const sum = at.get(p.step) || { x: 0, y: 0, count: 0 };
      at.set(p.step, { x: sum.x + p.x, y: sum.y + p.y, count: sum.count + 1 });
    }
  return [...at.values()].filter((s) => s.count === curves.length).map((s) => ({ x: s.x / s.count, y: s.y / s.count }));
}

/* Of each variant the mean in bold, and its seeds faintly. `value` picks a number of a line of metrics, or
   undefined. */
function spreadChart(data, title, note, value, seconds, y) {
  const lines = data.variants.flatMap((v, number) => {
    const curves = v.runs.filter((r) => r.state === "done").map((r) => r.lines
      .filter((l) => typeof value(l) === "number")
      .map((l) => ({ step: l.step, x: seconds ? l.seconds / 60 : l.step, y: value(l) })));
    const seeds = curves.length > 1 ? curves : [];
    return [{ label: v.name, number, points: meanCurve(curves) },
      ...seeds.map((points, k) => ({ label: `${v.name}, seed ${k}`, number, points, faint: true }))];
  });
  if (lines.some((l) => l.points.length))
    lineChart(title, note, lines, seconds ? "minutes of training" : "step", "", { y });
}

/* A share of right answers against the limit on segments, where some variant was evaluated with several. */
function limitCharts(data, key, title) {
  const limits = new Set(data.variants.flatMap((v) => v.evaluations.map((e) => e.max_segments)));
  const ticks = doubling([...limits].sort((a, b) => a - b));
  for (const halt of [false, true]) {
    const lines = data.variants.map((v, number) => ({ label: v.name, number,
      points: v.evaluations.filter((e) => e.halt === halt && e[key] && e[key].mean !== null)
        .map((e) => ({ x: e.max_segments, y: e[key].mean })).sort((a, b) => a.x - b.x) }));
    if (lines.some((l) => l.points.length > 1))
      lineChart(title + " against the limit on segments" + (halt ? ", halting early" : ""),
        data.variants.map((v) => `${v.name} trained with ${v.trained_segments}`).join(", "),
        lines, "segments at most", "", { x: ticks, y: { min: 0, max: 1 } });
  }
}

function comparePage(data) {
  const scores = SCORES.filter(([key]) => data.variants.some((v) => v.evaluations.some((e) => e[key])));
  const runs = (v) => `${v.done} of ${data.seeds}` + (v.diverged ? `, ${v.diverged} diverged` : "");
  card("What they cost", "mean and standard deviation over the seeds; loss: of the last tenth of training",
    numbers(["variant", "runs", "parameters", "FLOPs a segment", "a training step", "bytes of memory", "steps",
      "seconds", "loss"], data.variants.map((v) => [v.name, runs(v), shortNumber(v.parameters),
      shortNumber(v.forward_flops), shortNumber(v.train_flops), shortNumber(v.memory_bytes), v.steps,
      spreadText(v.seconds, 1, 1), spreadText(v.loss, 1, 4)]))).classList.add("wide");
  card("What they reached", "on the test split, in percent",
    numbers(["variant", "segments at most", "segments", "cells", "exact", ...scores.map(([key]) => key)],
      data.variants.flatMap((v) => v.evaluations.map((e) => [v.name, e.max_segments + (e.halt ? ", halting" : ""),
        spreadText(e.segments, 1, 2), spreadText(e.cells, 100, 1), spreadText(e.exact, 100, 1),
        ...scores.map(([key]) => spreadText(e[key], 100, 1))])))).classList.add("wide");
  const note = "mean over the seeds, and each seed faintly";
  const exact = (l) => tested(l, "exact_accuracy"), cells = (l) => tested(l, "cell_accuracy");
  const share = { min: 0, max: 1 };
  spreadChart(data, "Exact, test split", note, exact, false, share);
  spreadChart(data, "Exact, test split, against time", note, exact, true, share);
  for (const [, key, title] of scores)
    spreadChart(data, title + ", test split", note, (l) => tested(l, key), false, share);
  spreadChart(data, "Cells, test split", note, cells, false, share);
  spreadChart(data, "Loss of the answer, in training", note, (l) => l.lm_loss, false, { type: "logarithmic" });
  limitCharts(data, "exact", "Exact");
  for (const [key, , title] of scores) limitCharts(data, key, title);
  const budget = data.minutes ? counted(+show(data.minutes), "minute") : counted(data.steps, "step");
  return ["Comparison", `${data.variants.map((v) => v.name).join(" · ")} · ${budget} each · ${data.data}`];
}
