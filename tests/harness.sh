# What the test scripts share; they begin with
#   source "${top_srcdir:-.}/tests/harness.sh"
# and end with `finish`, whose line build-aux/count-tests reads.  Sets, all absolute: top (the sources), built, HRMC,
# HRM_DATA, and work, a folder that is gone at the end.
set -u
top=$(realpath "${top_srcdir:-.}") built=$(realpath "${top_builddir:-.}")
HRMC=$(realpath -m "${HRMC:-$built/hrmc}") HRM_DATA=$(realpath -m "${HRM_DATA:-$built/hrm-data}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

pass() { passed=$((passed + 1)); }

fail() {
  failed=$((failed + 1))
  echo "FAIL: $*"
}

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then pass; else fail "$name"; fi
}

same() { # NAME EXPECTED GOT: texts, not empty
  if [ -n "$2" ] && [ "$2" = "$3" ]; then
    pass
  else
    fail "$1:"
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")
  fi
}

sorted() { LC_ALL=C sort -u | paste -sd ' '; }

# code N COMMAND...: ends with the exit code N; its output is in $work/out.
code() {
  local wanted=$1 got
  shift
  "$@" >"$work/out" 2>&1 </dev/null
  got=$?
  [ "$got" -eq "$wanted" ] && return
  echo "exit $got instead of $wanted: $*"
  head -c 500 "$work/out"
  return 1
}

# prints CODE PATTERN COMMAND...: the exit code, and a pattern (of grep -E) in what is printed on either stream, which
# is in $work/out: one test.
prints() { ends_with -E "$@"; }

# tells CODE TEXT COMMAND...: the same with a text as it stands; without one, nothing is printed.
tells() { ends_with -F "$@"; }

ends_with() { # -E|-F CODE PATTERN COMMAND...
  local kind=$1 wanted=$2 pattern=$3
  shift 3
  if ! code "$wanted" "$@"; then
    fail "$*"
  elif if [ -n "$pattern" ]; then grep -q "$kind" -e "$pattern" "$work/out"; else [ ! -s "$work/out" ]; fi; then
    pass
  else
    fail "$* does not print '${pattern:-nothing}': $(head -c 500 "$work/out")"
  fi
}

# finish [LEAST]: the closing line; a script with fewer tests has lost some.
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -ge "${1:-1}" ]
}
