#!/bin/bash
# hrmc explain: every message has an explanation; of its two programs the first gives that code and no other, the second
# none, and both have the layout of hrmc fmt.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$top" || exit 1

# run CODE PROGRAM: what hrmc says of it, in $work/text.  Running the tests of a program checks it, too.
run() {
  local command=check flags=()
  [[ $1 == E49* ]] && command=test
  read -ra flags < <(sed -n '1s/^# flags://p' "$2")
  "$HRMC" $command "${flags[@]}" "$2" >"$work/text" 2>&1
}

# The codes in $work/text, each once.
codes() { grep -oE '\[[EW][0-9]{3}\]$' "$work/text" | tr -d '[]' | sort -u | paste -sd' '; }

# Writes the two programs of a code as $work/CODE.1.hrm and .2.hrm; those that need a command line or a system have none.
extract() {
  awk -v code="$1" -v prefix="$work/$1." '
    /^## / { here = $2 == code; next }
    !here  { next }
    /^```hrm$/ { file = prefix (++n) ".hrm"; next }
    /^```/     { file = ""; next }
    file       { print >file }' compiler/explanations.md
}

needs_system=' E118 E119 E122 E180 E181 E182 E183 E211 E404 E405 E406 E407 E408 E409 E410 E420 E421 E422 E423 E424 E425 E426 E427 E428 E429 E480 E481 E482 E483 E484 E901 E902 E903 '

check_code() {
  local code=$1 found
  grep -q "^$code: " "$work/explained" || { fail "the explanation of $code has no head"; return; }
  extract "$code"
  if [[ $needs_system == *" $code "* ]]; then
    pass
    return
  fi
  [ -e "$work/$code.2.hrm" ] || { fail "$code has no two programs"; return; }
  run "$code" "$work/$code.1.hrm"
  found=$(codes)
  [ "$found" = "$code" ] || { fail "the wrong program of $code gives '$found': $(cat "$work/text")"; return; }
  run "$code" "$work/$code.2.hrm" && [ -z "$(codes)" ] ||
    { fail "the mended program of $code: $(cat "$work/text")"; return; }
  pass
}

codes=$(grep -o '^MESSAGE([A-Z0-9_]*, "[EW][0-9]*"' compiler/messages.def | grep -o '"[EW][0-9]*"' | tr -d '"')
# shellcheck disable=SC2086
"$HRMC" explain $codes >"$work/explained" || fail 'a message has no explanation'
for code in $codes; do check_code "$code"; done
"$HRMC" fmt --check "$work"/*.2.hrm || fail 'the layout of a mended program'

for code in $(sed -n 's/^## //p' compiler/explanations.md); do
  grep -q "\"$code\"" compiler/messages.def || fail "$code is explained, but no message has it"
done
check 'the list of all messages' test "$("$HRMC" explain | wc -l)" -eq "$(wc -w <<<"$codes")"
check 'an unknown code is a mistake on the command line' code 2 "$HRMC" explain E000

finish 101
