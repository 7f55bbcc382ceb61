#!/bin/bash
# hrmc fmt: all shipped files have the layout of the language, and what the command does to files.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$top" || exit 1

while IFS= read -r file; do
  check "layout of $file" "$HRMC" fmt --check "$file"
done < <(find models stdlib examples -name '*.hrm' | LC_ALL=C sort)

wild=$'fn f( x:[N] )->[N] {   # why\n\n return x*2 }\n\n\n\nlet a=1'
neat=$'fn f(x: [N]) -> [N] {  # why\n  return x * 2\n}\n\nlet a = 1\n'
file=$work/f.hrm
printf '%s' "$wild" >"$file"
chmod 640 "$file"
ln -s f.hrm "$work/link.hrm"
check 'a file that differs fails the check' code 1 "$HRMC" fmt --check "$file"
check 'the message says where and how' grep -qF "the line would be 'fn f(x: [N]) -> [N] {  # why'" "$work/out"
check 'the check writes nothing' cmp "$file" <(printf '%s' "$wild")
check 'a link is followed' "$HRMC" fmt "$work/link.hrm"
check 'the link stays' test -L "$work/link.hrm"
check 'the layout' diff "$file" <(printf '%s' "$neat")
check 'permissions stay' test "$(stat -c %a "$file")" = 640
check 'a formatted file passes the check' "$HRMC" fmt --check "$file"
printf 'let a = (1\n' >"$file"
check 'a syntax error is reported' code 1 "$HRMC" fmt "$file"
check 'and the file stays' cmp "$file" <(printf 'let a = (1\n')
check 'nothing is left beside' test "$(ls "$work" | grep -c tmp)" = 0

finish 11
