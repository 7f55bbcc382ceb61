#!/bin/bash
# Golden tests of the language: every tests/lang/**/X.hrm is checked, and what comes out is compared.
#
#   X.err  the exact messages, and a last line "exit: N"
#   X.out  the exact standard output of a check that succeeds without a message
#
# A first line "# flags: ..." in X.hrm adds to the command.
# HRMC: the compiler (default ./hrmc).  UPDATE=1 accepts what comes out.  Arguments: files to test instead of all.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$top" || exit 1

# Checks one file; leaves $work/out, $work/err with the exit code as its last line, and the code in $code.
run_check() {
  local flags=()
  read -ra flags < <(sed -n '1s/^# flags://p' "$1")
  "$HRMC" check "${flags[@]}" "$1" >"$work/out" 2>"$work/err"
  code=$?
  echo "exit: $code" >>"$work/err"
}

# Which of .err and .out a file has; a new one gets what fits.
expectation_of() {
  if [ -e "$1.err" ]; then echo err
  elif [ -e "$1.out" ]; then echo out
  elif [ "$code" -eq 0 ] && [ "$(wc -l <"$work/err")" -eq 1 ]; then echo out
  else echo err
  fi
}

compare() {
  local base=${1%.hrm} kind
  run_check "$1"
  kind=$(expectation_of "$base")
  if [ -n "${UPDATE:-}" ]; then
    cp "$work/$kind" "$base.$kind"
  elif ! diff -u "$base.$kind" "$work/$kind"; then
    return 1
  elif [ "$kind" = out ] && [ "$(wc -l <"$work/err")" -ne 1 -o "$code" -ne 0 ]; then
    cat "$work/err"
    return 1
  fi
}

while IFS= read -r file; do
  check "$file" compare "$file"
done < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else find tests/lang -name '*.hrm' | LC_ALL=C sort; fi)

finish
