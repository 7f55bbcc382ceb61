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
  const curve = (key) => limits.filter((p) => p[key] !== null).map((p) => ({ x: p.limit, y: p[key] }));
  const ticks = doubling(limits.map((p) => p.limit));
  lineChart("Accuracy against the limit on segments", `trained with ${data.trained_segments} segments`,
    [{ label: "exact", number: 0, points: curve("exact") }, { label: "exact, halting early", number: 1, points: curve("exact_halting") },
      { label: "cells", number: 2, points: curve("cells") }, { label: "cells, halting early", number: 3, points: curve("cells_halting") }],
    "segments at most", "share", { x: ticks, y: { min: 0, max: 1 } });
  lineChart("Mean segments against the limit", "with early halting an example stops when its halt head says so",
    [{ label: "no halting", number: 0, points: limits.map((p) => ({ x: p.limit, y: p.limit })) },
      { label: "halting early", number: 1, points: curve("segments_halting") }],
    "segments at most", "mean segments", { x: ticks, y: ticks });
  const percent = (v) => v === null ? "–" : (100 * v).toFixed(1) + "%";
  card("In numbers", null, numbers(["limit", "exact", "cells", "exact, halting", "cells, halting", "mean segments"],
    limits.map((p) => [p.limit, percent(p.exact), percent(p.cells), percent(p.exact_halting), percent(p.cells_halting), show(p.segments_halting, 3)])))
    .classList.add("wide");
  return [`What ${data.model} does on ${data.examples} examples`, `${data.data} · ${data.checkpoint}`];
}
