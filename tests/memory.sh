#!/bin/bash
# Activation memory and arithmetic against cycles: what does not grow, what does, what checkpoints save; and the table of
# doc/language.md is near what the compiler says.
source "${top_srcdir:-.}/tests/harness.sh"

settings=(-D vocab_size=11 -D seq_len=81 -D num_puzzle_identifiers=1 -D hidden_size=64 -D H_layers=1 -D L_layers=1)

# report HORIZON CYCLES: bytes of activations, operations of a training step
report() {
  sed "s/grad last 1/grad $1/" "$top/models/hrm.hrm" >"$work/model.hrm"
  "$HRMC" "$work/model.hrm" "${settings[@]}" -D H_cycles="$2" -D L_cycles="$2" --emit=kernels -o "$work/kernels" \
    --tile=4 --report=memory,flops >"$work/report" 2>&1 || { cat "$work/report"; return 1; }
  awk '$1 == "activations" { bytes = $2 } $1 == "train" { flops = $2 } END { print bytes, flops }' "$work/report"
}

is() { awk "BEGIN { exit !($1) }"; }

declare -A bytes flops
for horizon in 'last 1' all 'all checkpoint'; do
  for cycles in 1 2 4 8; do
    read -r "bytes[$horizon $cycles]" "flops[$horizon $cycles]" < <(report "$horizon" "$cycles")
    echo "$horizon, $cycles cycles: ${bytes[$horizon $cycles]} bytes, ${flops[$horizon $cycles]} operations"
  done
done

check 'the one-step gradient keeps the same, whatever the cycles' test "${bytes[last 1 2]}" -eq "${bytes[last 1 8]}"
check 'back-propagation through time keeps more with each cycle' \
  is "${bytes[all 4]} > 2.5 * ${bytes[all 2]} && ${bytes[all 8]} > 2.5 * ${bytes[all 4]}"
check 'checkpoints save most of it' is "10 * ${bytes[all checkpoint 8]} < ${bytes[all 8]}"
check 'checkpoints cost less than twice the arithmetic' \
  is "${flops[all checkpoint 8]} > ${flops[all 8]} && ${flops[all checkpoint 8]} < 2 * ${flops[all 8]}"

# near MEASURED UNIT WRITTEN
near() { is "$1 / $2 < 1.5 * $3 && $1 / $2 > 0.67 * $3"; }
rows=0
while IFS='|' read -r _ cycles b1 b2 b3 f1 f2 f3 _; do
  rows=$((rows + 1))
  for column in "last 1;$b1;$f1" "all;$b2;$f2" "all checkpoint;$b3;$f3"; do
    IFS=';' read -r horizon b f <<<"$column"
    check "the document's bytes of $horizon, $cycles" near "${bytes[$horizon ${cycles// }]}" 1e6 "${b//[ MB]}"
    check "the document's operations of $horizon, $cycles" near "${flops[$horizon ${cycles// }]}" 1e9 "${f// }"
  done
done < <(grep -E '^\| [0-9]+ \|.* MB \|' "$top/doc/language.md")
check 'the document has the table' test $rows -eq 4

finish
