#!/bin/bash
# hrmc fmt: all shipped files have the layout of the language, and what the command does to files.

set -u
HRMC=$(realpath "${HRMC:-./hrmc}")
cd "${top_srcdir:-.}" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

verify() {
  if "${@:2}" >"$work/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL: $1"
    cat "$work/log"
  fi
}

exits_with() {
  local code=$1
  shift
  "$@" >"$work/out" 2>&1
  [ $? -eq "$code" ] || { cat "$work/out"; return 1; }
}

while IFS= read -r file; do
  verify "layout of $file" "$HRMC" fmt --check "$file"
done < <(find models stdlib examples -name '*.hrm' | LC_ALL=C sort)

wild=$'fn f( x:[N] )->[N] {   # why\n\n return x*2 }\n\n\n\nlet a=1'
neat=$'fn f(x: [N]) -> [N] {  # why\n  return x * 2\n}\n\nlet a = 1\n'
file=$work/f.hrm
printf '%s' "$wild" >"$file"
chmod 640 "$file"
ln -s f.hrm "$work/link.hrm"
verify 'a file that differs fails the check' exits_with 1 "$HRMC" fmt --check "$file"
verify 'the message says where and how' grep -qF "the line would be 'fn f(x: [N]) -> [N] {  # why'" "$work/out"
verify 'the check writes nothing' cmp "$file" <(printf '%s' "$wild")
verify 'a link is followed' "$HRMC" fmt "$work/link.hrm"
verify 'the link stays' test -L "$work/link.hrm"
verify 'the layout' diff "$file" <(printf '%s' "$neat")
verify 'permissions stay' test "$(stat -c %a "$file")" = 640
verify 'a formatted file passes the check' "$HRMC" fmt --check "$file"
printf 'let a = (1\n' >"$file"
verify 'a syntax error is reported' exits_with 1 "$HRMC" fmt "$file"
verify 'and the file stays' cmp "$file" <(printf 'let a = (1\n')
verify 'nothing is left beside' test "$(ls "$work" | grep -c tmp)" = 0

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 10 ]
