#!/usr/bin/env bash
# Mazes and ARC from end to end, at small size: data, compile, train a few steps, evaluate by task.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$work" || exit 1

settings=(-D hidden_size=16 -D layers=1 -D H_cycles=1 -D L_cycles=1 -D halt_max_steps=2 -D lr=1e-2 -D warmup_steps=5)

"$HRM_DATA" maze --size 5 --train 40 --test 20 --dihedral -o maze >/dev/null || exit 1
"$HRMC" "$top/examples/maze/maze.hrm" "${settings[@]}" --data maze -o solver || exit 1
check 'mazes: train' ./solver train --data maze --output run --steps 30 --batch 16 --threads 2 2>log
./solver train --data maze --output tested --steps 2 --batch 16 --threads 2 --eval-every 2 2>log
check 'mazes: training tells of valid answers, too' grep -Eq '^step 2: all: exact [0-9.]+, cells [0-9.]+, valid [0-9.]+ of 20 ' log
check 'mazes: and keeps them' grep -q '"valid_accuracy":' tested/metrics.jsonl
check 'mazes: eval' ./solver eval --checkpoint run --data maze >out
check 'mazes: valid answers are told' grep -Eq '^all: [0-9.]+% valid, that is any shortest path; [0-9.]+% valid and another' out
check 'mazes: valid answers in JSON' grep -q '"valid_other_accuracy"' <(./solver eval --checkpoint run --data maze --json)
"$HRMC" compare "$top/examples/maze/maze.hrm" "two=$top/examples/maze/maze.hrm:layers=2" "${settings[@]}" \
  -D lr=2e-2 -D ema=0.9 --data maze --steps 60 --seeds 2 --batch 16 --threads 2 --max-segments 1,4 -o mazes >table 2>log
check 'mazes: compare' [ $? -eq 0 ]
share='[0-9.]+ ± [0-9.]+%'
check 'mazes: compare tells valid answers in a column' eval \
  'grep -q "^test split .* exact  *valid$" table && [ "$(grep -Ec " $share +$share +$share$" table)" = 6 ]'
share_of() { grep -o "\"valid_accuracy\": [0-9.]*" "$1" | head -n 1; }
"$HRMC" run "$top/examples/maze/maze.hrm" "${settings[@]}" -D layers=2 -D ema=0.9 --data maze -- \
  eval --checkpoint mazes/two/seed-1 --data maze --json >evaluated
check "mazes: as many as eval finds: $(share_of evaluated)" \
  [ "$(share_of evaluated)" != '"valid_accuracy": 0.0' -a "$(share_of evaluated)" = "$(share_of mazes/two/seed-1/outcome.json)" ]
check 'mazes: in JSON, too' [ "$(grep -c '"valid": {' mazes/results.json)" = 6 ]
./solver eval --checkpoint run --data maze --submission s.json >out 2>err
check 'mazes: no submission' test $? -eq 1 -a ! -e s.json

pair='{"input": [[1, 2]], "output": [[2], [1]]}'
mkdir -p tasks/evaluation
for task in one two; do echo "{\"train\": [$pair], \"test\": [$pair]}" >tasks/evaluation/$task.json; done
"$HRM_DATA" arc tasks --augment 2 -o arc >/dev/null || exit 1
"$HRMC" "$top/models/hrm.hrm" -D hidden_size=16 -D num_heads=2 -D H_layers=1 -D L_layers=1 -D swiglu_multiple=8 \
  -D H_cycles=1 -D L_cycles=1 -D halt_max_steps=2 -D warmup_steps=5 --data arc -o hrm || exit 1
check 'ARC: train the published model' ./hrm train --data arc --output published --steps 2 --batch 2 --threads 2 2>log
check 'ARC: eval the published model' ./hrm eval --checkpoint published --data arc --batch 2 >out
check 'ARC: its score' grep -q '^all: 2 tasks; score 0.00% of test inputs a task' out
"$HRMC" "$top/examples/arc/arc.hrm" "${settings[@]}" -D num_heads=2 --data arc -o guesser || exit 1
check 'ARC: train' ./guesser train --data arc --output guess --steps 2 --batch 2 --threads 2 2>log
./guesser train --data arc --output tested-arc --steps 2 --batch 2 --threads 2 --eval-every 2 2>log
check 'ARC: training tells the score' grep -q '^step 2: all: .*, score 0.0000 of 6 examples' log
check 'ARC: and keeps it' grep -q '"task_score":0.0' tested-arc/metrics.jsonl
"$HRMC" compare "$top/examples/arc/arc.hrm" "${settings[@]}" -D num_heads=2 --data arc --steps 2 --batch 2 --threads 2 \
  -o arcs >table 2>log
check 'ARC: compare tells the score' eval 'grep -q "^test split .* exact  *score$" table && grep -q " 0.0%$" table'
check 'ARC: in JSON, too' grep -q '"score": {' arcs/results.json
mv arc/identifiers.json names.json
check 'ARC: names that are not there' code 1 ./guesser train --data arc --output nameless --steps 2 --batch 2 --eval-every 2
check 'ARC: are told before training' grep -q 'arc/identifiers.json: unable to open' out
mv names.json arc/identifiers.json
check 'ARC: eval' ./guesser eval --checkpoint guess --data arc --submission submission.json --batch 2 >out
check 'ARC: score' grep -Eq '^all: 2 tasks; score 0.00% of test inputs a task, two attempts each; 0.00% of tasks solved$' out
check 'ARC: submission' grep -Eq '^\{"one":\[\{"attempt_1":\[\[.*,"two":\[\{"attempt_1":.*"attempt_2":.*\}\]\}$' submission.json

finish
