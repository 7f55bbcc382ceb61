#!/bin/bash
# hrmc compare: table, JSON, page and picture; it goes on after an interrupt and a kill; what does not fit is told before
# training.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$work" || exit 1
cp "$top"/models/*.hrm .

shared=(-D hidden_size=8 -D num_heads=2 -D swiglu_multiple=8 -D mlp_t=1 -D puzzle_emb_ndim=0 -D loss_type=softmax
  -D optim=adamw -D lr=3e-3 -D warmup_steps=5)
hrm=hrm.hrm:H_layers=1,L_layers=1,halting=halt_head,halt_max_steps=2
plain=transformer.hrm:layers=2
"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 20 --test 5 --seed 1 --output data >out 2>&1 || exit 1
"$HRM_DATA" sudoku --boxes 2x3 --givens 20 --train 20 --test 5 --seed 1 --output data6 >out 2>&1 || exit 1
"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 20 --test 5 --seed 2 --output other >out 2>&1 || exit 1

compare() { "$HRMC" compare "${shared[@]}" --batch 8 --threads 1 "$@"; }
# expect CODE TEXT ARGUMENT...: compare ends with the code and prints the text.
expect() {
  local wanted=$1 text=$2
  shift 2
  tells "$wanted" "$text" compare "$@"
}
small=(--data data --steps 30 --seeds 2)

# --- table, JSON, page ---
compare "${small[@]}" -o a "$hrm" "plain=$plain" --max-segments 1,4 --halt >table 2>out
check 'a comparison' [ $? -eq 0 ]
columns='variant runs parameters FLOPs a segment a step memory steps seconds loss'
check 'the columns' [ "$(head -n 1 table | tr -s ' ')" = "$columns" ]
own=hrm,H_layers=1,L_layers=1,halting=halt_head,halt_max_steps=2
check 'no score of other kinds of puzzles' grep -Eq '^test split +segments at most +segments +cells +exact$' table
check 'a row of the first variant, by its own name' grep -q "^$own  2 of 2 " table
check 'a row of the second' grep -q '^plain  *2 of 2 ' table
check 'the cells of an evaluation' grep -Eq '^plain +4 +4.00 ± 0.00 +[0-9.]+ ± [0-9.]+% ' table
check 'halting, of the one that learned it' eval \
  '[ "$(grep -c ", halting " table)" = 3 ] && ! grep -q "^plain.*, halting " table'
compare "${small[@]}" -o a "$hrm" "plain=$plain" --max-segments 1,4 --halt --json >json 2>out
check 'the same again' [ $? -eq 0 ]
check 'trains nothing' [ ! -s out ]
check 'JSON is what stands in the folder' cmp -s json a/results.json

parameters() { # of a variant, by JSON
  awk -v name="\"name\": \"$1\"," 'index($0, name) { on = 1 } on && /"parameters"/ { gsub(/[^0-9]/, ""); print; exit }' json
}
"$HRMC" diff "${shared[@]}" -D layers=2 transformer.hrm transformer.hrm --data data >sides
check 'parameters are those of diff' [ "$(parameters plain)" = "$(awk '/^parameters/ { print $2 }' sides)" ]
check 'four runs are done' [ "$(grep -c '"state": "done"' json)" = 4 ]
check 'spread over two seeds' eval '[ "$(grep -c "\"sd\": null" json)" = 0 ]'
check 'a page' grep -q '"page":"compare"' a/results.html
check 'with the curves of each run' [ "$(grep -o '"lines":\[{' a/results.html | wc -l)" = 4 ]
check 'a picture: a line of each run, one of the mean, and one against segments' \
  [ "$(grep -c '<polyline' a/results.svg)" = 8 ]
check 'three scripts' [ "$(grep -o '<script' a/results.html | wc -l)" = 3 ]
"$HRMC" run "${shared[@]}" -D layers=2 transformer.hrm --data data -- \
  eval --checkpoint a/plain/seed-1 --data data --json >evaluated
exact=$(grep -o '"exact_accuracy": [0-9.]*' evaluated)
check 'figures are what eval finds' grep -qF "$exact" a/plain/seed-1/outcome.json

# --- more of it ---
expect 0 '3 of 3' --data data --steps 30 --seeds 3 -o a "$hrm"
check 'one seed more: one run' [ "$(grep -c ', seed .:$' out)" = 1 ]
expect 0 '1 of 1' --data data --minutes 0.002 --seeds 1 -o minutes "$hrm"
cp minutes/results.json first
expect 0 '1 of 1' --data data --minutes 0.002 --seeds 1 -o minutes "$hrm"
check 'a budget of time is measured once' cmp -s minutes/results.json first

# --- interrupts ---
finished() { sed '/"seconds"/,/]/d; /_per_second/d' "$1/results.json"; }
whole=(--data data --steps 60 --seeds 1 --eval-every 20 "$hrm" "plain=$plain")
compare "${whole[@]}" -o whole >out 2>&1
interrupted=0
for signal in INT KILL TERM KILL INT KILL; do
  compare "${whole[@]}" -o cut >out 2>&1 &
  pid=$!
  for _ in $(seq 200); do [ -e cut/comparison.json ] && break; sleep 0.01; done
  sleep "0.0$((interrupted * 2))"
  kill -"$signal" "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  code=$?
  [ "$code" -eq 0 ] && break
  interrupted=$((interrupted + 1))
  [ "$signal" = KILL ] || check "interrupted: $code" [ "$code" -eq 130 -o "$code" -eq 143 ]
done
expect 0 '1 of 1' "${whole[@]}" -o cut
same_figures() {
  diff <(grep -E '"(exact|cell)_accuracy"|"loss": [0-9]|"step"' "$1/results.json") \
    <(grep -E '"(exact|cell)_accuracy"|"loss": [0-9]|"step"' "$2/results.json") >out
}
check "the same figures after $interrupted interrupts" same_figures whole cut
mkdir -p begun/plain/seed-0
cp whole/comparison.json begun/
cp whole/plain/seed-0/settings.json whole/plain/seed-0/model.hrm begun/plain/seed-0/
expect 0 '1 of 1' "${whole[@]}" -o begun
check 'a run that was killed before its first checkpoint begins anew' same_figures whole begun

# --- divergence ---
expect 0 '0 of 1, 1 diverged' "${small[@]}" --seeds 1 -o diverged "bad=$plain,lr=1000,weight_decay=1" "good=$plain"
check 'why' grep -q 'bad, seed 0: training diverged at step .*not finite' out
check 'the other went on' grep -q '^good  *1 of 1 ' out
expect 0 '1 diverged' "${small[@]}" --seeds 1 -o diverged "bad=$plain,lr=1000,weight_decay=1" "good=$plain"
check 'it is not repeated' eval '! grep -q "seed 0:$" out'
expect 6 '1 diverged' "${small[@]}" --seeds 1 -o diverged "bad=$plain,lr=1000,weight_decay=1"

# --- what does not fit ---
untouched() { [ ! -e none ]; }
expect 2 'no variant is given' "${small[@]}" -o none
expect 2 'two variants are called' "${small[@]}" -o none "$plain" "$plain"
expect 2 "settings of a variant are CONFIG=VALUE with commas between, not 'layers'" \
  "${small[@]}" -o none transformer.hrm:layers
expect 2 "'x y' cannot name a variant" "${small[@]}" -o none "x y=$plain"
expect 2 'is a file of every comparison' "${small[@]}" -o none "results.json=$plain"
expect 2 'is too long for the name of a folder' \
  "${small[@]}" -o none "transformer.hrm:layers=$(printf '1%.0s' $(seq 250))"
expect 2 'names no file' "${small[@]}" -o none x=:layers=2
expect 2 'a budget is missing' --data data -o none "$plain"
expect 2 '--steps and --minutes exclude each other' "${small[@]}" --minutes 1 -o none "$plain"
expect 2 '--output is missing' "${small[@]}" "$plain"
expect 2 '--data is missing' --steps 5 -o none "$plain"
expect 2 "--max-segments takes a whole number from 1 to 2147483646, not '0'" \
  "${small[@]}" --max-segments 2,0 -o none "$plain"
shared_config="'hrm.hrm' has no config 'layers', and what -D sets all variants must have: write :layers=2 behind the files"
expect 2 "$shared_config that do [E410]" \
  "${small[@]}" -o none -D layers=2 transformer.hrm hrm.hrm
check 'of which variant' grep -qF "in the variant 'hrm'" out
expect 2 "no config is named 'layer' [E404]" "${small[@]}" -o none transformer.hrm:layer=2
check 'marked where it was typed' grep -qF 'transformer.hrm:layer=2' out
echo 'model M { segment { output logits = nothing } }' >bad.hrm
tells 1 '[E201]' "$HRMC" compare "${small[@]}" -o none transformer.hrm bad.hrm
check 'a variant that does not compile' grep -qF "in the variant 'bad'" out
expect 1 "cannot read 'no.hrm'" "${small[@]}" -o none "$plain" no.hrm
expect 1 'nowhere/train/dataset.json: No such file' --data nowhere --steps 5 -o none "$plain"
expect 1 'data6/train: seq_len is 36; the model was compiled for 16' \
  --data data6 --steps 5 -o none "$plain" x=transformer.hrm:seq_len=16
check 'of which variant' grep -qF "variant 'x': " out
check 'nothing was written' untouched
mkdir full
touch full/notes
expect 1 'full: not empty, and not the folder of a comparison' "${small[@]}" -o full "$plain"
expect 1 'a holds another comparison: its steps is 30, and not 31' --data data --steps 31 -o a "plain=$plain"
expect 1 'a holds another comparison: its data' --data other --steps 30 -o a "plain=$plain"
expect 1 "variant 'plain' was begun with layers = 2, and not 3" "${small[@]}" -o a "plain=transformer.hrm:layers=3"
sed -i 's/pre" in/pre"  in/; s/^# A plain/# The plain/' transformer.hrm
expect 0 '2 of 2' "${small[@]}" -o a "plain=$plain"
sed -i 's/nn.rms_norm(h)/h/' transformer.hrm
expect 1 "variant 'plain' was begun when its source said something else" "${small[@]}" -o a "plain=$plain"

finish
