#!/usr/bin/env bash
# The pages that an executable writes: whole in one file, and alive in a browser (skipped where there is none).
source "${top_srcdir:-.}/tests/harness.sh"

settings=(-D hidden_size=16 -D num_heads=2 -D H_layers=1 -D L_layers=1 -D swiglu_multiple=8 -D puzzle_emb_ndim=0
  -D loss_type=softmax -D halt_max_steps=2 -D optim=adamw -D lr=3e-3 -D warmup_steps=5)
data=$work/data run="$work/<script><b>run"
"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 20 --test 5 --seed 1 --output "$data" >"$work/log" 2>&1 || exit 1
"$HRMC" "$top/models/hrm.hrm" "${settings[@]}" --data "$data" -o "$work/model" || exit 1
"$work/model" train --data "$data" --output "$run" --steps 20 --batch 8 --log-every 2 --eval-every 10 2>"$work/log" ||
  exit 1

trace() { "$work/model" trace --checkpoint "$run" --data "$data" "$@" 2>"$work/log"; }
check 'trace' trace --example 3 --segments 3 --output "$work/trace.html"
check 'the same page again' trace --example 3 --segments 3 --output "$work/again.html"
check 'and the same bytes' cmp -s "$work/trace.html" "$work/again.html"
trace --example 3 --segments 3 --json --output "$work/again.html" >"$work/trace.json"
check 'the same page beside JSON' cmp "$work/trace.html" "$work/again.html"
check 'a frame of each step, and one before' test "$(grep -o '"segment": ' "$work/trace.json" | wc -l)" = 19
check 'with prediction, values of halting and residuals' \
  test "$(grep -oE '"prediction": \[[0-9, ]+\], "halt": [-0-9.]+, "continue": [-0-9.]+, "residuals": \{"' "$work/trace.json" |
    wc -l)" = 19
check 'of each state, the shares and points of a projection' \
  test "$(grep -oE '"name": "z_[HL]", "variance": \[[0-9.]+, [0-9.]+\], "trajectory": \[\{"frame": 0, "x": ' \
    "$work/trace.json" | wc -l)" = 2
board() { # KEY: the last list of tokens of that name, as text
  grep -oE "\"$1\": \\[[0-9, ]+" "$work/trace.json" | tail -n 1 | sed 's/.*\[//' | tr -d ' ' | tr ',' '\n' |
    awk '{ printf "%s", substr(".1234", $1, 1) }'
}
solution=$("$work/model" solve --checkpoint "$run" --max-segments 3 "$(board inputs)" | tr -d '\n ')
check "the last prediction is what solve answers ($solution)" test "$(board prediction)" = "$solution"
trace --json >"$work/out"
check 'JSON alone' grep -q '^{"page": "trace", ' "$work/out"
check 'plot' "$work/model" plot --output "$work/plot.html" "$run" "$run"
check 'an example that is not there' code 1 "$work/model" trace -c "$run" -d "$data" -x 5 -o "$work/no.html"
check 'is told' grep -q 'no example 5: it has 5' "$work/out"
check 'nothing to show' code 2 "$work/model" trace -c "$run" -d "$data"
check 'no folder of a run' code 1 "$work/model" plot -o "$work/no.html" "$data"
echo 'no JSON' >>"$run/metrics.jsonl"
check 'a bad line' code 1 "$work/model" plot -o "$work/no.html" "$run"
check 'is named' grep -q 'metrics.jsonl:[0-9]*: not an object' "$work/out"
check 'nothing is written then' test ! -e "$work/no.html"


analyse() { "$work/model" analyse --checkpoint "$run" --data "$data" --examples 5 --max-segments 8 "$@"; }
number() { sed -n "s/.*$2\": *\([0-9.]*\).*/\1/p" <<<"$1" | head -n 1; } # the last of its name in the text
check 'analyse' analyse --output "$work/analysis.html"
numbers=$(analyse --json | tr -d '\n')
at_two=$(grep -o '"limit": 2, [^}]*' <<<"$numbers")
evaluated=$("$work/model" eval --checkpoint "$run" --data "$data" --max-segments 2 --json)
check 'accuracy at a limit is what eval finds' test -n "$(number "$at_two" '"cells')" -a \
  "$(number "$at_two" '"cells')" = "$(number "$evaluated" cell_accuracy)"
