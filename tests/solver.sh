#!/usr/bin/env bash
# The trained solver of examples/sudoku: its README's first commands, as they stand there, and what they give.
source "${top_srcdir:-.}/tests/harness.sh"

mkdir "$work/bin" && cd "$work" || exit 1
ln -s "$HRMC" "$HRM_DATA" bin
ln -s "$top/models" "$top/examples" .
export PATH=$work/bin:$PATH

awk '/^```sh$/ { on = 1; next } /^```$/ { if (on) exit } on' examples/sudoku/README.md >commands
check 'the commands' bash -e commands >out 2>log
answer=534678912672195348198342567859761423426853791713924856961537284287419635345286179
same 'the solution' "$answer" "$(tr -d '\n' <out | grep -o "$answer")"
check 'a page' grep -q '</html>' trace.html

solver=$top/examples/sudoku/solver.safetensors
check 'it does not say where it was trained' test "$(grep -acF '\"data\":' "$solver")" = 0
check 'it is smaller than 2 MB' test "$(stat -Lc %s "$solver")" -lt 2000000
hrm-data sudoku --givens 36 --train 10 --test 50 --seed 6 --output easy >log 2>&1 || fail 'a data set'
right=$(./solver eval --checkpoint "$solver" --data easy --json 2>log | sed -n 's/.*"exact_accuracy": *\([0-9.]*\).*/\1/p' | head -n 1)
check "nine of ten puzzles with 36 givens are right (it is $right)" awk -v x="$right" 'BEGIN { exit !(x >= 0.9) }'

finish 5
