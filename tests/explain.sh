#!/bin/bash
# hrmc explain: every message has an explanation; of its two programs the first gives that code and no other, the second
# none, and both have the layout of hrmc fmt.

set -u
HRMC=$(realpath "${HRMC:-./hrmc}")
cd "${top_srcdir:-.}" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

pass() { passed=$((passed + 1)); }

fail() {
  failed=$((failed + 1))
  echo "FAIL: $*"
}

# The codes that a program gives, each once.
codes_of() {
  local command=check flags=()
  [[ $1 == E49* ]] && command=test
  read -ra flags < <(sed -n '1s/^# flags://p' "$2")
  "$HRMC" $command "${flags[@]}" "$2" 2>&1 | grep -oE '\[[EW][0-9]{3}\]$' | tr -d '[]' | sort -u | paste -sd' '
}

# Writes the two programs of a code as $work/1.hrm and $work/2.hrm; those that need a command line or a system have none.
extract() {
  rm -f "$work"/*.hrm
  awk -v code="$1" -v prefix="$work/" '
    /^## / { here = $2 == code; next }
    !here  { next }
    /^```hrm$/ { file = prefix (++n) ".hrm"; next }
    /^```/     { file = ""; next }
    file       { print >file }' compiler/explanations.md
}

needs_system=' E118 E119 E122 E180 E181 E182 E183 E211 E404 E405 E406 E407 E408 E409 E410 E420 E421 E422 E423 E424 E425 E426 E427 E428 E480 E481 E482 E483 E901 E902 E903 '

check_code() {
  local code=$1 found
  "$HRMC" explain "$code" >"$work/text" || { fail "no explanation of $code"; return; }
  grep -q "^$code: " "$work/text" || { fail "the explanation of $code has no head"; return; }
  extract "$code"
  if [[ $needs_system == *" $code "* ]]; then
    pass
    return
  fi
  [ -e "$work/2.hrm" ] || { fail "$code has no two programs"; return; }
  found=$(codes_of "$code" "$work/1.hrm")
  [ "$found" = "$code" ] || { fail "the wrong program of $code gives '$found'"; "$HRMC" check "$work/1.hrm"; return; }
  found=$(codes_of "$code" "$work/2.hrm")
  [ -z "$found" ] || { fail "the mended program of $code gives '$found'"; "$HRMC" check "$work/2.hrm"; return; }
  "$HRMC" check "$work/2.hrm" >"$work/text" 2>&1 || { fail "the mended program of $code: $(cat "$work/text")"; return; }
  "$HRMC" fmt --check "$work/2.hrm" || { fail "the layout of the mended program of $code"; return; }
  pass
}

codes=$(grep -o '^MESSAGE([A-Z0-9_]*, "[EW][0-9]*"' compiler/messages.def | grep -o '"[EW][0-9]*"' | tr -d '"')
for code in $codes; do check_code "$code"; done

for code in $(sed -n 's/^## //p' compiler/explanations.md); do
  grep -q "\"$code\"" compiler/messages.def || fail "$code is explained, but no message has it"
done
[ "$("$HRMC" explain | wc -l)" -eq "$(wc -w <<<"$codes")" ] || fail 'the list of all messages'
"$HRMC" explain E000 >/dev/null 2>&1
[ $? -eq 2 ] || fail 'an unknown code is a mistake on the command line'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 100 ]
