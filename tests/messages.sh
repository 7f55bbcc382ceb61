#!/bin/bash
# Every message of compiler/messages.def is shown by a golden program of tests/lang, or by tests/hrmc.sh, tests/compare.sh
# or tests/repl.sh where it needs a command line, a prompt or the system.  Messages about bugs of the compiler (E9xx) have
# no way to be shown.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$top" || exit 1

is_shown() {
  grep -rqF --include='*.err' "[$1]" tests/lang || grep -qF "$1" tests/hrmc.sh tests/compare.sh tests/repl.sh
}

codes=$(grep -o '^MESSAGE([A-Z0-9_]*, "[EW][0-9]*"' compiler/messages.def | grep -o '"[EW][0-9]*"' | tr -d '"')
for code in $codes; do
  if [[ $code == E9* ]] || is_shown "$code"; then
    pass
  else
    fail "no test shows $(grep -F "\"$code\"" compiler/messages.def)"
  fi
done

duplicates=$(tr ' ' '\n' <<<"$codes" | sort | uniq -d)
[ -z "$duplicates" ] || fail 'codes that stand twice:' $duplicates

finish
