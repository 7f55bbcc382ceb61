/* Many examples: dimensions of the levels, residuals, accuracy against the limit on segments. */

function analysisPage(data) {
  const levels = data.levels, limits = data.limits;
  for (const l of levels)
    lineChart("Participation ratio of " + l.name,
      `(Σλ)² / Σλ² of the covariance of its states over all steps and positions; ${l.width} features`,
      [{ label: "trained", number: 0, points: l.participation.map((p) => ({ x: p.examples, y: p.trained })) },
        { label: "untrained", number: 1, points: l.participation.map((p) => ({ x: p.examples, y: p.untrained })) }],
      "examples", "dimensions", { x: doubling(l.participation.map((p) => p.examples)), y: { min: 0 } });
  lineChart("Forward residuals", "‖zⁱ − zⁱ⁻¹‖, mean over the examples, at the steps that changed a level",
    levels.map((l, k) => ({ label: l.name, number: k, points: l.residuals.map((p) => ({ x: p.step, y: p.mean })) })),
    "step", "residual", { y: { type: "logarithmic" } });
  const halts = limits.some((p) => p.segments_halting !== null);
  const curve = (label, number, key) => ({ label, number, points: limits.map((p) => ({ x: p.limit, y: p[key] })) });
  const early = (...what) => halts ? what : [];
  const ticks = doubling(limits.map((p) => p.limit));
  lineChart("Accuracy against the limit on segments", `trained with ${counted(data.trained_segments, "segment")}`,
    [curve("exact", 0, "exact"), ...early(curve("exact, halting early", 1, "exact_halting")),
      curve("cells", 2, "cells"), ...early(curve("cells, halting early", 3, "cells_halting"))],
    "segments at most", "share", { x: ticks, y: { min: 0, max: 1 } });
  if (halts)
    lineChart("Mean segments against the limit", "with early halting an example stops when its halt head says so",
      [curve("no halting", 0, "limit"), curve("halting early", 1, "segments_halting")],
      "segments at most", "mean segments", { x: ticks, y: ticks });
  const percent = (v) => v === null ? "–" : (100 * v).toFixed(1) + "%";
  const halting = early("exact, halting", "cells, halting", "mean segments");
  card("In numbers", null, numbers(["limit", "exact", "cells", ...halting],
    limits.map((p) => [p.limit, percent(p.exact), percent(p.cells),
      ...early(percent(p.exact_halting), percent(p.cells_halting), show(p.segments_halting, 3))])))
    .classList.add("wide");
  return [`What ${data.model} does on ${counted(data.examples, "example")}`, `${data.data} · ${data.checkpoint}`];
}
