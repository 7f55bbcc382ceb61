#!/bin/bash
# Every fuzz target on its kept inputs, the programs of the tests among them: none may fault, leak or hang.
source "${top_srcdir:-.}/tests/harness.sh"

for name in $(bash "$top/tests/fuzz/run"); do
  inputs=("$top/tests/fuzz/corpus/$name")
  [ "$name" != language ] || inputs+=("$top/models/hrm.hrm" "$top"/stdlib/*.hrm)
  [ "$name" != tensors ] || inputs+=("$top/tests/pt")
  if "$built/tests/fuzz/fuzz_$name" "${inputs[@]}" >"$work/out" 2>&1; then
    pass
  else
    fail "$name: the last of these: $(tail -n 40 "$work/out")"
  fi
done

finish
