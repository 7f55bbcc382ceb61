/* One example, step by step. */

/* What the marks of a prediction mean: a text and the style of a sample. */
const LEGENDS = {
  sudoku: [["given, in bold", "background: none"], ["breaks a rule", "background: var(--wrong-ground)"],
    ["changed in this step", "background: var(--changed)"]],
  maze: [["wall", "background: var(--wall)"], ["path", "background: var(--path)"],
    ["start", "background: var(--start)"], ["goal", "background: var(--goal)"], ["wrong", "background: var(--wrong)"],
    ["no part of one path", "box-shadow: inset 0 0 0 3px var(--wrong)"], ["changed: framed", "background: none"]],
  arc: [["end mark", "background: #777"], ["changed: framed", "background: none"]],
  other: [["changed in this step", "background: var(--changed)"]],
};

function tracePage(data) {
  const last = data.frames.length - 1;
  let frame = 0, timer = null;

  const slider = element("input", { type: "range", id: "slider", min: 0, max: last, step: 1, value: 0 });
  slider.setAttribute("aria-label", "step");
  const play = element("button", { id: "play", type: "button" }, "▶ Play");
  const step = (title, id, by) =>
    element("button", { id, type: "button", title, onclick: () => go(frame + by) }, by < 0 ? "◀" : "▶|");
  const now = element("p", { id: "now" });
  now.setAttribute("aria-live", "polite");
  const grid = newGrid(data, "prediction");
  const legend = element("div", { className: "legend" });
  const controls = [play, step("one step back", "back", -1), slider, step("one step on", "next", 1)];
  card("Prediction after each step", null, element("div", { className: "controls" }, ...controls), now, grid, legend,
    element("div", { className: "pair" }, still(data, "question", data.inputs), still(data, "answer", data.labels)))
    .classList.add("tall");

  for (const [text, style] of LEGENDS[data.kind]) legend.append(element("span", {}, element("b", { style }), text));

  /* A vertical line at the frame that is shown. */
  const cursor = {
    id: "cursor",
    afterDraw(chart) {
      const x = chart.scales.x.getPixelForValue(frame), area = chart.chartArea;
      chart.ctx.save();
      chart.ctx.strokeStyle = themed("text");
      chart.ctx.lineWidth = 1;
      chart.ctx.beginPath();
      chart.ctx.moveTo(x, area.top);
      chart.ctx.lineTo(x, area.bottom);
      chart.ctx.stroke();
      chart.ctx.restore();
    },
  };
  const jump = { plugins: [cursor],
    onClick: (event, items, chart) => go(Math.round(chart.scales.x.getValueForPixel(event.x))) };
  const byFrame = (f) => data.frames.map((x, i) => ({ x: i, y: f(x) })).filter((p) => p.y !== null);
  const x = { min: 0, max: last };

  lineChart("Forward residuals", "‖zⁱ − zⁱ⁻¹‖ of each level at the steps that changed it; click to go to a step",
    data.levels.map((l, k) => ({ label: l.name, number: k, points: byFrame((f) => f.residuals[l.name] ?? null) })),
    "step", "residual", { ...jump, x, y: { type: "logarithmic" } });
  if (data.act !== "fixed")
    lineChart("Halting", "values of the halt head, decoded from each state; the example may stop where halt is above " +
      (data.act === "q_learning" ? "continue" : "0"),
      [{ label: "halt", number: 0, points: byFrame((f) => f.halt) },
        ...(data.act === "q_learning" ? [{ label: "continue", number: 1, points: byFrame((f) => f.continue) }] : [])],
      "step", "logit", { ...jump, x });

  /* The state at the frame that is shown, on a trajectory. */
  const place = (level) => ({
    id: "place",
    afterDatasetsDraw(chart) {
      const p = level.trajectory.filter((q) => q.frame <= frame).pop() || level.trajectory[0];
      if (!p) return;
      chart.ctx.save();
      chart.ctx.strokeStyle = themed("text");
      chart.ctx.lineWidth = 2;
      chart.ctx.beginPath();
      chart.ctx.arc(chart.scales.x.getPixelForValue(p.x), chart.scales.y.getPixelForValue(p.y), 8, 0, 7);
      chart.ctx.stroke();
      chart.ctx.restore();
    },
  });
  const percent = (v) => Math.round(100 * v) + "%";
  data.levels.forEach((l, k) => lineChart("Trajectory of " + l.name,
    "the state at the steps that changed it, on the first two principal components " +
      `(${percent(l.variance[0])} and ${percent(l.variance[1])} of the variance); ringed: now`,
    [{ label: l.name, number: k, points: l.trajectory.map((p) => ({ x: p.x, y: p.y })) }],
    "first component", "second component", { plugins: [place(l)] }));

  function describe(f, wrong) {
    const right = data.labels.filter((t, i) => t !== null && t === f.prediction[i]).length;
    const scored = data.labels.filter((t) => t !== null).length;
    const place = f.step === 0 ? "before the first step" : `segment ${f.segment}, step ${f.step}`;
    const level = data.levels.filter((l) => f.residuals[l.name] != null).map((l) => l.name + " changed").join(", ");
    const judged = data.kind === "sudoku" || data.kind === "maze" ? `, ${wrong} break a rule` : "";
    const halt = data.act === "fixed" ? "" : ` · halt ${show(f.halt, 3)}`;
    const further = data.act === "q_learning" ? `, continue ${show(f.continue, 3)}` : "";
    return `${frame} of ${last}: ${place}${level ? " (" + level + ")" : ""} · ` +
      `${right} of ${scored} scored cells are right${judged}${halt}${further}`;
  }

  function go(to) {
    frame = Math.max(0, Math.min(last, to));
    const f = data.frames[frame];
    const wrong = VIOLATIONS[data.kind](data, f.prediction);
    fillGrid(grid, data, f.prediction, wrong, data.frames[Math.max(0, frame - 1)].prediction);
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `segment ${f.segment}, step ${f.step}`);
    now.textContent = describe(f, wrong.filter(Boolean).length);
    for (const chart of charts) chart.draw();
    if (frame === last) stop();
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  }
  function toggle() {
    if (timer) return stop();
    if (frame === last) go(0);
    timer = setInterval(() => go(frame + 1), 350);
    play.textContent = "⏸ Pause";
  }
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => go(+slider.value));
  const keys = { ArrowLeft: () => go(frame - 1), ArrowRight: () => go(frame + 1), Home: () => go(0),
    End: () => go(last), " ": toggle };
  document.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.target === slider || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === " " && event.target.tagName === "BUTTON") return;
    event.preventDefault();
    keys[event.key]();
  });
  go(0);
  const trained = `trained with ${counted(data.trained_segments, "segment")}`;
  return [`How ${data.model} solves example ${data.example}`,
    [data.kind, data.data, data.checkpoint, trained, "keys: arrows, Home, End, space"].join(" · ")];
}