evaluated=$("$work/model" eval --checkpoint "$run" --data "$data" --max-segments 2 --halt --json)
check 'with halting, too' test "$(number "$at_two" cells_halting)" = "$(number "$evaluated" cell_accuracy)"
check 'and the segments' test "$(number "$at_two" segments_halting)" = "$(number "$evaluated" mean_segments)"
check 'limits 1, 2, 4, 8' test "$(grep -o '"limit"' <<<"$numbers" | wc -l)" = 4
ratio=$(number "$(grep -o '"examples": 4, "trained": [0-9.]*' <<<"$numbers" | head -n 1)" trained)
check "a participation ratio lies between 1 and the width (it is $ratio)" \
  awk -v x="$ratio" 'BEGIN { exit !(x >= 1 && x <= 16) }'
first_residual() { grep -oE '"z_L": [0-9][0-9.]*' "$1" | sed -n '1s/.* //p'; }
for example in 0 2; do trace --example "$example" --json >"$work/example-$example.json"; done
of_two=$(grep -o '"step": 1, "mean": [0-9.]*' <("$work/model" analyse -c "$run" -d "$data" --examples 2 --json))
check "of fewer examples than there are, those spread evenly ($of_two)" awk -v found="${of_two##* }" \
  -v a="$(first_residual "$work/example-0.json")" -v b="$(first_residual "$work/example-2.json")" \
  'BEGIN { exit !(a != b && (a + b) / 2 - found < 1e-6 && found - (a + b) / 2 < 1e-6) }'
check 'nothing to show' code 2 analyse

both=(--data "$data" --steps 20 --seeds 2 --batch 8 --output "$work/compared" --max-segments 1,4 --halt)
check 'compare' "$HRMC" compare "${settings[@]}" "${both[@]}" "one=$top/models/hrm.hrm" "two=$top/models/hrm.hrm:H_cycles=1" \
  >"$work/log" 2>&1
cp "$work/compared/results.html" "$work/compare.html"

