#!/bin/bash
# An architecture variant is an edit of at most three lines of a shipped model, or a -D: each tests/variants/*.edit is
# applied, compiled and trained on 4x4 Sudoku, and its loss falls.
#
#   # MODEL -D NAME=VALUE…: what it is
#   - a line of the model that goes, + a line that comes in its place or behind the line above, or a line that stays;
#     comments do not matter
source "${top_srcdir:-.}/tests/harness.sh"

"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 1000 --test 10 --augment 5 --seed 1 --output "$work/data" >"$work/log" ||
  exit 1

small=(-D mlp_t=1 -D hidden_size=32 -D num_heads=2 -D swiglu_multiple=8 -D pos_encodings=learned -D puzzle_emb_ndim=0
  -D loss_type=softmax -D optim=adamw -D lr=3e-3 -D weight_decay=0.03 -D warmup_steps=20 -D halt_max_steps=4)
hrm=(-D H_layers=1 -D L_layers=1)
trm=(-D L_layers=1 -D H_cycles=2 -D L_cycles=2)
levels=(-D layers=1)
universal=(-D layers=1)

# apply EDIT MODEL: every line that goes or stays must be in the model just once
apply() {
  awk -v edit="$1" '
    function bare(line) { sub(/ *(#.*)?$/, "", line); return line }
    BEGIN {
      while ((getline line < edit) > 0) {
        mark = substr(line, 1, 1); text = substr(line, 2)
        if (mark == "#") continue
        if (mark == "+") { after[count] = after[count] text "\n"; added++; continue }
        anchor[++count] = bare(text); goes[count] = mark == "-"; removed += goes[count]
      }
      if (added > 3 || removed > 3) { print edit ": an edit of more than three lines" > "/dev/stderr"; exit bad = 1 }
    }
    {
      for (i = 1; i <= count && anchor[i] != bare($0); i++);
      if (i > count) { print; next }
      used[i]++
      if (!goes[i]) print
      printf "%s", after[i]
    }
    END {
      for (i = 1; i <= count; i++)
        if (used[i] != 1) { print edit ": stands " used[i] + 0 " times in the model:" anchor[i] > "/dev/stderr"; bad = 1 }
      exit bad
    }' "$2"
}

# The mean loss of the first ten steps and of the last ten, from a run's metrics.
losses() { sed -n 's/.*"lm_loss":\([0-9.e-]*\).*/\1/p' "$1" | sed -n '1p;$p' | tr '\n' ' '; }

# try NAME: 80 steps; the loss of the last ten is below 0.8 of that of the first ten
try() {
  local name=$1 model defines first last
  read -r _ model defines < <(sed -n '1s/:.*//p' "$top/tests/variants/$name.edit")
  local -n own=$model
  apply "$top/tests/variants/$name.edit" "$top/models/$model.hrm" >"$work/$name.hrm" || return 1
  read -ra defines <<<"$defines"
  "$HRMC" run "$work/$name.hrm" "${small[@]}" "${own[@]}" "${defines[@]}" --data "$work/data" -- train --data "$work/data" \
    --output "$work/run.$name" --steps 80 --batch 32 --seed 1 --threads 1 --log-every 10 --save-every 40 >"$work/log" 2>&1 ||
    { cat "$work/log"; return 1; }
  read -r first last < <(losses "$work/run.$name/metrics.jsonl")
  echo "$name: loss $first to $last"
  awk -v a="$first" -v b="$last" 'BEGIN { exit !(b < 0.8 * a) }'
}

for file in "$top"/tests/variants/*.edit; do
  name=$(basename "$file" .edit)
  check "$name" try "$name"
done

# noise is the same after resuming: the run again, as if killed after step 40
run=$work/run.noise
cp -r "$run" "$work/resumed" && rm -f "$work"/resumed/step_80.safetensors
ln -sfn step_40.safetensors "$work/resumed/latest"
check 'resuming' code 0 "$HRMC" run "$work/noise.hrm" "${small[@]}" "${hrm[@]}" --data "$work/data" -- \
  train --resume "$work/resumed"
check 'noise after resuming' cmp "$work/resumed/step_80.safetensors" "$run/step_80.safetensors"

finish 21
