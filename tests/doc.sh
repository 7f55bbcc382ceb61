#!/bin/bash
# The programs of the documentation: every ```hrm block of doc/*.md and README.md has the
# layout of `hrmc fmt`, passes `hrmc check`, and its tests hold; what sessions and commands show is what comes out.
source "${top_srcdir:-.}/tests/harness.sh"
cd "$top" || exit 1

# Writes the blocks of a page as $work/PAGE-LINE.hrm, LINE being that of its first line of code.
extract() {
  awk -v prefix="$work/$(basename "$1" .md)" '
    /^```hrm$/ { file = sprintf("%s-%d.hrm", prefix, NR + 1); printf "" >file; next }
    /^```/     { if (file) close(file); file = "" }
    file       { print >file }' "$1"
}

run() {
  "$HRMC" fmt --check "$1" >"$work/out" 2>&1 || return 1
  "$HRMC" check "$1" >"$work/out" 2>&1 || return 1
  ! grep -q '^test "' "$1" || "$HRMC" test "$1" >"$work/out" 2>&1
}

for page in README.md doc/*.md; do
  [ -e "$page" ] && extract "$page"
done
sed -n '/^\.Bd -literal$/,/^\.Ed$/p' doc/hrm.5 | sed '1d;$d' >"$work/hrm.5.hrm"
for program in "$work"/*.hrm; do
  [ -e "$program" ] || continue
  if run "$program"; then
    pass
  else
    fail "$(basename "$program" .hrm) (page and line)"
    cat "$work/out"
  fi
done

# Sessions of the prompt: what stands behind "> " is typed, the rest is what it prints.
awk '/^```session$/ { on = 1; next } /^```/ { on = 0 } on' doc/repl.md >"$work/session"
sed -n 's/^> //p' "$work/session" | "$HRMC" repl >"$work/out" 2>&1
check 'the session of doc/repl.md' diff <(grep -v '^> ' "$work/session") "$work/out"
check 'there is one' test -s "$work/session"

# Commands: what stands behind "$ hrmc " is run in the source tree, the rest is what it prints.
awk '/^```console$/ { on = 1; next } /^```/ { on = 0 } on' doc/language.md >"$work/console"
sed -n 's/^\$ hrmc //p' "$work/console" | while read -ra words; do "$HRMC" "${words[@]}"; done >"$work/out" 2>&1
check 'the commands of doc/language.md' diff <(grep -v '^\$ hrmc ' "$work/console") "$work/out"
check 'there are some' test -s "$work/console"

finish
