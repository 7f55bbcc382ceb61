#!/usr/bin/env bash
# From a page of .hrm to solved puzzles: data, compile, train (stopped and resumed), evaluate, solve, with 4x4 boards.
source "${top_srcdir:-.}/tests/harness.sh"

settings=(-D mlp_t=1 -D hidden_size=32 -D H_layers=1 -D L_layers=1 -D swiglu_multiple=8 -D pos_encodings=learned
  -D puzzle_emb_ndim=0 -D loss_type=softmax -D halt_max_steps=4 -D optim=adamw -D lr=3e-3 -D weight_decay=0.03
  -D warmup_steps=50 -D lr_floor=0.0)
model=$top/models/hrm.hrm data=$work/data

"$HRM_DATA" sudoku --boxes 2x2 --givens 8 --train 200 --test 50 --augment 5 --seed 1 --output "$data" || exit 1
"$HRMC" "$model" "${settings[@]}" --data "$data" -o "$work/model" || exit 1

train() { "$work/model" train --data "$data" --batch 32 --seed 1 --threads 2 "$@" 2>"$work/log"; }
check 'train' train --output "$work/whole" --steps 600

exact=$("$work/model" eval --checkpoint "$work/whole" --data "$data" --json |
  sed -n 's/.*"exact_accuracy": *\([0-9.]*\).*/\1/p' | head -n 1)
check "at least 90% of unseen boards are right (it is $exact)" awk -v x="$exact" 'BEGIN { exit !(x >= 0.9) }'

# the surer the halt head must be, the more segments
segments() {
  "$work/model" eval --checkpoint "$work/whole" --data "$data" --json "$@" | sed -n 's/.*"mean_segments": *\([0-9.]*\).*/\1/p' |
    head -n 1
}
counts="$(segments --halt) $(segments --halt-from 0) $(segments --halt-from 0.9) $(segments --halt-from 1) $(segments)"
check "segments by halting ($counts)" awk '{ exit !($1 < 4 && $2 == $1 && $3 >= $2 && $4 > $3 && $5 >= $4) }' <<<"$counts"
check 'no probability' code 2 "$work/model" solve --checkpoint "$work/whole" --halt-from 1.5 1...3412..4.4.21
check 'is told' grep -q -- "--halt-from takes a number from 0 to 1, not '1.5'" "$work/out"

solution=$("$work/model" solve --checkpoint "$work/whole" 1...3412..4.4.21 | tr -d '\n ')
check "a puzzle from text is solved (got $solution)" test "$solution" = 1234341221434321
check 'a puzzle from standard input' \
  test "$(echo 1...3412..4.4.21 | "$work/model" solve --checkpoint "$work/whole" | tr -d '\n ')" = "$solution"

# as if killed after step 20 and resumed, against 60 steps at once: the same bits
check 'train 60' train --output "$work/once" --steps 60 --save-every 20
cp -r "$work/once" "$work/resumed" && rm -f "$work"/resumed/step_{40,60}.safetensors
ln -sfn step_20.safetensors "$work/resumed/latest"
check 'resume' "$work/model" train --resume "$work/resumed" 2>"$work/log"
check 'an interrupted run ends with the bits of an unbroken one' \
  cmp -s "$work/once/step_60.safetensors" "$work/resumed/step_60.safetensors"

# compiled in memory, the same numbers
check 'hrmc run' "$HRMC" run "$model" "${settings[@]}" --data "$data" -- eval --checkpoint "$work/whole" --data "$data" \
  >"$work/jit.txt"
check 'hrmc run gives what the executable gives' \
  diff "$work/jit.txt" <("$work/model" eval --checkpoint "$work/whole" --data "$data")

# activation memory does not depend on the number of cycles
memory() { "$HRMC" "$model" "${settings[@]}" -D H_cycles="$1" --data "$data" --emit=obj -o "$work/m.o" --report=memory 2>&1; }
check 'a memory report' grep -q '^activations *[1-9][0-9]* bytes' <(memory 2)
check 'memory with 2 and with 64 cycles' diff <(memory 2) <(memory 64)

finish
