#!/bin/bash
# Every fuzz target on its kept inputs, the programs of the tests among them: none may fault, leak or hang.
set -u
folder=$top_builddir/tests/fuzz
failures=0
count=0

for name in $(bash "$top_srcdir/tests/fuzz/run"); do
  target=$folder/fuzz_$name
  inputs=("$top_srcdir/tests/fuzz/corpus/$name")
  [ "$name" != language ] || inputs+=("$top_srcdir/models/hrm.hrm" "$top_srcdir"/stdlib/*.hrm)
  [ "$name" != tensors ] || inputs+=("$top_srcdir/tests/pt")
  if output=$("$target" "${inputs[@]}" 2>&1); then
    count=$((count + 1))
  else
    printf '%s: the last of these failed:\n%s\n' "$name" "$(tail -n 40 <<<"$output")"
    failures=$((failures + 1))
  fi
done

echo "$count targets hold, $failures fail"
[ "$failures" -eq 0 ] && [ "$count" -gt 0 ]
