#!/bin/bash
# Foreign checkpoints (tests/pt) given to the commands of a compiled model, and its own exported; tests/fake_model.c.
source "${top_srcdir:-.}/tests/harness.sh"
fake=$(realpath "${FAKE_MODEL:-$built/tests/fake_model}")
fake_data=$(realpath "${FAKE_DATA:-$built/tests/fake_data}")
pt=$top/tests/pt
cd "$work" || exit 1
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
prints 0 'solution' "$fake" solve --checkpoint "$pt/prefixed_zip.pt" --data data --json 1234111122224444
prints 1 'does not say how puzzles are written; give the data set by --data' \
  "$fake" solve --checkpoint "$pt/prefixed_zip.pt" 1234111122224444
prints 0 'form +"PyTorch, legacy"' "$fake" info --checkpoint "$pt/prefixed_legacy.pt"
prints 0 '"has_training_state": false' "$fake" info --json --checkpoint "$pt/prefixed_zip.pt"

# ---- what is not taken
prints 1 "evil.pt: refused: the pickle names 'posix.system' at byte 13" "$fake" eval --checkpoint "$pt/evil.pt" --data data
prints 1 "views_zip.pt does not fit the model \(14 differences\); 'head.weight': the model has \[6, 6\], the file has none" \
  "$fake" info --checkpoint "$pt/views_zip.pt"
prints 2 'format is missing' "$fake" export --checkpoint zip.npz --output x
prints 2 "takes safetensors or npz, not 'pt'" "$fake" export --checkpoint zip.npz --output x --format pt
prints 5 'cannot create' "$fake" export --checkpoint zip.npz --output nowhere/x.npz
for file in x nowhere; do [ -e $file ] && fail "$file was made"; done

# ---- a puzzle table of another size
size="'puzzle_emb.weights': the model has \[5, 6\], the file has \[3, 6\] \(--reset-puzzle-table "
table=$pt/table3.pt
prints 1 "$size" "$fake" eval --checkpoint "$table" --data data
prints 1 "$size" "$fake" solve --checkpoint "$table" --data data 1234111122224444
prints 1 "$size" "$fake" info --checkpoint "$table"
prints 1 "$size" "$fake" export --checkpoint "$table" --output table.npz
prints 1 "$size" "$fake" train --checkpoint "$table" --data data --output table --steps 2
prints 0 'halting' "$fake" eval --checkpoint "$table" --data data --reset-puzzle-table
prints 0 'form' "$fake" info --checkpoint "$table" --reset-puzzle-table
"$fake" export --checkpoint "$table" --output table.npz --reset-puzzle-table || fail "a table that is reset"
prints 0 'table3.pt has no state of training: a new run begins with its weights and a new optimiser' \
  "$fake" train --checkpoint "$table" --data data --output table --steps 2 --reset-puzzle-table

# ---- training from weights
prints 0 'prefixed_zip.pt has no state of training: a new run begins with its weights and a new optimiser' \
  "$fake" train --checkpoint "$pt/prefixed_zip.pt" --data data --output run --steps 20 --save-every 10 --keep 0
for which in '' --no-ema; do
  "$fake" export --checkpoint run/step_0.safetensors --output start.npz $which || fail "export of step 0"
  cmp start.npz zip.npz || fail "a run does not begin with the weights $which"
done
"$fake" export --checkpoint run --output end.npz && cmp -s end.npz zip.npz && fail "nothing was learned"
prints 0 '"step": "20"' "$fake" info --json --checkpoint run
check 'its state of training is told' grep -q '"has_training_state": true' "$work/out"
prints 0 'run/latest: a new run begins with its weights and a new optimiser' \
  "$fake" train --checkpoint run --data data --output run2 --steps 1
prints 0 'prefixed_legacy.pt has no state of training' \
  "$fake" train --resume "$pt/prefixed_legacy.pt" --data data --output run3 --steps 1
prints 2 'prefixed_zip.pt is a file, not the folder of a run: a new run from its weights needs --data and --output' \
  "$fake" train --resume "$pt/prefixed_zip.pt"
prints 2 'exclude each other' "$fake" train --resume run --checkpoint run

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

finish
