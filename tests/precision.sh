#!/usr/bin/env bash
# bfloat16 activations: 200 steps of training stay close to those in float32, and everything that an executable does
# works in both precisions with each other's checkpoints.
source "${top_srcdir:-.}/tests/harness.sh"

settings=(-D hidden_size=64 -D num_heads=2 -D H_layers=1 -D L_layers=1 -D halt_max_steps=4 -D batch_size=16
  -D warmup_steps=10 -D lr=1e-3 -D optim=adamw -D weight_decay=0.1)
model=$top/models/hrm.hrm data=$work/data

"$HRM_DATA" sudoku --boxes 2x2 --train 200 --test 50 --augment 2 --seed 1 --output "$data" 2>/dev/null || exit 1
for precision in f32 bf16; do
  "$HRMC" "$model" "${settings[@]}" --data "$data" --precision=$precision -o "$work/$precision" || exit 1
  "$work/$precision" train --data "$data" --steps 200 --seed 1 --threads 2 --output "$work/run_$precision" \
    2>"$work/log" || exit 1
done

# The losses of both runs, side by side.  Measured: 0.015 at most, 0.004 in the mean; without the rounding of gradients'
# operands, or with pairs the wrong way round, the runs part by tenths.
losses() { sed -n 's/.*"lm_loss":\([0-9.e-]*\),.*/\1/p' "$work/run_$1/metrics.jsonl"; }
differences=$(paste <(losses f32) <(losses bf16) |
  awk '{ d = $1 - $2; if (d < 0) d = -d; sum += d; if (d > worst) worst = d } END { print NR, worst, sum / NR }')
check "200 steps keep the loss within 0.05, within 0.015 in the mean (steps, worst, mean: $differences)" \
  awk -v x="$differences" 'BEGIN { split(x, d); exit !(d[1] == 20 && d[2] <= 0.05 && d[3] <= 0.015) }'
check "rounding shows in the loss ($differences)" awk -v x="$differences" 'BEGIN { split(x, d); exit !(d[2] > 1e-5) }'

# each precision evaluates the other's checkpoint to nearly the same
cells() { "$work/$1" eval --checkpoint "$work/run_$2" --data "$data" --json |
  sed -n 's/.*"cell_accuracy": *\([0-9.]*\).*/\1/p' | head -n 1; }
for run in f32 bf16; do
  check "the checkpoint of $run in both precisions ($(cells f32 $run), $(cells bf16 $run))" \
    awk -v x="$(cells f32 $run)" -v y="$(cells bf16 $run)" 'BEGIN { d = x - y; exit !(x > 0.3 && d < 0.03 && d > -0.03) }'
done

check 'a run in float32 goes on in bfloat16' "$work/bf16" train --resume "$work/run_f32" --steps 210 2>"$work/log"
check 'a run in bfloat16 goes on in float32' "$work/f32" train --resume "$work/run_bf16" --steps 210 2>"$work/log"
check 'a puzzle is solved' test "$("$work/bf16" solve --checkpoint "$work/run_bf16" 1...3412..4.4.21 | tr -d '\n ' |
  wc -c)" -eq 16
check 'bench' grep -q '"seconds"' <("$work/bf16" bench --batch 4 --repeats 2 --json)
check 'info tells the precision' grep -q 'activations in bf16' <("$work/bf16" info)
check 'its JSON too' grep -q '"precision": "bf16"' <("$work/bf16" info --json)

# compiled in memory, the same numbers; for a machine without AVX-512, nearly so
evaluate=(eval --checkpoint "$work/run_f32" --data "$data")
check 'hrmc run' "$HRMC" run "$model" "${settings[@]}" --data "$data" --precision=bf16 -- "${evaluate[@]}" \
  >"$work/jit.txt"
check 'hrmc run gives what the executable gives' diff "$work/jit.txt" <("$work/bf16" "${evaluate[@]}")

"$HRMC" "$model" "${settings[@]}" --data "$data" --precision=bf16 --contract=openblas -o "$work/none" 2>"$work/log"
check 'OpenBLAS has no bfloat16' test $? -eq 2
check 'and says so' grep -q 'needs --contract=generated' "$work/log"

finish
