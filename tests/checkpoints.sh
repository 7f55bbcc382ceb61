#!/bin/bash
# Foreign checkpoints (tests/pt) given to the commands of a compiled model, and its own exported; tests/fake_model.c.
set -u
top_srcdir=$(realpath "${top_srcdir:-.}")
top_builddir=${top_builddir:-.}
fake=$(realpath "${FAKE_MODEL:-$top_builddir/tests/fake_model}")
fake_data=$(realpath "${FAKE_DATA:-$top_builddir/tests/fake_data}")
pt=$top_srcdir/tests/pt
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() {
  echo "FAIL: $*"
  failures=$((failures + 1))
}

# expect CODE PATTERN COMMAND...: the exit code, and a pattern in what it prints on either stream
expect() {
  local code=$1 pattern=$2 got
  shift 2
  "$@" >out 2>&1 </dev/null
  got=$?
  [ $got -eq "$code" ] || fail "$* ends with $got, not $code: $(head -c 500 out)"
  grep -qE -e "$pattern" out || fail "$* does not print /$pattern/: $(head -c 500 out)"
}

mkdir data
"$fake_data" data 20 || exit 1

# ---- the same weights in every form
for form in zip legacy; do
  "$fake" export --checkpoint "$pt/prefixed_$form.pt" --output $form.safetensors || fail "export of $form"
  "$fake" export --checkpoint "$pt/prefixed_$form.pt" --output $form.npz || fail "export of $form as .npz"
  "$fake" eval --checkpoint "$pt/prefixed_$form.pt" --data data >eval_$form || fail "eval of $form"
done
cmp zip.safetensors legacy.safetensors || fail "the two forms give other weights"
cmp zip.npz legacy.npz || fail "the two forms give other arrays"
"$fake" export --checkpoint zip.npz --output again --format safetensors || fail "export of .npz"
cmp zip.safetensors again || fail ".npz gives other weights"
"$fake" export --checkpoint zip.safetensors --output again.npz || fail "export of safetensors"
cmp zip.npz again.npz || fail "safetensors gives other arrays"
for file in zip.npz zip.safetensors; do
  "$fake" eval --checkpoint $file --data data | cmp - eval_zip || fail "eval of $file prints something else"
done
cmp eval_zip eval_legacy || fail "eval of the legacy form prints something else"
grep -q '"head.weight"' zip.safetensors || fail "no published name"
grep -q _orig_mod zip.safetensors && fail "a prefix was written"
expect 0 'solution' "$fake" solve --checkpoint "$pt/prefixed_zip.pt" --data data --json 1234111122224444
expect 1 'does not say how puzzles are written; give the data set by --data' \
  "$fake" solve --checkpoint "$pt/prefixed_zip.pt" 1234111122224444
expect 0 'form +"PyTorch, legacy"' "$fake" info --checkpoint "$pt/prefixed_legacy.pt"
expect 0 '"has_training_state": false' "$fake" info --json --checkpoint "$pt/prefixed_zip.pt"

# ---- what is not taken
expect 1 "evil.pt: refused: the pickle names 'posix.system' at byte 13" "$fake" eval --checkpoint "$pt/evil.pt" --data data
expect 1 "views_zip.pt does not fit the model \(14 differences\); 'head.weight': the model has \[6, 6\], the file has none" \
  "$fake" info --checkpoint "$pt/views_zip.pt"
expect 2 'format is missing' "$fake" export --checkpoint zip.npz --output x
expect 2 "takes safetensors or npz, not 'pt'" "$fake" export --checkpoint zip.npz --output x --format pt
expect 5 'cannot create' "$fake" export --checkpoint zip.npz --output nowhere/x.npz
for file in x nowhere; do [ -e $file ] && fail "$file was made"; done

# ---- a puzzle table of another size
size="'puzzle_emb.weights': the model has \[5, 6\], the file has \[3, 6\] \(--reset-puzzle-table "
table=$pt/table3.pt
expect 1 "$size" "$fake" eval --checkpoint "$table" --data data
expect 1 "$size" "$fake" solve --checkpoint "$table" --data data 1234111122224444
expect 1 "$size" "$fake" info --checkpoint "$table"
expect 1 "$size" "$fake" export --checkpoint "$table" --output table.npz
expect 1 "$size" "$fake" train --checkpoint "$table" --data data --output table --steps 2
expect 0 'halting' "$fake" eval --checkpoint "$table" --data data --reset-puzzle-table
expect 0 'form' "$fake" info --checkpoint "$table" --reset-puzzle-table
"$fake" export --checkpoint "$table" --output table.npz --reset-puzzle-table || fail "a table that is reset"
expect 0 'table3.pt has no state of training: a new run begins with its weights and a new optimiser' \
  "$fake" train --checkpoint "$table" --data data --output table --steps 2 --reset-puzzle-table

# ---- training from weights
expect 0 'prefixed_zip.pt has no state of training: a new run begins with its weights and a new optimiser' \
  "$fake" train --checkpoint "$pt/prefixed_zip.pt" --data data --output run --steps 20 --save-every 10 --keep 0
for which in '' --no-ema; do
  "$fake" export --checkpoint run/step_0.safetensors --output start.safetensors $which || fail "export of step 0"
  cmp start.safetensors zip.safetensors || fail "a run does not begin with the weights $which"
done
"$fake" export --checkpoint run --output end.safetensors && cmp -s end.safetensors zip.safetensors && fail "nothing was learned"
expect 0 '"has_training_state": true, "step": "20"|"step": "20"' "$fake" info --json --checkpoint run
expect 0 'run/latest: a new run begins with its weights and a new optimiser' \
  "$fake" train --checkpoint run --data data --output run2 --steps 1
expect 0 'prefixed_legacy.pt has no state of training' \
  "$fake" train --resume "$pt/prefixed_legacy.pt" --data data --output run3 --steps 1
expect 2 'prefixed_zip.pt is a file, not the folder of a run: a new run from its weights needs --data and --output' \
  "$fake" train --resume "$pt/prefixed_zip.pt"
expect 2 'exclude each other' "$fake" train --resume run --checkpoint run

# ---- read by NumPy and PyTorch
python=
for candidate in python3 /usr/bin/python3; do
  "$candidate" -c 'import numpy, torch' 2>/dev/null && python=$candidate && break
done
if [ -n "$python" ]; then
  "$python" - "$pt" <<'END' || fail "other arrays in NumPy"
import sys

import numpy
import torch

weights = torch.load(sys.argv[1] + "/prefixed_zip.pt")
arrays = numpy.load("zip.npz")
prefix = "_orig_mod.model.inner."
assert sorted(prefix + name for name in arrays) == sorted(weights), list(arrays)
for name in arrays:
    ours = arrays[name]
    assert ours.dtype == numpy.float32 and ours.flags.c_contiguous
    assert torch.equal(torch.from_numpy(ours), weights[prefix + name]), name
table = numpy.load("table.npz")["puzzle_emb.weights"]
assert table.shape == (5, 6) and (table == 3).all(), table
END
else
  echo "skipped: no python3 with NumPy and PyTorch to read the exported arrays"
fi

[ $failures -eq 0 ] && echo "checkpoints.sh: all passed"
exit $((failures > 0))