for page in trace plot analysis compare; do
  check "$page: three scripts, whatever the names in the data" test "$(grep -o '<script' "$work/$page.html" | wc -l)" = 3
  check "$page: no file of elsewhere" \
    test "$(grep -cE '(src|href)="|@import|url\(' <(sed '/Chart\.js v3/,/^<\/script>/d' "$work/$page.html"))" = 0
  check "$page: the library's licence" grep -q 'Permission is hereby granted, free of charge' "$work/$page.html"
done

browser=$(command -v chromium || command -v chromium-browser || true)
if [ "$failed" -eq 0 ] && [ -z "$browser" ]; then
  echo "$passed checks passed; skipped: no browser (Debian package: chromium)"
  exit 77
fi

browse() { # browse PAGE OPTION...
  local page=$1
  shift
  HOME=$work timeout 100 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1250,1300 \
    --user-data-dir="$work/profile" --virtual-time-budget=5000 "$@" "file://$page" 2>"$work/browser"
}
with() { sed "s|^</body>|<script>$1</script></body>|" "$work/$2.html" >"$work/$3.html"; } # with SCRIPT PAGE TO
now() { grep -o '<p id="now"[^<]*' "$1" | sed 's/.*>//'; }

errors='addEventListener("error", (e) => document.title = "error: " + e.message);'
sed "s|^<script>|<script>$errors</script><script>|;" "$work/trace.html" >"$work/watched.html"
browse "$work/watched.html" --dump-dom >"$work/dom"
check 'no error' test "$(grep -c '<title>error' "$work/dom")" = 0
check 'the first frame is before the first step' grep -q '^0 of 18: before the first step' <(now "$work/dom")
check 'prediction, question and answer of 16 cells' test "$(grep -o '<td' "$work/dom" | wc -l)" = 48
check '8 givens or more in bold, in each' test "$(grep -o '<td class="[^"]*given' "$work/dom" | wc -l)" -ge 24
check 'the question and the answer are called so' \
  test "$(grep -o '<figcaption>[a-z]*' "$work/dom" | sed 's/.*>//' | tr '\n' ' ')" = 'question answer '

with 'document.getElementById("next").click()' trace click
browse "$work/click.html" --dump-dom >"$work/dom"
check 'a click goes one step on' grep -q '^1 of 18: segment 1, step 1 (z_L changed)' <(now "$work/dom")

with 's = document.getElementById("slider"); s.value = 9; s.dispatchEvent(new Event("input"))' trace slide
browse "$work/slide.html" --dump-dom >"$work/dom"
check 'the slider goes to a step' grep -q '^9 of 18: segment 2, step 3 (z_H changed)' <(now "$work/dom")

with 'document.dispatchEvent(new KeyboardEvent("keydown", { key: "End" }))' trace key
browse "$work/key.html" --dump-dom >"$work/dom"
check 'a key goes to the end' grep -q '^18 of 18: segment 3, step 6' <(now "$work/dom")

with 'document.getElementById("play").click()' trace play
HOME=$work browse "$work/play.html" --dump-dom --virtual-time-budget=20000 >"$work/dom"
check 'play comes to the end and stops' grep -q '^18 of 18' <(now "$work/dom")
check 'and can play again' grep -q 'Play</button>' "$work/dom"

with 'd = { kind: "maze", rows: 1, columns: 2, boxes: [0, 0], inputs: [2, 2] }; g = newGrid(d, "maze"); document.body.append(g); '\
'fillGrid(g, d, [2, 5], [], [5, 2]); document.title = getComputedStyle(g.rows[0].cells[0]).backgroundColor' trace maze
browse "$work/maze.html" --dump-dom >"$work/dom"
check 'maze: a free cell that changed is framed, not shaded like a path' grep -q '<title>rgba(0, 0, 0, 0)<' "$work/dom"
with 'd = { kind: "maze", rows: 1, columns: 2, boxes: [0, 0], inputs: [2, 2] }; g = newGrid(d, "maze"); document.body.append(g); '\
'fillGrid(g, d, [5, 1], [true, true]); s = [...g.rows[0].cells].map((c) => getComputedStyle(c)); '\
'document.title = (s[0].backgroundColor !== s[1].backgroundColor) + " " + s.map((x) => x.boxShadow !== "none")' trace maze
browse "$work/maze.html" --dump-dom >"$work/dom"
check 'maze: a wrong path is still a path, framed; a wrong wall is filled' grep -q '<title>true true,false<' "$work/dom"

rule() { # rule KIND TOKENS INPUTS ROWS COLUMNS [BOXES]: the cells that break it
  with "document.title = VIOLATIONS.$1({ inputs: [$3], rows: $4, columns: $5, boxes: [${6:-0,0}] }, [$2])\
.map(Number).join(\"\")" trace rule
  browse "$work/rule.html" --dump-dom | sed -n 's/.*<title>\(.*\)<.title>.*/\1/p'
}
check 'maze: a path' test "$(rule maze 3,5,5,4 3,2,2,4 1 4)" = 0000
check 'maze: a path that ends' test "$(rule maze 3,5,2,4 3,2,2,4 1 4)" = 0101
check 'maze: a path through a wall' test "$(rule maze 3,5,5,4 3,1,2,4 1 4)" = 0100
check 'Sudoku: a row, a column, a box' \
  test "$(rule sudoku 2,3,4,5,4,5,2,3,3,2,5,4,5,4,3,2 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 4 4 2,2)" = 0000000000000000
check 'Sudoku: twice in a row, a given that was changed' \
  test "$(rule sudoku 2,3,4,2,4,5,2,3,3,2,5,4,5,4,3,2 1,1,1,5,1,1,1,1,1,1,1,1,1,1,1,1 4 4 2,2)" = 1001001000000001
high=2,3,4,5,6,7,4,5,6,7,2,3,6,7,2,3,4,5,3,2,5,4,7,6,5,4,7,6,3,2,7,6,3,2,5,4 # a board of boxes of 3 rows and 2 columns
check 'Sudoku: boxes that are higher than wide' test "$(rule sudoku $high "$(seq 36 | sed 's/.*/1/' | paste -sd,)" 6 6 3,2 |
  tr -d 0)" = ""
check 'Sudoku: boxes as the data set tells' grep -q '"boxes": \[2, 2\]' "$work/trace.json"

browse "$work/plot.html" --dump-dom >"$work/dom"
check 'plot: its curves' test "$(grep -o '<canvas' "$work/dom" | wc -l)" = 10
check 'plot: what the test split says comes first' \
  test "$(grep -o '<h2>[^<]*' "$work/dom" | sed 's/.*>//' | head -n 3 | paste -sd' ')" = \
  'Where they stand Exact, test split Cells, test split'
check 'plot: where a run stands on the test split' grep -qE '(<td>[0-9.]+%</td>){2}</tr>' "$work/dom"
sed '/id="data"/s/"exact_accuracy":/"valid_accuracy":0.5,&/g' "$work/plot.html" >"$work/scored.html"
browse "$work/scored.html" --dump-dom >"$work/scored"
check 'plot: a score that the puzzles have beside exact answers' test \
  "$(grep -o '<th [^>]*>valid, test split' "$work/scored" | wc -l)/$(grep -o '<td>50.00%' "$work/scored" | wc -l)/$(
    grep -o '<h2>Valid, test split' "$work/scored" | wc -l)" = 1/2/1
