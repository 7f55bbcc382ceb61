/* A puzzle as a table: what stands in a cell, and what is wrong with it. */

const MAZE = { 1: "wall", 2: "free", 3: "start", 4: "goal", 5: "path" };
const ARC_COLOURS = ["#000000", "#0074d9", "#ff4136", "#2ecc40", "#ffdc00", "#aaaaaa", "#f012be", "#ff851b", "#7fdbff",
  "#870c25"];

/* Cells that break the rules, by the rules of the kind of puzzle. */
const VIOLATIONS = {
  sudoku(data, tokens) {
    const n = data.columns, [boxRows, boxColumns] = data.boxes;
    const wrong = tokens.map((t, i) => t < 2 || t > n + 1 || (data.inputs[i] > 1 && t !== data.inputs[i]));
    const units = (i) => {
      const r = Math.floor(i / n), c = i % n;
      return ["r" + r, "c" + c, "b" + Math.floor(r / boxRows) + "," + Math.floor(c / boxColumns)];
    };
    const seen = new Map();
    tokens.forEach((t, i) => units(i).forEach((u) => {
      const key = u + ":" + t, first = seen.get(key);
      if (first === undefined) seen.set(key, i); else wrong[i] = wrong[first] = true;
    }));
    return wrong;
  },
  /* A path goes over free cells, from the start to the goal: none of its cells has an open end or a branch, and it
     leaves both by one cell. */
  maze(data, tokens) {
    const on = (t) => t >= 3 && t <= 5;
    return tokens.map((t, i) => {
      const given = data.inputs[i];
      if (t !== given && !(given === 2 && t === 5)) return true;
      if (!on(t)) return false;
      const r = Math.floor(i / data.columns), c = i % data.columns;
      const near = [[r - 1, c], [r + 1, c], [r, c - 1], [r, c + 1]]
        .filter(([a, b]) => a >= 0 && b >= 0 && a < data.rows && b < data.columns && on(tokens[a * data.columns + b]));
      return near.length !== (t === 5 ? 2 : 1);
    });
  },
  arc(data, tokens) { return tokens.map(() => false); },
  other(data, tokens) { return tokens.map(() => false); },
};

function character(data, token) {
  if (data.kind === "sudoku") return token > 1 ? String(token - 1) : "";
  const c = data.characters && data.characters[token];
  return c !== undefined && c !== null && c !== "" ? c : String(token);
}

/* Classes of the lines around a Sudoku's boxes. */
function borders(data, row, column) {
  const [boxRows, boxColumns] = data.boxes;
  return [...(row % boxRows === 0 ? ["top"] : []), ...(column % boxColumns === 0 ? ["left"] : [])];
}

function newGrid(data, name) {
  const size = data.columns > 16 ? ".7rem" : data.columns > 9 ? ".85rem" : "1.15rem";
  const table = element("table", { className: "grid framed " + data.kind,
    style: `--columns: ${data.columns}; --size: ${size}` });
  table.setAttribute("aria-label", name);
  for (let r = 0; r < data.rows; r++) {
    const row = table.insertRow();
    for (let c = 0; c < data.columns; c++) row.insertCell();
  }
  return table;
}

/* Fills a grid with tokens; wrong: cells to mark, none unless given; before: what stood there, to shade what
   changed. */
function fillGrid(table, data, tokens, wrong = [], before = tokens) {
  tokens.forEach((token, i) => {
    const row = Math.floor(i / data.columns), column = i % data.columns, cell = table.rows[row].cells[column];
    const given = data.kind === "sudoku" ? data.inputs[i] > 1
      : data.kind === "other" && data.inputs[i] === data.labels[i];
    const classes = borders(data, row, column);
    if (given) classes.push("given");
    if (wrong[i]) classes.push("wrong");
    if (before[i] !== token) classes.push("changed");
    if (data.kind === "maze" && MAZE[token]) classes.push(MAZE[token]);
    cell.className = classes.join(" ");
    cell.textContent = character(data, token);
    if (data.kind === "arc") cell.style.background = token > 1 ? ARC_COLOURS[token - 2] : token === 1 ? "#777" : "";
  });
}

/* A small grid that stays; cells that are not scored are empty. */
function still(data, name, tokens) {
  const table = newGrid(data, name);
  table.classList.add("small");
  fillGrid(table, data, tokens.map((t) => t ?? 0));
  return element("figure", {}, element("figcaption", {}, name), table);
}
