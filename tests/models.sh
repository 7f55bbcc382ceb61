#!/bin/bash
# Every model of models/ learns 4x4 Sudoku; the parameter counts of the published sizes.
source "${top_srcdir:-.}/tests/harness.sh"

"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 1000 --test 100 --augment 5 --seed 1 --output "$work/data" >"$work/log" ||
  exit 1

small=(-D mlp_t=1 -D hidden_size=32 -D swiglu_multiple=8 -D pos_encodings=learned -D puzzle_emb_ndim=0
  -D loss_type=softmax -D optim=adamw -D lr=3e-3 -D weight_decay=0.03 -D warmup_steps=50 -D lr_floor=0.0)

# learns MODEL -D…: at least 75% of 100 unseen boards exactly right after 400 steps; untrained: none
learns() {
  local model=$1
  shift
  "$HRMC" "$top/models/$model.hrm" "${small[@]}" "$@" --data "$work/data" -o "$work/$model" || return 1
  "$work/$model" train --data "$work/data" --output "$work/run.$model" --steps 400 --batch 32 --seed 1 --threads 1 \
    2>"$work/log" >"$work/log.out" || return 1
  local exact
  exact=$("$work/$model" eval --checkpoint "$work/run.$model" --data "$work/data" --json |
    sed -n 's/.*"exact_accuracy": *\([0-9.]*\).*/\1/p' | head -n 1)
  echo "$model: $exact of the unseen boards are right"
  awk -v x="$exact" 'BEGIN { exit !(x >= 0.75) }'
}

check 'hrm learns' learns hrm -D H_layers=1 -D L_layers=1 -D halt_max_steps=4
check 'trm learns' learns trm -D L_layers=1 -D H_cycles=2 -D L_cycles=2 -D halt_max_steps=4 -D ema=0.9
check 'transformer learns' learns transformer -D layers=4
check 'universal learns' learns universal -D layers=1 -D halt_max_steps=4
check 'recurrent learns' learns recurrent -D halt_max_steps=4
check 'levels learns' learns levels -D layers=1 -D halt_max_steps=4

for file in "$top"/models/*.hrm; do
  name=$(basename "$file" .hrm)
  check "$name is among the models that learn" test -e "$work/run.$name"
done

# parameters MODEL COUNT -D…: at the published sizes, on 9x9 Sudoku, beside the puzzle table
parameters() {
  local model=$1 count=$2
  shift 2
  "$HRMC" run "$top/models/$model.hrm" -D vocab_size=11 -D seq_len=81 -D num_puzzle_identifiers=1 "$@" -- info --json |
    grep -q "\"parameters\": $count\b"
}
check 'parameters of HRM' parameters hrm 27275266
check 'parameters of TRM with attention' parameters trm 6828034
check 'parameters of TRM with an MLP over the positions' parameters trm 5028866 -D mlp_t=1

finish