check 'plot: the name of the run as text' grep -q '&lt;script&gt;&lt;b&gt;run' "$work/dom"

browse "$work/analysis.html" --dump-dom >"$work/dom"
check 'analysis: its curves' test "$(grep -o '<canvas' "$work/dom" | wc -l)" = 5
with 'document.title = charts[3].scales.x.ticks.map((t) => t.label).join(" ")' analysis ticks
browse "$work/ticks.html" --dump-dom >"$work/dom"
check 'analysis: every limit is labelled' grep -q '<title>1 2 4 8<' "$work/dom"

sed '/id="data"/s/"\(exact\|cells\|segments\)_halting": *[-+0-9.e]*/"\1_halting":null/g' "$work/analysis.html" >"$work/fixed.html"
browse "$work/fixed.html" --dump-dom >"$work/dom"
check 'analysis: nothing of halting where a model has no halt head' test "$(grep -o '<canvas' "$work/dom" | wc -l)" = 4 -a \
  "$(grep -c '<th[^>]*>exact, halting' "$work/dom")" = 0

sed "s|^<script>|<script>$errors</script><script>|;" "$work/compare.html" >"$work/watched.html"
browse "$work/watched.html" --dump-dom >"$work/dom"
check 'compare: no error' test "$(grep -c '<title>error' "$work/dom")" = 0
check 'compare: its curves' test "$(grep -o '<canvas' "$work/dom" | wc -l)" = 6
check 'compare: a row of each variant, and six of its evaluations' test "$(grep -o '<td>one' "$work/dom" | wc -l)" = 7

scored='s/"exact":/"valid":{"mean":0.5,"sd":0.1},&/g; s/"exact_accuracy":/"valid_accuracy":0.5,&/g'
sed "/id=\"data\"/{$scored}" "$work/compare.html" >"$work/scored.html"
browse "$work/scored.html" --dump-dom >"$work/dom"
check 'compare: a score that the puzzles have beside exact answers' test \
  "$(grep -o '<td>50.0 ± 10.0' "$work/dom" | wc -l)" = 12 -a "$(grep -o '<canvas' "$work/dom" | wc -l)" = 9

browse "$work/trace.html" --screenshot="$work/trace.png"
check 'a picture' test "$(stat -c %s "$work/trace.png" 2>/dev/null || echo 0)" -gt 20000

finish
